"""The lines of one root object: its table's columns, its inputs, its declaration."""

from __future__ import annotations

import json
import keyword
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import peewee

from codegen.emit.calls.groups import find_fields
from codegen.emit.python.imports import Imports
from codegen.emit.python.patterns import pattern_notes
from codegen.emit.python.types import RUNTIME_TYPES, model_name, python_type, value_text
from codegen.emit.schema.dialect import TEXT_BOUNDED
from codegen.model.casing import snake
from codegen.model.model import Constraints, Field, Primitive, Program, Ref, Struct
from codegen.model.storage import Column, Table, kind_of
from codegen.model.text_length import longest
from codegen.runtime.values.columns import INDEX_BYTES, Kind

SMALL_BYTES = 64
"""More than an index keeps of any value but text and bytes."""
_STORED_TYPE = "codegen.runtime.storage.stored_type"
_NOW: dict[Kind, str] = {"otime": "this_second", "datetime": "this_moment", "date": "today"}
"""What gives the present time of a kind."""


def constant_name(struct: Struct) -> str:
    """The name of a root object's `StoredType`: `USAGE_RECORD`."""
    return snake(struct.name).upper()


def defined_names(struct: Struct) -> list[str]:
    """What a file defines for a root object."""
    return [constant_name(struct), *(f"{struct.name}{suffix}" for suffix in ("Table", "New", "Patch", "Filter"))]


@dataclass(frozen=True)
class Input:
    """One key of a TypedDict."""

    name: str
    annotation: str

    @property
    def keyword(self) -> bool:
        """No class body can hold it."""
        return keyword.iskeyword(self.name)


