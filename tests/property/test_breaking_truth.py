"""What `oschema breaking` calls fine is fine: random edits of random schemas, proved on clients, rows and types.

"Fine on W": old generated clients call a server of the new schemas, its objects and its service, by name and by
position, as the caller that they had to be; and they read what new clients store there. "Fine on S":
rows of the old schemas are migrated, and a server of the new ones gives them. "Fine on C": mypy takes code that was
written for the old output. A few edits are tried in each run; `BREAKING_EXAMPLES=200` tries more.
"""

import functools
import importlib
import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from codegen.emit.run.generate import emit_kinds
from codegen.model import Program, load_program
from codegen.rules.breaking import Change, Comparison, changes
from codegen.runtime.client.client import Call
from codegen.runtime.context import ADMIN, Context
from codegen.runtime.rpc import crud
from codegen.runtime.rpc.dispatch import allowed
from codegen.runtime.rpc.method import Method
from codegen.runtime.rpc.wiring import ServiceMethod, bind, serves
from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database
from codegen.source.changes import Surface
from codegen.source.diagnostics import Report
from tests.property.evolving import EDITS, Column, Procedure, Schema, edited, schema
from tests.property.evolving_calls import CALL_EDITS
from tests.server.migration_project import Databases, Project
from tests.strict_types import strict_types

ROOT = Path(__file__).parents[2]
EXAMPLES = int(os.environ.get("BREAKING_EXAMPLES", "2"))
KINDS = ("models", "tables", "errors", "services", "routes", "clients")
NOW = datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC)
numbers = count()


class Clock:
    def now(self) -> datetime:
        return NOW


@dataclass(frozen=True)
class Version:
    """One version of the schemas, with what was generated from it."""

    schema: Schema
    program: Program
    package: str

    def server(self, database: Database) -> dict[str, Method]:
        tables = importlib.import_module(f"{self.package}.tables.shop")
        return {method.name: method for method in crud.methods([getattr(tables, self.item.upper())], database)}

    @property
    def item(self) -> str:
        """What the root object is called on the wire."""
        return self.schema.names.get("Item", "Item").lower()

    def call(self, verb: str, of: str | None = None) -> Call:
        client = importlib.import_module(f"{self.package}.clients.python.{of or self.item}")
        found: Call = getattr(client, f"_{verb.upper()}")
        return found

    def desk(self, random: Random) -> tuple[dict[str, Method], list[dict[str, Any]]]:
        """The methods of the service, whose answers are random, and the parameters that they were called with."""
        services = importlib.import_module(f"{self.package}.routes.shop").SERVICES
        called: list[dict[str, Any]] = []
        procedures = {procedure.name: procedure for procedure in self.schema.procedures}
        functions = {
            each.function: self._answering(each, procedures[each.function], called, random) for each in services
        }
        handlers = [serves(services[0].service)(type("Desk", (), functions))] if services else []
        methods, _ = bind(handlers, services, validate_results=True)
        return {method.name: method for method in methods}, called

    def _answering(
        self, declared: ServiceMethod, procedure: Procedure, called: list[dict[str, Any]], random: Random
    ) -> Any:
        @functools.wraps(getattr(declared.service, declared.function))
        def function(self_: Any, context: Context, **params: Any) -> Any:
            called.append(params)
            return TypeAdapter(declared.result).validate_json(to_json(self.schema.result(procedure, random)))

        return function


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("versions")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def version(root: Path, made: Schema) -> Version | None:
    """None where the schemas have errors: edits do not look at each other."""
    package = f"version_{next(numbers)}"
    (root / f"{package}_schemas").mkdir()
    (root / f"{package}_schemas/shop.oschema").write_text(made.text())
    program = load_program(root / f"{package}_schemas", Report())
    return None if program is None else Version(made, program, package)


def generate(root: Path, made: Version) -> None:
    for path, wanted in emit_kinds(made.program, KINDS).items():
        (root / made.package / path).parent.mkdir(parents=True, exist_ok=True)
        (root / made.package / path).write_bytes(wanted.data)
    importlib.invalidate_caches()


def versions(root: Path, seed: int) -> tuple[Version, Version, list[Change]] | None:
    """A schema, an edit of it, and what is said of the edit."""
    random = Random(seed)
    before = schema(random)
    edits = random.choice([EDITS, CALL_EDITS])
    old, new = version(root, before), version(root, edited(before, random, random.choice([1, 1, 2]), edits))
    assert old is not None, before.text()
    if new is None or old.schema.text() == new.schema.text():
        return None
    return old, new, changes(Comparison(old.program, new.program))


def fine(found: list[Change], surface: Surface) -> bool:
    return all(change.verdicts[surface] in ("ok", "migration") for change in found)


def cases(root: Path, first: int, surface: Surface) -> Iterator[tuple[Version, Version]]:
    """Edits that are fine on a surface, from one seed on."""
    for seed in count(first):
        tried = versions(root, seed)
        if tried is not None and fine(tried[2], surface):
            yield tried[:2]


