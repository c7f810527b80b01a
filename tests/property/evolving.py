"""Random schemas, random edits of them, and random values that they take."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

Edit = Callable[["Schema", Random], None]
TYPES = ("i32", "i64", "str", "bool", "Kind", "Part", "[str]", "map<str, i64>", "money<USD>", "otime", "Shape")
MEMBERS = {"Round": "radius", "Square": "side", "Oval": "axis"}
"""Structs that `Shape` may be, each with its field."""
WIDTHS = {"i16": 2**15 - 1, "i32": 2**31 - 1, "i64": 2**63 - 1}


@dataclass
class Column:
    """A field of the schema. `limit` is its `@max` (numbers) or upper length (texts); `notes` are the others'."""

    name: str
    type: str
    optional: bool = False
    default: str | None = None
    limit: int | None = None
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        default = f" = {self.default}" if self.default is not None else ""
        limit = (
            "" if self.limit is None else f" @len(0, {self.limit})" if self.type == "str" else f" @max({self.limit})"
        )
        return f"{self.name}{'?' if self.optional else ''}: {self.type}{default}{limit}{''.join(self.notes)}"


@dataclass
class Procedure:
    """A method of the service; without `auth` the service's holds."""

    name: str
    params: list[Column]
    result: str | None
    auth: str | None = None
    refuses: bool = False
    safe: bool = False

    def text(self) -> str:
        return (
            f"{self.name}({', '.join(param.text() for param in self.params)})"
            f"{f' -> {self.result}' if self.result else ''}{' ! Refused' * self.refuses}"
            f"{f' @auth({self.auth})' if self.auth else ''}{' @safe' * self.safe}"
        )


@dataclass
class Schema:
    """A root object `Item`, a struct `Part` that it embeds, an enum `Kind`, a union `Shape`, and a service.

    `names` has what a type is called now where that is another name.
    """

    fields: list[Column]
    parts: list[Column]
    values: list[str]
    opened: bool = False
    reserved: dict[str, list[str]] = field(default_factory=lambda: {"Item": [], "Part": []})
    verbs: list[str] = field(default_factory=lambda: ["new", "get", "set", "patch", "list_full", "find", "delete"])
    members: list[str] = field(default_factory=lambda: ["Round", "Square"])
    tag: str = "type"
    procedures: list[Procedure] = field(default_factory=list)
    version: str = "1.0"
    auth: str = "public"
    object_auth: str = "public"
    names: dict[str, str] = field(default_factory=dict)
    added: int = 0

    def text(self) -> str:
        return re.sub(r"\b[A-Z]\w+\b", lambda name: self.names.get(name[0], name[0]), self._text()).replace("OLD_", "")

    def _text(self) -> str:
        """With the first names of types; `OLD_Item` stays one of them."""

        def was(name: str) -> str:
            return f', was("OLD_{name}")' if name in self.names else ""

        def gone(owner: str) -> str:
            return f", reserved({', '.join(f'{chr(34)}{name}{chr(34)}' for name in self.reserved[owner])})" * bool(
                self.reserved[owner]
            )

        def body(columns: list[Column]) -> str:
            return "".join(f"    {column.text()}\n" for column in columns)

        def noted(name: str, notes: str = "") -> str:
            notes = f"{notes}{was(name)}".removeprefix(", ")
            return f"[{notes}]\n" if notes else ""

        return (
            "module shop\n"
            f"{noted('Kind')}Kind = {' | '.join(map(quoted, self.values))}{' | ...' * self.opened}\n"
            f"{noted('Part', gone('Part'))}Part = {{\n{body(self.parts)}}}\n"
            + "".join(f"{name} = {{ {only}: i32 }}\n" for name, only in MEMBERS.items())
            + f"{noted('Shape', f', tag({quoted(self.tag)})')}Shape = {' | '.join(self.members)}\n"
            f"[rootobject, auth({self.object_auth}), crud({', '.join(self.verbs)}){gone('Item')}{was('Item')}]\n"
            f"Item = {{\n    sid: sid\n    label: str @len(0, 200) @index\n{body(self.fields)}}}\n"
            'error Refused(1500, 409) "refused" { why: str }\n'
            f"[version({quoted(self.version)}), auth({self.auth})]\n"
            f"service DeskService {{\n{''.join(f'    {each.text()}{chr(10)}' for each in self.procedures)}}}\n"
        )

    def item(self, random: Random) -> dict[str, Any]:
        """What `item.new` takes, in its JSON form."""
        given = self._object([column for column in self.fields if not _server(column)], random)
        return {"label": "".join(random.choices("abc", k=4)), **given}

    def params(self, procedure: Procedure, random: Random) -> dict[str, Any]:
        """What a method takes, in its JSON form."""
        return self._object(procedure.params, random)

    def result(self, procedure: Procedure, random: Random) -> Any:
        """What a method answers, in its JSON form."""
        return None if procedure.result is None else self._value(Column("result", procedure.result), random)

    def _object(self, columns: list[Column], random: Random) -> dict[str, Any]:
        may_be_left_out = (column for column in columns if column.optional or column.default is not None)
        left_out = {column.name for column in may_be_left_out if random.random() < 0.4}
        return {column.name: self._value(column, random) for column in columns if column.name not in left_out}

    def _value(self, column: Column, random: Random) -> Any:
        if column.optional and random.random() < 0.2:
            return None
        match column.type:
            case "i16" | "i32" | "i64":
                return random.choice([0, -7, column.limit if column.limit is not None else WIDTHS[column.type]])
            case "str":
                return "x" * random.choice([0, 1, 40 if column.limit is None else column.limit])
            case "bool":
                return random.random() < 0.5
            case "Kind":
                return random.choice(self.values)
            case "Part":
                return self._object(self.parts, random)
            case "[str]":
                return random.choice([[], ["a", ""]])
            case "money<USD>":
                return random.choice(["0.00", "-12.345678901"])
            case "otime":
                return "2026-05-20T22:03:14Z"
            case "Shape":
                member = random.choice(self.members)
                return {self.tag: member.lower(), MEMBERS[member]: 3}
            case _:
                return {"a": 2**53 + 1}