@dataclass(frozen=True)
class Root:
    """`table_class` says how the table of another root object is written in this file, None where it cannot be."""

    program: Program
    table: Table
    imports: Imports
    table_class: Callable[[Struct], str | None]

    @property
    def struct(self) -> Struct:
        return self.program.struct(self.table.struct)

    def render(self) -> dict[str, object]:
        struct, table = self.struct, self.table
        pairs = list(zip(table.columns, struct.stored_fields, strict=True))
        given = [field for field in struct.stored_fields if field.name != "rev"]
        return {
            "name": struct.name,
            "snake": snake(struct.name),
            "constant": constant_name(struct),
            "wire": struct.wire,
            "table": _text(struct.table),
            "model": model_name(self.program, struct.qname, self.imports),
            "columns": [self._column(column) for column in table.columns],
            "indexes": [f"({_names(map(_attribute, index.columns))}, {index.unique})" for index in table.indexes],
            "new": [self._input(field, required=field.required and field.name != "sid") for field in given],
            "patch": [self._input(field, required=None) for field in given if field.name != "sid"],
            "filter": [self._input(field, required=None, constrained=False) for field in find_fields(struct)],
            "fields": [self._stored(column, field) for column, field in pairs],
            "more": list(self._more()),
        }

    # --- table ------------------------------------------------------------------------------------------------

    def _column(self, column: Column) -> str:
        name = _attribute(column.name)
        if column.name == "sid":
            return f"sid = {self._field_class('sid')}(primary_key=True)"
        options = ["null=True"] if column.nullable else []
        target = self.program.base(column.type)
        table_class = self.table_class(self.program.struct(target.target)) if isinstance(target, Ref) else None
        if table_class is not None:
            reference = self.imports.name("codegen.runtime.storage.fields", "Reference")
            return f"{name} = {reference}({', '.join([table_class, _text(column.name), *options])})"
        if name != column.name:
            options.insert(0, f"column_name={_text(column.name)}")
        return f"{name} = {self._field_class(column.kind)}({', '.join(options)})"

    def _field_class(self, kind: Kind) -> str:
        name = "".join(part.capitalize() for part in kind.split("_")) + "Column"
        return self.imports.name("codegen.runtime.storage.fields", name)

    # --- inputs -----------------------------------------------------------------------------------------------

    def _input(self, field: Field, *, required: bool | None, constrained: bool = True) -> Input:
        """A key of a TypedDict; `required=None` in one that has nothing required."""
        annotation = python_type(self.program, field.type, self.imports)
        if constrained and (rules := list(self._rules(field))):
            annotation = f"{self.imports.name('typing', 'Annotated')}[{annotation}, {', '.join(rules)}]"
        if field.nullable:
            annotation += " | None"
        if required is False:
            annotation = f"{self.imports.name('typing', 'NotRequired')}[{annotation}]"
        return Input(field.name, annotation)

    def _rules(self, field: Field) -> Iterator[str]:
        """The field's own constraints, as pydantic takes them; those of aliases are in their types."""
        limits: Constraints = field.constraints
        base = self.program.base(field.type)
        pydantic = []
        if limits.minimum is not None or limits.maximum is not None:
            if isinstance(base, Primitive) and base.name in TEXT_BOUNDED:
                low, high = (None if limit is None else str(limit) for limit in (limits.minimum, limits.maximum))
                yield f"{self.imports.name(RUNTIME_TYPES, 'Bounds')}({low!r}, {high!r})"
            else:
                pydantic += [
                    f"{name}={limit}"
                    for name, limit in (("ge", limits.minimum), ("le", limits.maximum))
                    if limit is not None
                ]
        pydantic += [
            f"{name}={limit}"
            for name, limit in (("min_length", limits.min_length), ("max_length", limits.max_length))
            if limit is not None
        ]
        limit, matches = pattern_notes([limits.regex] if limits.regex is not None else [], self.imports)
        pydantic += limit
        if pydantic:
            yield f"{self.imports.name('pydantic', 'Field')}({', '.join(pydantic)})"
        yield from matches

    # --- declaration ------------------------------------------------------------------------------------------

    def _stored(self, column: Column, field: Field) -> str:
        arguments = [_text(field.name), _text(column.kind)]
        base = self.program.base(field.type)
        if column.kind == "enum_closed":
            arguments.append(python_type(self.program, base, self.imports))
        elif column.kind == "json" and base != Primitive("json"):
            arguments.append(python_type(self.program, field.type, self.imports))
        if (default := self._default(column, field)) is not None:
            arguments.append(f"default={default}")
        flags = {
            "nullable": column.nullable,
            "required": field.required,
            "server": field.server or field.name == "rev",
            "immutable": field.immutable,
            "set_once": field.set_once,
            "sensitive": field.sensitive,
        }
        arguments += [f"{flag}=True" for flag, is_set in flags.items() if is_set]
        if column.references:
            arguments.append(f"reference={_text(column.references)}")
        return f"StoredField({', '.join(arguments)})"

    def _default(self, column: Column, field: Field) -> str | None:
        """A function of the present time that gives a value of its own each time; None where null or nothing does."""
        default = field.default
        if field.name == "rev" and field.implied:
            return "lambda _: 1"
        if default is not None and not default.now and default.value is not None:
            return f"lambda _: {value_text(self.program, field.type, default.value, self.imports)}"
        if column.kind in _NOW and ((default is not None and default.now) or (field.server and not field.nullable)):
            return self.imports.name(_STORED_TYPE, _NOW[column.kind])
        return None

    def _more(self) -> Iterator[str]:
        struct = self.struct
        unique = [("sid",), *dict.fromkeys(index.fields for index in struct.indexes if index.unique)]
        yield f"unique=({', '.join(map(_names, unique))},)"
        if indexed := [field.name for field in find_fields(struct)]:
            yield f"indexed={_names(indexed)}"
        if computed := [field.name for field in struct.fields if field.computed]:
            yield f"computed={_names(computed)}"
        if struct.old_names:
            yield f"old_names={json.dumps(struct.old_names)}"
        if struct.crud:
            yield f"crud={_names(struct.crud)}"
        yield f'auth="{struct.auth}"'
        if struct.owner is not None:
            yield f'owner="{struct.owner}"'
        if wide := [
            index
            for index in dict.fromkeys(index.fields for index in struct.indexes)
            if self._most_bytes(index) > INDEX_BYTES
        ]:
            yield f"wide=({', '.join(map(_names, wide))},)"
        if struct.append_only:
            yield "append_only=True"

    def _most_bytes(self, names: tuple[str, ...]) -> float:
        """How many bytes the values of these fields can have at most, as an index keeps them."""
        return sum(self._bytes(self.struct.field(name)) for name in names)

    def _bytes(self, field: Field) -> float:
        match kind_of(self.program, field.type):
            case "text" | "enum_open":
                return 4 * longest(self.program.constraints_of(field))
            case "blob":
                return longest(self.program.constraints_of(field))
            case _:
                return SMALL_BYTES


def _attribute(name: str) -> str:
    """A column's name as an attribute of a Peewee model, clear of Peewee's own."""
    return f"{name}_" if keyword.iskeyword(name) or name == "Meta" or hasattr(peewee.Model, name) else name


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _names(names: Iterable[str]) -> str:
    """A tuple of names."""
    listed = [f'"{name}"' for name in names]
    return f"({', '.join(listed)}{',' if len(listed) == 1 else ''})"