def noted(old: Version, new: Version) -> tuple[Version, Version]:
    """Shown where it fails."""
    rules = ", ".join(change.rule.name for change in changes(Comparison(old.program, new.program)))
    note(f"{old.schema.text()}\n--- becomes ---\n{new.schema.text()}\n{rules}")
    return old, new


def some(examples: int) -> settings:
    """Each try generates programs, so there are few, the same in every run; shrinking them would take minutes."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def exchange(call: Call, server: dict[str, Method], database: Database, params: dict[str, Any]) -> Any:
    """What a client reads of a server's answer, both by their own generated code."""
    typed = call.adapters[0].validate_json(to_json(params))
    body, _ = call.request(1, typed)
    sent = from_json(body)
    method = server[sent["method"]]
    result = method.encode(answered(method, database, sent["params"]))
    return call.answer(200, b'{"jsonrpc":"2.0","id":1,"result":' + result + b"}")


def answered(method: Method, database: Database, params: dict[str, Any]) -> Any:
    """What a method gives."""
    return method.call(Context(ADMIN, Clock(), database, "id"), method.params.validate_json(to_json(params)))


# --- wire -------------------------------------------------------------------------------------------------------


def test_what_is_fine_on_the_wire(root: Path) -> None:
    @some(EXAMPLES)
    @given(st.integers(0, 10**9))
    def check(seed: int) -> None:
        old, new = noted(*next(cases(root, seed, "W")))
        generate(root, old)
        generate(root, new)
        database = Database.open("sqlite:///:memory:")
        database.execute_script((root / new.package / "tables/sqlite.sql").read_text())
        server, random = new.server(database), Random(seed)

        def ask(verb: str, **params: Any) -> Any:
            return exchange(old.call(verb), server, database, params)

        for _ in range(6):
            given_item = old.schema.item(random)
            kept = ask("new", data=given_item)
            assert ask("get", sid=kept.sid) == kept
            changed = {"label": "zz", **{name: given_item[name] for name in patchable(old.schema) & given_item.keys()}}
            assert ask("patch", sid=kept.sid, data=changed).label == "zz"
            ask("set", data={**old.schema.item(random), **kept_values(old.schema, given_item), "sid": kept.sid})
            assert kept.sid in {item.sid for item in ask("list_full", limit=100).items}
            added = exchange(new.call("new"), server, database, {"data": new.schema.item(random)})
            assert ask("get", sid=added.sid).sid == added.sid
            assert ask("find", filter={"label": added.label}, limit=100).items
            ask("delete", sid=kept.sid)
        may_call(server[f"{old.item}.get"], old.schema.object_auth)
        methods, called = new.desk(random)
        for procedure in old.schema.procedures * 3:
            call, params = old.call(procedure.name, "desk"), old.schema.params(procedure, random)
            method = methods[call.name]
            may_call(method, procedure.auth or old.schema.auth)
            defaults = {each.name: from_json(each.default) for each in procedure.params if each.default is not None}
            exchange(call, methods, database, {**defaults, **params})
            answered(method, database, params)
            given_first = [param.name for param in procedure.params]
            given_first = given_first[: next((at for at, name in enumerate(given_first) if name not in params), None)]
            if len(given_first) == len(params):
                by_position = zip(method.param_names, (params[name] for name in given_first), strict=False)
                answered(method, database, dict(by_position))
                assert called[-1] == called[-2], "a position means another parameter"
        database.close()

    check()


def may_call(method: Method, scope: Any) -> None:
    """Those who could call the method still can."""
    assert allowed(method.auth, method.principal, scope), (method.name, method.auth, scope)


def patchable(made: Schema) -> set[str]:
    return {column.name for column in made.fields if " @immutable" not in column.notes}


def kept_values(made: Schema, item: dict[str, Any]) -> dict[str, Any]:
    """What `set` must repeat."""
    return {name: value for name, value in item.items() if name not in patchable(made) and name != "label"}