def quoted(text: str) -> str:
    return f'"{text}"'


def _server(column: Column) -> bool:
    return " @server" in column.notes


def schema(random: Random) -> Schema:
    made = Schema([], [], ["red", "blue"], opened=random.random() < 0.5)
    made.parts = [_column(made, random, TYPES[:4]) for _ in range(2)]
    made.fields = [_column(made, random, TYPES) for _ in range(4)]
    made.members += ["Oval"] * random.choice([0, 1])
    made.procedures = [procedure(made, random) for _ in range(3)]
    return made


def procedure(made: Schema, random: Random) -> Procedure:
    made.added += 1
    params = [_column(made, random, TYPES) for _ in range(random.randrange(4))]
    for param in params:
        param.limit = None
    params.sort(key=lambda param: param.optional or param.default is not None)
    return Procedure(
        f"p{made.added}",
        params,
        random.choice([None, "i32", "Kind", "Part", "Shape"]),
        auth=random.choice([None, None, "public", "user", "admin"]),
        refuses=random.random() < 0.3,
        safe=random.random() < 0.3,
    )


def _column(made: Schema, random: Random, types: tuple[str, ...]) -> Column:
    made.added += 1
    type_ = random.choice(types)
    column = Column(f"f{made.added}", type_, optional=random.random() < 0.4)
    if type_ == "str":
        column.limit = 100
    elif type_ == "i32" and random.random() < 0.5:
        column.limit = 1000
    if not column.optional and type_ in ("i32", "i64", "bool") and random.random() < 0.4:
        column.default = "true" if type_ == "bool" else "5"
    return column


# --- edits ------------------------------------------------------------------------------------------------------


def _columns(made: Schema, random: Random) -> tuple[str, list[Column]]:
    return random.choice([("Item", made.fields), ("Part", made.parts)])


def add_optional(made: Schema, random: Random) -> None:
    _, columns = _columns(made, random)
    columns.append(_column(made, random, TYPES[:4]))
    columns[-1].optional, columns[-1].default = True, None


def add_default(made: Schema, random: Random) -> None:
    _, columns = _columns(made, random)
    made.added += 1
    columns.append(Column(f"f{made.added}", "i32", default="3"))


def add_required(made: Schema, random: Random) -> None:
    _, columns = _columns(made, random)
    made.added += 1
    columns.append(Column(f"f{made.added}", "i32"))


def delete(made: Schema, random: Random) -> None:
    owner, columns = _columns(made, random)
    if len(columns) > 1:
        gone = columns.pop(random.randrange(len(columns)))
        made.reserved[owner].append(gone.name)


def rename(made: Schema, random: Random) -> None:
    _, columns = _columns(made, random)
    column = random.choice(columns)
    if not any("@was" in note for note in column.notes):
        made.added += 1
        column.notes.append(f' @was("{column.name}")')
        column.name = f"f{made.added}"


def reorder(made: Schema, random: Random) -> None:
    random.shuffle(_columns(made, random)[1])


def loosen_presence(made: Schema, random: Random) -> None:
    column = random.choice(_columns(made, random)[1])
    column.optional, column.default = True, None


def tighten_presence(made: Schema, random: Random) -> None:
    random.choice(_columns(made, random)[1]).optional = False


def retype(made: Schema, random: Random) -> None:
    column = random.choice(_columns(made, random)[1])
    if column.type in WIDTHS and column.limit is None:
        column.type = random.choice(["i16", "i32", "i64", "str"])
        if column.type == "str":
            column.limit, column.default = 100, None


def change_limit(made: Schema, random: Random) -> None:
    column = random.choice(_columns(made, random)[1])
    if column.limit is not None:
        column.limit = random.choice([column.limit * 2, column.limit // 2])


def change_default(made: Schema, random: Random) -> None:
    column = random.choice(_columns(made, random)[1])
    if column.type in ("i32", "i64") and not column.optional:
        column.default = random.choice([None, "7"])


def add_value(made: Schema, random: Random) -> None:
    made.values.append(f"green{len(made.values)}")


def delete_value(made: Schema, random: Random) -> None:
    made.values.pop()
    made.values = made.values or ["red"]


def open_or_close(made: Schema, random: Random) -> None:
    made.opened = not made.opened


def note_field(made: Schema, random: Random) -> None:
    column = random.choice(made.fields)
    wanted = random.choice([" @immutable", " @server", " @sensitive", " @index"])
    if wanted in column.notes:
        column.notes.remove(wanted)
    elif wanted != " @index" or column.type in ("i32", "i64", "str", "bool", "Kind"):
        column.notes.append(wanted)


def narrow_crud(made: Schema, random: Random) -> None:
    made.verbs = [verb for verb in made.verbs if verb not in ("delete", "find")]


EDITS: tuple[Edit, ...] = (
    add_optional,
    add_default,
    add_required,
    delete,
    rename,
    reorder,
    loosen_presence,
    tighten_presence,
    retype,
    change_limit,
    change_default,
    add_value,
    delete_value,
    open_or_close,
    note_field,
    narrow_crud,
)


def edited(before: Schema, random: Random, count: int, edits: Sequence[Edit]) -> Schema:
    after = copy.deepcopy(before)
    for edit in random.sample(edits, count):
        edit(after, random)
    return after