# --- storage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_what_is_fine_in_storage(dialect: str, root: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Its migration is planned, runs over real rows, and each row is read with the values it had."""
    databases = Databases(dialect, request, tmp_path)

    @some(EXAMPLES if dialect == "sqlite" else max(1, EXAMPLES // 4))
    @given(st.integers(0, 10**9))
    def check(seed: int) -> None:
        old, new = noted(*next(cases(root, seed, "S")))
        generate(root, old)
        generate(root, new)
        database, random = databases(), Random(seed)
        project = Project(tmp_path / f"project_{next(numbers)}")
        steps(project, old, database)
        server = old.server(database)
        rows = [
            exchange(old.call("new"), server, database, {"data": old.schema.item(random)}).model_dump(mode="json")
            for _ in range(6)
        ]
        steps(project, new, database)
        server = new.server(database)
        for row in rows:
            read = exchange(new.call("get"), server, database, {"sid": row["sid"]}).model_dump(mode="json")
            for name in same_columns(old.schema, new.schema):
                if row[name] is not None:
                    assert same(row[name], read[name]), (name, row, read)

    try:
        check()
    finally:
        databases.close()


def steps(project: Project, to: Version, database: Database) -> None:
    refused = project.plan(to.schema.text().removeprefix("module shop\n"))
    assert not refused.has_errors, [finding.message for finding in refused.findings()]
    migrations.apply(database, project.migrations)


def same_columns(before: Schema, after: Schema) -> set[str]:
    """Columns whose values stay as they were."""
    changed = {"Part", "Shape"} if before.tag != after.tag else {"Part"}
    return {column.name for column in before.fields} & {
        column.name for column in after.fields if column.type not in changed
    }


def same(before: Any, after: Any) -> bool:
    return bool(before == after) or str(before) == str(after)


# --- source -----------------------------------------------------------------------------------------------------

PYTHON = {
    "i16": "int",
    "i32": "int",
    "i64": "int",
    "str": "str",
    "bool": "bool",
    "Part": "Part",
    "[str]": "list[str]",
    "map<str, i64>": "dict[str, int]",
    "money<USD>": "Money",
    "otime": "datetime",
    "Shape": "Shape",
}
LITERAL = {
    "int": "1",
    "str": '"x"',
    "bool": "True",
    "list[str]": "[]",
    "dict[str, int]": "{}",
    "Money": "Money(1)",
    "datetime": "datetime.now()",
    "Part": "part()",
    "Kind": 'Kind("red")',
    "Shape": "Round(radius=1)",
}

ITEM = "'{}': {}"


def user_code(made: Schema, package: str, filled: Collection[str] = ()) -> str:
    """Code that reads every field, makes each type with what it must have, and calls every method.

    `filled` are fields of the object that it does not give: the server fills them in by now.
    """

    def plain(type_: str) -> str:
        return ("str" if made.opened else "Kind") if type_ == "Kind" else PYTHON[type_]

    def type_of(column: Column) -> str:
        return f"{plain(column.type)} | None" if column.optional else plain(column.type)

    def called(procedure: Procedure) -> str:
        needed = [each for each in procedure.params if not each.optional and each.default is None]
        others = [each for each in procedure.params if each.default is not None]
        arguments = [
            *(LITERAL[type_of(each)] for each in needed),
            *(f"{each.name}={LITERAL[type_of(each)]}" for each in others),
        ]
        result = f"{procedure.name}: {plain(procedure.result)} = " if procedure.result else ""
        return f"        {result}client.desk.{procedure.name}({', '.join(arguments)})\n"

    def given(columns: list[Column], pair: str) -> str:
        needed = [column for column in columns if not column.optional and column.default is None]
        return ", ".join(pair.format(column.name, LITERAL[type_of(column)]) for column in needed)

    def reads(name: str, columns: list[Column]) -> str:
        return "".join(f"    v{at}: {type_of(each)} = {name}.{each.name}\n" for at, each in enumerate(columns))

    sent = [column for column in made.fields if column.name not in filled]
    return (
        "from datetime import datetime\n"
        f"from {package}.clients.python import Client\n"
        f"from {package}.clients.python.item import ItemInput\n"
        f"from {package}.errors.shop import Refused\n"
        f"from {package}.models.shop import Item, Kind, Part, Round, Shape\n"
        "from codegen.runtime.values.types import Money\n\n"
        f"def part() -> Part:\n    return Part({given(made.parts, '{}={}')})\n\n"
        f"def read_part(part: Part) -> None:\n{reads('part', made.parts)}\n"
        f"def read_item(item: Item) -> None:\n{reads('item', made.fields)}\n"
        f"def item() -> ItemInput:\n    return {{'label': 'x', {given(sent, ITEM)}}}\n\n"
        "def calls(client: Client) -> None:\n"
        "    sid: str = client.item.new(item()).sid\n    read_item(client.item.get(sid))\n"
        '    client.item.patch(sid, {"label": "y"})\n    client.item.set(item())\n    client.item.delete(sid)\n'
        '    client.item.find({"label": "y"})\n    client.item.list_full(limit=1)\n'
        f"    try:\n{''.join(map(called, made.procedures))}"
        "    except Refused as error:\n        why: str = error.why\n"
    )


def test_what_is_fine_in_source(root: Path) -> None:
    """All edits in one run of mypy; that the code fits its own output is checked beside it.

    By the table `@server` breaks those who send the field on the wire alone, so code that does not send it is tried.
    """
    files = []
    for at in range(EXAMPLES):
        old, new = next(cases(root, 1000 * at, "C"))
        for made, number in ((old, "old"), (new, "new")):
            generate(root, made)
            files.append(root / f"user_{number}_{at}.py")
            filled = {column.name for column in made.schema.fields if " @server" in column.notes}
            files[-1].write_text(user_code(old.schema, made.package, filled))
    done = strict_types(root, *files)
    assert done.returncode == 0, done.stdout + done.stderr
