"""Migrations on real databases: rows survive every change that is allowed, and nothing else is let through."""

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from codegen.evolve import ddl, lock, plan, sql
from codegen.model import Module, Program, load_program
from codegen.model.storage import Table, tables
from codegen.runtime import migrations, rewrites
from codegen.runtime.columns import DECODERS
from codegen.runtime.database import Database, Duplicate, Refused, Unavailable
from codegen.source.diagnostics import Report

Rows = Mapping[str, list[dict[str, Any]]]
"""Rows by table, values in their JSON form."""


# --- helpers ----------------------------------------------------------------------------------------------------

class Databases:
    """Makes empty databases of one kind."""

    def __init__(self, dialect: str, request: pytest.FixtureRequest, path: Path) -> None:
        self.dialect, self.path, self.count = dialect, path, 0
        self.url = request.getfixturevalue("postgresql_server") if dialect == "postgresql" else ""
        self.made: list[Database] = []

    def __call__(self) -> Database:
        self.count += 1
        if self.dialect == "sqlite":
            database = Database.open(f"sqlite:///{self.path}/{self.count}.db")
        else:
            schema = f"test_{uuid.uuid4().hex}"
            database = Database.open(f"{self.url}&options=-csearch_path%3D{schema}")
            database.execute(f"CREATE SCHEMA {schema}")
        self.made.append(database)
        return database

    def close(self) -> None:
        for database in self.made:
            if self.dialect == "postgresql":
                database.execute(f"DROP SCHEMA {database.execute('SELECT current_schema()')[0][0]} CASCADE")
            database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Databases]:
    made = Databases(request.param, request, tmp_path)
    yield made
    made.close()


class Project:
    """A directory of schemas that changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        self.migrations = path / plan.MIGRATIONS

    def program(self, text: str) -> Program:
        (self.path / "a.oschema").write_text(f"module m\n{text}\n")
        report = Report()
        program = load_program(self.path, report)
        assert program is not None, [finding.message for finding in report]
        return program

    def plan(self, text: str) -> Report:
        """Plan and write the migration to these schemas; what was refused."""
        program, report = self.program(text), Report()
        old = plan.locked(self.path, report)
        plan.check_history(self.path, old, report)
        made = plan.plan(old, program, report)
        if not report.has_errors:
            plan.write(self.path, made, None)
        return report


def table_of(program: Program, name: str) -> Table:
    return next(table for table in tables(program) if table.name == name)


def insert(database: Database, program: Program, rows: Rows) -> None:
    for name, many in rows.items():
        table = table_of(program, name)
        for row in many:
            values = {"rev": 1, **row} if any(c.name == "rev" for c in table.columns) else row
            literals = ", ".join(sql.literal(table.column(c).kind, v, database.dialect) for c, v in values.items())
            script = f"INSERT INTO {sql.name(name)} ({sql.names(tuple(values))}) VALUES ({literals})"   # noqa: S608
            database.execute(script.replace("%", "%%") if database.dialect == "postgresql" else script)


def read(database: Database, program: Program) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, as the program of this version reads them."""
    found = {}
    for table in tables(program):
        columns = sql.names(tuple(column.name for column in table.columns))
        decoders = [DECODERS[database.dialect].get(column.kind, lambda value: value) for column in table.columns]
        found[table.name] = [
            {column.name: None if value is None else decode(value)
             for column, value, decode in zip(table.columns, row, decoders, strict=True)}
            for row in database.execute(f"SELECT {columns} FROM {sql.name(table.name)} ORDER BY sid")]   # noqa: S608
    return found


def top_level(text: str) -> list[str]:
    """The parts of a definition between commas that stand in no parentheses."""
    parts, depth, quoted = [""], 0, False
    for sign in text:
        quoted ^= sign == "'"
        depth += 0 if quoted else {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += sign
    return sorted(" ".join(part.split()) for part in parts)


_POSTGRESQL_CATALOGUE = (
    """SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name, numeric_precision,
        numeric_scale, character_maximum_length
        FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = current_schema()::regnamespace AND contype <> 'n' ORDER BY 1, 2""",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1, 2",
    """SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(t.oid)
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace ORDER BY 1, 2""",
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace ORDER BY 1")


def catalogue(database: Database) -> list[Any]:
    """Everything in a database but rows and the order of columns, for comparison."""
    if database.dialect == "sqlite":
        return [(kind, name, top_level(text[text.index("(") + 1:text.rindex(")")]) if kind == "table" else text)
                for kind, name, text in database.execute(
                    "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL "
                    "AND name <> 'schema_migrations' ORDER BY 1, 2")]
    schema = database.execute("SELECT current_schema()")[0][0]
    rows: list[Any] = []
    for query in _POSTGRESQL_CATALOGUE:
        rows += database.execute(query)
    return [tuple(part.replace(f"{schema}.", "") if isinstance(part, str) else part for part in row)
            for row in rows if "schema_migrations" not in row[0]]


def fresh(database: Database, program: Program) -> list[Any]:
    """The catalogue of a new database made from a program in one go."""
    script = ddl.create_all(program, database.dialect)
    if database.dialect == "postgresql":
        database.peewee.connection().execute(script)
    else:
        for statement in migrations.statements(script):
            database.execute(statement)
    return catalogue(database)


# --- every row of the evolution tables that speaks of storage ---------------------------------------------------

@dataclass(frozen=True)
class Change:
    """A change of schemas, on rows. One of `after`, `blocked` and `refused` says what comes of it.

    `after`: rows' values that are other afterwards, by table. `blocked`: the message of the migration that these rows
    stop. `refused`: the code of the finding. `stays`: the message that stops the way back on these rows.
    """

    old: str
    new: str
    rows: Rows = field(default_factory=dict)
    after: Rows | None = None
    blocked: str = ""
    refused: str = ""
    stays: str = ""
    back: Rows = field(default_factory=dict)


def root(body: str, notes: str = "rootobject", name: str = "User") -> str:
    return f"[{notes}]\n{name} = {{ sid: sid {body} }}"


ANN = {"sid": "ann1", "name": "Ann"}
TWO = {"user": [ANN, {"sid": "bob1", "name": "Bob"}]}
ENUM = 'Color = "red" | "blue"\n'
OPEN = 'Color = "red" | "blue" | ...\n'

CHANGES: dict[str, Change] = {
    "nothing": Change(root("name: str"), "/// Explained.\n" + root("name: str"), TWO, {}),
    "reorder_fields": Change(root("name: str age?: u8"), root("age?: u8 name: str"), TWO, {}),
    "change_a_default": Change(root("name: str age: u8 = 1"), root("name: str age: u8 = 2"),
                               {"user": [{**ANN, "age": 7}]}, {}),
    "add_an_optional_field": Change(root("name: str"), root("nick?: str @len(1, 9) name: str"), TWO,
                                    {"user": [{"nick": None}, {"nick": None}]}),
    "add_a_field_with_default": Change(root("name: str"), root('name: str kind: str = "it\'s 100% new"'), TWO,
                                       {"user": [{"kind": "it's 100% new"}] * 2}),
    "add_a_field_of_every_kind": Change(root("name: str"), root("""name: str
        a: bool = true b: u64 = 7 c: decimal = "1.50" d: money<USD> = "-0.25" e: date = "2026-05-20"
        f: f64 = 0.5 g: json = {} h: [str] = []
        i: Color = red k: i8 = -3 l: uuid = "8e8ad3c6-8d33-4c1b-9f4b-0d8f0f7e1c11" """) + "\n" + ENUM, TWO, {
            "user": [{"a": True, "b": 7, "c": Decimal("1.5"), "d": -250_000_000, "e": date(2026, 5, 20), "f": 0.5,
                      "g": "{}", "h": "[]", "i": "red", "k": -3}] * 2}),
    "add_times_of_now": Change(root("name: str"), root("name: str a: otime = now b: datetime = now c: date = now"), TWO,
                               {}, stays="going back would lose"),
    "add_a_reference": Change(root("name: str"), root("name: str boss?: &User @index"), TWO,
                              {"user": [{"boss": None}] * 2}),
    "add_a_required_field": Change(root("name: str"), root("name: str age: u8"), TWO, refused="OS722"),
    "delete_a_field": Change(root("name: str age?: u8"), root("name: str"), TWO, refused="OS720"),
    "delete_a_reserved_field": Change(root("name: str age?: u8 @index"),
                                      root("name: str", 'rootobject, reserved("age")'),
                                      {"user": [{**ANN, "age": 7}]}, {}, back={"user": [{"age": None}]}),
    "delete_a_required_reserved_field": Change(
        root("name: str age: u8"), root("name: str", 'rootobject, reserved("age")'),
        {"user": [{**ANN, "age": 7}]}, {}, stays="no value for age"),
    "use_a_reserved_name_again": Change(root("name: str", 'rootobject, reserved("age")'), root("name: str age?: u8"),
                                        TWO, refused="OS721"),
    "compute_a_field": Change(root("name: str age?: u8"), root("name: str age?: u8 @computed"), TWO, {}),
    "rename_a_field": Change(root("name: str @unique @len(1, 9)"),
                             root('title: str @unique @len(1, 9) @was("name")'), TWO,
                             {"user": [{"title": "Ann"}, {"title": "Bob"}]}),
    "rename_a_reference": Change(root("name: str boss?: &User @index"),
                                 root('name: str chief?: &User @index @was("boss")'),
                                 {"user": [ANN, {"sid": "bob1", "name": "Bob", "boss": "ann1"}]},
                                 {"user": [{"chief": None}, {"chief": "ann1"}]}),
    "rename_and_widen": Change(root("name: str n: u8"), root('name: str count: u16 @was("n")'),
                               {"user": [{**ANN, "n": 250}]}, {"user": [{"count": 250}]}),
    "optional_to_required": Change(root("name?: str"), root("name: str"), TWO, {}),
    "optional_to_required_on_nulls": Change(root("name?: str"), root("name: str"), {"user": [{"sid": "ann1"}]},
                                            blocked="name is now required"),
    "optional_to_required_with_default": Change(root("name?: str"), root('name: str = "?"'),
                                                {"user": [{"sid": "ann1"}, {"sid": "bob1", "name": "Bob"}]},
                                                {"user": [{"name": "?"}, {}]}, back={"user": [{"name": "?"}, {}]}),
    "required_to_optional": Change(root("name: str"), root("name?: str"), TWO, {}),
    "widen_integers": Change(root("a: i8 b: u8 c: i32 d: u32 e: u16"), root("a: i16 b: i32 c: i64 d: u64 e: u64"),
                             {"user": [{"sid": "ann1", "a": -128, "b": 255, "c": -5, "d": 4294967295, "e": 9}]}, {}),
    "widen_an_optional_integer": Change(root("name: str a?: u32"), root("name: str a?: u64"),
                                        {"user": [ANN, {"sid": "bob1", "name": "Bob", "a": 3}]}, {}),
    "narrow_an_integer": Change(root("a: u16"), root("a: u8"), refused="OS723"),
    "integer_with_another_range": Change(root("a: u8"), root("a: i8"), refused="OS723"),
    "text_to_integer": Change(root("name: str"), root("name: i32"), TWO, refused="OS723"),
    "another_currency": Change(root("a: money<USD>"), root("a: money<EUR>"), refused="OS723"),
    "another_target": Change(root("a?: &User") + "\n" + root("", name="Node"),
                             root("a?: &Node") + "\n" + root("", name="Node"), refused="OS723"),
    "tighten_a_constraint": Change(root("name: str age: u8"), root("name: str @len(1, 5) age: u8 @max(99)"),
                                   {"user": [{**ANN, "age": 99}]}, {}),
    "tighten_a_length_on_rows": Change(root("name: str"), root("name: str @len(1, 2)"), TWO, blocked="some rows break"),
    "tighten_a_decimal_on_rows": Change(root("d: decimal"), root('d: decimal @min("-1.5")'),
                                        {"user": [{"sid": "ann1", "d": "-1.51"}]}, blocked="some rows break"),
    "tighten_a_decimal": Change(root("d: decimal"), root('d: decimal @min("-1.5") @max(10)'),
                                {"user": [{"sid": "ann1", "d": "-1.50"}, {"sid": "bob1", "d": "10"}]}, {}),
    "tighten_money_on_rows": Change(root("d: money<USD>"), root('d: money<USD> @min("0.5")'),
                                    {"user": [{"sid": "ann1", "d": "0.499999999"}]}, blocked="some rows break"),
    "add_a_regex": Change(root("name: str"), root('name: str @regex("^[A-Z][a-z]+$")'), TWO, {}),
    "add_a_regex_on_rows": Change(root("name: str"), root('name: str @regex("^[a-z]+$")'), TWO,
                                  blocked=r"must now match"),
    "loosen_a_constraint": Change(root("name: str @len(1, 5)"), root("name: str @len(0, 9)"), TWO, {}),
    "drop_a_constraint": Change(root("name: str @len(1, 5)"), root("name: str"), TWO, {}),
    "add_an_enum_value": Change(root("c: Color") + "\n" + ENUM, root("c: Color") + '\nColor = "red" | "blue" | "green"',
                                {"user": [{"sid": "ann1", "c": "red"}]}, {}),
    "add_a_value_to_an_open_enum": Change(root("c: Color") + "\n" + OPEN,
                                          root("c: Color") + '\nColor = "red" | "blue" | "green" | ...',
                                          {"user": [{"sid": "ann1", "c": "violet"}]}, {}),
    "reorder_enum_values": Change(root("c: Color") + "\n" + ENUM, root("c: Color") + '\nColor = "blue" | "red"',
                                  {"user": [{"sid": "ann1", "c": "red"}]}, {}),
    "delete_an_enum_value": Change(root("c: Color") + '\nColor = "red" | "blue" | "green"',
                                   root("c: Color") + "\n" + ENUM,
                                   {"user": [{"sid": "ann1", "c": "red"}]}, {}),
    "delete_an_enum_value_on_rows": Change(
        root("c: Color") + '\nColor = "red" | "blue" | "green"', root("c: Color") + "\n" + ENUM,
        {"user": [{"sid": "ann1", "c": "green"}]}, blocked="may no longer be 'green'"),
    "delete_an_odd_enum_value": Change(root("c: Odd") + '\nOdd = "a" | "$$ it\'s; $_$ -- \\\\ %s" | "b"',
                                       root("c: Odd") + '\nOdd = "a" | "b" | "BEGIN;\\nEND"',
                                       {"user": [{"sid": "ann1", "c": "a"}]}, {}),
    "close_an_enum": Change(root("c: Color") + "\n" + OPEN, root("c: Color") + "\n" + ENUM,
                            {"user": [{"sid": "ann1", "c": "red"}]}, {}),
    "close_an_enum_on_rows": Change(root("c: Color") + "\n" + OPEN, root("c: Color") + "\n" + ENUM,
                                    {"user": [{"sid": "ann1", "c": "violet"}]}, blocked="closed enum"),
    "open_an_enum": Change(root("c: Color") + "\n" + ENUM, root("c: Color") + "\n" + OPEN,
                           {"user": [{"sid": "ann1", "c": "red"}]}, {}),
    "add_a_union_member": Change(
        root("s: Shape") + "\nA = { x: i32 }\nB = { y: i32 }\nShape = A | B",
        root("s: Shape") + "\nA = { x: i32 }\nB = { y: i32 }\nC = { z: i32 }\nShape = A | B | C",
        {"user": [{"sid": "ann1", "s": {"type": "a", "x": 1}}]}, {}),
    "delete_a_union_member_on_rows": Change(
        root("s: Shape") + "\nA = { x: i32 }\nB = { y: i32 }\nC = { z: i32 }\nShape = A | B | C",
        root("s: Shape") + "\nA = { x: i32 }\nB = { y: i32 }\nC = { z: i32 }\nShape = A | B",
        {"user": [{"sid": "ann1", "s": {"type": "a", "x": 1}}]}, blocked="Shape lost c"),
    "change_a_tag_on_rows": Change(
        root("s: Shape") + "\nA = { x: i32 }\nB = { y: i32 }\nShape = A | B",
        root("s: Shape") + '\nA = { x: i32 }\nB = { y: i32 }\n[tag("kind")]\nShape = A | B',
        {"user": [{"sid": "ann1", "s": {"type": "a", "x": 1}}]}, blocked="the tag of Shape became kind"),
    "widen_in_an_embedded_struct": Change(root("s: A") + "\nA = { x: i32 }", root("s: A") + "\nA = { x: i64 }",
                                          {"user": [{"sid": "ann1", "s": {"x": 1}}]}, {}),
    "grow_an_embedded_struct": Change(root("s: A") + "\nA = { x: i32 }", root("s: A") + "\nA = { y?: str x: i32 }",
                                      {"user": [{"sid": "ann1", "s": {"x": 1}}]}, {}),
    "require_in_an_embedded_struct": Change(
        root("s: [A]") + "\nA = { x: i32 }", root("s: [A]") + "\nA = { x: i32 y: str }",
        {"user": [{"sid": "ann1", "s": [{"x": 1}]}]}, blocked="user.s of ann1: m.A.y is required"),
    "require_in_an_embedded_struct_that_is_nowhere": Change(
        root("s: [A]") + "\nA = { x: i32 }", root("s: [A]") + "\nA = { x: i32 y: str }",
        {"user": [{"sid": "ann1", "s": []}]}, {}),
    "delete_an_embedded_field": Change(
        root("s: A") + "\nA = { x: i32 y?: str }", root("s: A") + "\nA = { x: i32 }", refused="OS720"),
    "delete_an_embedded_field_in_two_places": Change(
        root("s: A t: [A]") + "\nA = { x: i32 y?: str }", root("s: A t: [A]") + "\nA = { x: i32 }", refused="OS720"),
    "use_a_reserved_embedded_name_again": Change(
        root("s: A") + '\n[reserved("y")]\nA = { x: i32 }', root("s: A") + "\nA = { x: i32 y?: str }", refused="OS721"),
    "delete_a_reserved_embedded_field": Change(
        root("s: A") + "\nA = { x: i32 y?: str z: f64 }",
        root("s: A") + '\n[reserved("y")]\nA = { x: i32 z: f64 }',
        {"user": [{"sid": "ann1", "s": {"x": 1, "y": "gone", "z": 1.5}}, {"sid": "bob1", "s": {"x": 2, "z": 2e300}}]},
        {"user": [{"s": '{"x":1,"z":1.5}'}, {}]}, back={"user": [{"s": '{"x":1,"z":1.5}'}, {}]}),
    "delete_a_required_embedded_field": Change(
        root("s: A") + "\nA = { x: i32 y: str }", root("s: A") + '\n[reserved("y")]\nA = { x: i32 }',
        {"user": [{"sid": "ann1", "s": {"x": 1, "y": "gone"}}]}, {"user": [{"s": '{"x":1}'}]},
        stays="m.A.y is required, and has no value there"),
    "delete_an_embedded_field_with_default": Change(
        root("s: A") + '\nA = { x: i32 y: decimal = "1.50" }', root("s: A") + '\n[reserved("y")]\nA = { x: i32 }',
        {"user": [{"sid": "ann1", "s": {"x": 1, "y": "7"}}]}, {"user": [{"s": '{"x":1}'}]},
        back={"user": [{"s": '{"x":1,"y":"1.50"}'}]}),
    "rename_an_embedded_field": Change(
        root("s?: A") + "\nA = { x: i32 n: u64 t: str }", root("s?: A") + '\nA = { m: u64 @was("n") x: i32 t: str }',
        {"user": [{"sid": "ann1", "s": {"x": 1, "n": 2**64 - 1, "t": "ä\n\"%s\" ?"}}, {"sid": "bob1"}]},
        {"user": [{"s": '{"x":1,"m":18446744073709551615,"t":"ä\\n\\"%s\\" ?"}'}, {"s": None}]}),
    "add_an_embedded_field_with_default": Change(
        root("s: [A]") + "\nA = { x: i32 }", root("s: [A]") + "\nA = { x: i32 y: decimal = 3 z: [u8] = [1, 2] }",
        {"user": [{"sid": "ann1", "s": [{"x": 1}, {"x": 2}]}]},
        {"user": [{"s": '[{"x":1,"y":"3","z":[1,2]},{"x":2,"y":"3","z":[1,2]}]'}]}),
    "require_an_embedded_field_with_default": Change(
        root("s: [A]") + "\nA = { x?: i32 y: u8 }", root("s: [A]") + "\nA = { x: i32 = 5 y: u8 }",
        {"user": [{"sid": "ann1", "s": [{"y": 1}, {"x": None, "y": 2}, {"x": 0, "y": 3}]}]},
        {"user": [{"s": '[{"y":1,"x":5},{"x":5,"y":2},{"x":0,"y":3}]'}]},
        back={"user": [{"s": '[{"y":1,"x":5},{"x":5,"y":2},{"x":0,"y":3}]'}]}),
    "require_an_embedded_field": Change(
        root("s: [A]") + "\nA = { x?: i32 }", root("s: [A]") + "\nA = { x: i32 }",
        {"user": [{"sid": "ann1", "s": [{"x": 1}]}]}, {}),
    "require_an_embedded_field_on_nulls": Change(
        root("s: [A]") + "\nA = { x?: i32 }", root("s: [A]") + "\nA = { x: i32 }",
        {"user": [{"sid": "ann1", "s": [{"x": 1}]}, {"sid": "bob1", "s": [{"x": 1}, {}]}]},
        blocked="user.s of bob1: m.A.x is required"),
    "rename_deep_inside": Change(
        root("s: Tree t?: map<str, [Leaf?]>")
        + "\nTree = { leaf: Leaf next?: Tree kin: [Kind] }\nLeaf = { x: i32 }\nOther = { x: i32 }\nKind = Leaf | Other",
        root('trunk: Tree @was("s") t?: map<str, [Leaf?]>', 'rootobject, was("User")', "Person")
        + '\nTree = { leaf: Leaf next?: Tree kin: [Kind] }\nLeaf = { y: i32 @was("x") }\nOther = { x: i32 }\n'
        "Kind = Leaf | Other",
        {"user": [{"sid": "ann1", "t": {"x": [{"x": 1}, None]}, "s": {
            "leaf": {"x": 1}, "next": {"leaf": {"x": 2}, "kin": []},
            "kin": [{"type": "leaf", "x": 3}, {"type": "other", "x": 4}]}}]},
        {"person": [{"sid": "ann1", "rev": 1, "t": '{"x":[{"y":1},null]}', "trunk": (
            '{"leaf":{"y":1},"next":{"leaf":{"y":2},"kin":[]},"kin":[{"type":"leaf","y":3},{"type":"other","x":4}]}')}]}),
    "rename_inside_an_append_only_type": Change(
        root("s: A", "rootobject, append_only") + "\nA = { x: i32 }",
        root("s: A", "rootobject, append_only") + '\nA = { y: i32 @was("x") }',
        {"user": [{"sid": "ann1", "s": {"x": 1}}]}, {"user": [{"s": '{"y":1}'}]}),
    "delete_a_type": Change(root("name: str") + "\n" + root("", name="Node"), root("name: str"), TWO, {}),
    "delete_a_type_with_rows": Change(root("name: str") + "\n" + root("", name="Node"), root("name: str"),
                                      {"node": [{"sid": "nod1"}]}, blocked="holds rows, which would be lost"),
    "remove_rootobject_with_rows": Change(root("name: str"),
                                          "User = { sid: sid name: str }\n" + root("", name="Node"), TWO,
                                          blocked="holds rows, which would be lost"),
    "add_rootobject": Change(root("name: str") + "\nNode = { host: str }",
                             root("name: str") + "\n[rootobject]\nNode = { host: str owner?: &User }",
                             TWO, {"node": []}),
    "add_two_types_in_a_circle": Change(
        root("name: str"), root("name: str") + "\n" + root("b: &B", name="A") + "\n" + root("a: &A", name="B"), TWO,
        {"a": [], "b": []}),
    "rename_a_type": Change(
        root("name: str @unique @len(1, 9) boss?: &User") + "\n" + root("user: &User @index", name="Node"),
        root("name: str @unique @len(1, 9) boss?: &Person", 'rootobject, was("User")', "Person") + "\n"
        + root("user: &Person @index", name="Node"),
        {"user": [{**ANN, "boss": "ann1"}], "node": [{"sid": "nod1", "user": "ann1"}]},
        {"person": [{"sid": "ann1", "name": "Ann", "boss": "ann1", "rev": 1}]}),
    "rename_an_append_only_type": Change(
        root("name: str", "rootobject, append_only"),
        root("name: str nick?: str", 'rootobject, append_only, was("User")', "Entry"), TWO,
        {"entry": [{**row, "nick": None} for row in TWO["user"]]}),
    "change_the_table": Change(root("name: str @index"), root("name: str @index", 'rootobject, table("people")'), TWO,
                               {"people": [{**row, "rev": 1} for row in TWO["user"]]}),
    "add_and_delete_indexes": Change(root("name: str @index age?: u8"), root("name: str age?: u8 @index"), TWO, {}),
    "add_unique": Change(root("name: str age?: u8", "rootobject, index(name, age)"),
                         root("name: str age?: u8", "rootobject, unique(name, age)"), TWO, {}),
    "add_unique_on_duplicates": Change(root("name: str"), root("name: str @unique"),
                                       {"user": [ANN, {"sid": "ann2", "name": "Ann"}]}, blocked="is now unique"),
    "delete_unique": Change(root("name: str @unique"), root("name: str"), TWO, {}),
    "delete_unique_for_index": Change(root("name: str @unique"), root("name: str @index"), TWO, {}),
    "add_append_only": Change(root("name: str"), root("name: str", "rootobject, append_only"), TWO, {}),
    "remove_append_only": Change(root("name: str", "rootobject, append_only"), root("name: str"), TWO,
                                 {"user": [{"rev": 1}] * 2}),
    "change_an_append_only_type": Change(
        root("name: str age?: u8", "rootobject, append_only"),
        root('name: str age: u16 = 3 kind: str = "a"', "rootobject, append_only"), TWO,
        {"user": [{"age": 3, "kind": "a"}] * 2}, back={"user": [{"age": 3}] * 2}),
    "immutable_set_once_server": Change(root("name: str nick?: str at: otime = now"),
                                        root("name: str @immutable nick?: str @set_once at: otime = now @server"),
                                        {"user": [{**ANN, "at": "2026-05-20T22:03:14Z"}]}, {}),
    "remove_sensitive": Change(root("name: str @sensitive"), root("name: str"), TWO, {}),
    "many_changes_at_once": Change(
        root("name: str @index n: u8 gone?: str x?: &Node", "rootobject, index(name, n)") + "\n"
        + root("host: str", name="Node"),
        root('title: str @unique @was("name") n: u32 = 4 added: decimal = "2.50" y?: &Machine @was("x")',
             'rootobject, reserved("gone"), was("User"), unique(title, n)', "Person") + "\n"
        + root("host: str @len(1, 99)", 'rootobject, was("Node")', "Machine"),
        {"node": [{"sid": "nod1", "host": "h"}], "user": [{**ANN, "n": 4, "x": "nod1"}]},
        {"person": [{"sid": "ann1", "title": "Ann", "n": 4, "y": "nod1", "rev": 1}],
         "machine": [{"sid": "nod1", "host": "h", "rev": 1}]}),
}


def assert_holds(found: Rows, before: Rows, other: Rows) -> None:
    """Rows are those of before in what both versions have, but for `other`; tables that came hold just `other`."""
    for table, rows in found.items():
        kept = before.get(table, [{}] * len(other.get(table, [])))
        for row, old, new in zip(rows, kept, other.get(table, [{}] * len(kept)), strict=True):
            wanted = {**{name: value for name, value in old.items() if name in row}, **new}
            assert {name: row[name] for name in wanted} == wanted, table


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_keeps_rows_or_is_refused(name: str, databases: Callable[[], Database], tmp_path: Path) -> None:
    change = CHANGES[name]
    project, database = Project(tmp_path / "schemas"), databases()
    assert not project.plan(change.old).findings()
    migrations.apply(database, project.migrations)
    old = project.program(change.old)
    insert(database, old, {table.name: change.rows[table.name] for table in tables(old) if table.name in change.rows})
    before, shape = read(database, old), catalogue(database)

    codes = [finding.rule.code for finding in project.plan(change.new)]
    assert codes == ([change.refused] if change.refused else [])
    if change.refused:
        return
    if change.blocked:
        with pytest.raises(migrations.MigrationError, match=change.blocked):
            migrations.apply(database, project.migrations)
        assert (read(database, old), catalogue(database)) == (before, shape)
        return

    assert not project.plan(change.new).findings()   # the new migration leads to the new lock
    new = project.program(change.new)
    migrations.apply(database, project.migrations)
    assert catalogue(database) == fresh(databases(), new)
    assert_holds(read(database, new), before, change.after or {})

    steps = len(migrations.read(project.migrations))
    if steps == 1:
        assert shape == catalogue(database)   # nothing that a database has to know
    elif change.stays:
        with pytest.raises(migrations.MigrationError, match=change.stays):
            migrations.apply(database, project.migrations, 1)
        assert catalogue(database) == fresh(databases(), new)
    else:
        migrations.apply(database, project.migrations, 1)
        assert catalogue(database) == shape
        assert_holds(read(database, old), before, change.back)


# --- guards of the way back -------------------------------------------------------------------------------------

@pytest.mark.parametrize(("old", "new", "row", "message"), [
    (root("name: str"), root("name: str nick?: str"), {**ANN, "nick": "A"}, "going back would lose"),
    (root("name: str"), root('name: str kind: str = "x"'), {**ANN, "kind": "y"}, "going back would lose"),
    (root("name: str"), root("name?: str"), {"sid": "ann1"}, "required"),
    (root("n: u8"), root("n: u64"), {"sid": "ann1", "n": 256}, "some rows break"),
    (root("n: i8"), root("n: i64"), {"sid": "ann1", "n": -129}, "some rows break"),
    (root("name: str @len(1, 5)"), root("name: str"), {"sid": "ann1", "name": "Annabelle"}, "some rows break"),
    (root('name: str @regex("^[a-z]+$")'), root("name: str nick?: str"), ANN, "must now match"),
    (root("c: Color") + "\n" + ENUM, root("c: Color") + '\nColor = "red" | "blue" | "green"',
     {"sid": "ann1", "c": "green"}, "may no longer be 'green'"),
    (root("c: Color") + "\n" + ENUM, root("c: Color") + "\n" + OPEN, {"sid": "ann1", "c": "pink"}, "closed enum"),
    (root("name: str", name="Node"), root("name: str", name="Node") + "\n" + root("name: str"), ANN,
     "holds rows, which would be lost"),
    (root("s: [A]") + "\nA = { x: u8 }", root("s: [A]") + "\nA = { x: u8 y?: u8 }",
     {"sid": "ann1", "s": [{"x": 1, "y": None}, {"x": 1, "y": 0}]}, "user.s of ann1: m.A.y holds values"),
    (root("s: [A]") + "\nA = { x: u8 }", root("s: [A]") + "\nA = { x: u8 y: u8 = 1 }",
     {"sid": "ann1", "s": [{"x": 1, "y": 1}, {"x": 1, "y": 2}]}, "user.s of ann1: m.A.y holds values"),
    (root("s: [A]") + "\nA = { x: u8 }", root("s: [A]") + "\nA = { x?: u8 }",
     {"sid": "ann1", "s": [{"x": None}]}, "user.s of ann1: m.A.x is required"),
])
def test_going_back_never_loses_what_was_stored_since(
        old: str, new: str, row: dict[str, Any], message: str, databases: Callable[[], Database],
        tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    project.plan(old)
    project.plan(new)
    migrations.apply(database, project.migrations)
    program = project.program(new)
    insert(database, program, {"user": [row]})
    before, shape = read(database, program), catalogue(database)
    with pytest.raises(migrations.MigrationError, match=message):
        migrations.apply(database, project.migrations, 1)
    assert (read(database, program), catalogue(database)) == (before, shape)


# --- what the tables promise ------------------------------------------------------------------------------------

def test_append_only_tables_refuse_changes(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    text = root("name: str", "rootobject, append_only")
    project.plan(text)
    migrations.apply(database, project.migrations)
    insert(database, project.program(text), TWO)
    replace = "INSERT OR REPLACE INTO \"user\" (sid, name) VALUES ('ann1', 'x')" if database.dialect == "sqlite" else (
        "INSERT INTO \"user\" (sid, name) VALUES ('ann1', 'x') ON CONFLICT (sid) DO UPDATE SET name = 'x'")
    for statement in ('UPDATE "user" SET "name" = \'x\'', 'DELETE FROM "user"', replace):
        with pytest.raises(Refused, match="user is append-only"):
            database.execute(statement)


def test_checks_and_keys_hold(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    fields = 'a: u8 b: u64 c: Color d: money<USD> @max(1) e: str @len(2, 3) f: decimal @min("0.1") g?: str @unique'
    text = f"{root(fields)}\n{ENUM}"
    project.plan(text)
    migrations.apply(database, project.migrations)
    program = project.program(text)
    good = {"sid": "ann1", "a": 255, "b": 2**64 - 1, "c": "red", "d": "1", "e": "äöü", "f": "0.10", "g": "x"}
    insert(database, program, {"user": [good]})
    for wrong in ({"a": 256}, {"a": -1}, {"c": "pink"}, {"d": "1.000000001"}, {"e": "x"}, {"e": "long"}, {"f": "0.09"},
                  {"e": None}):
        with pytest.raises(Refused):
            insert(database, program, {"user": [{**good, "sid": "bob1", "g": None, **wrong}]})
    with pytest.raises(Duplicate):
        insert(database, program, {"user": [{**good, "sid": "bob1"}]})
    assert read(database, program)["user"][0]["b"] == 2**64 - 1


def test_order_is_the_same_on_both(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    text = root("d: decimal u: u64 t: str")
    project.plan(text)
    migrations.apply(database, project.migrations)
    rows = [("-100", 0, "B"), ("-12.5", 9, "a"), ("-0.01", 10, "b"), ("0", 99, "ä"), ("0.010", 100, "€"),
            ("9.99", 2**63, "😀"), ("10", 2**64 - 1, "😀a")]
    insert(database, project.program(text), {"user": [
        {"sid": f"sid{place}", "d": d, "u": u, "t": t} for place, (d, u, t) in reversed(list(enumerate(rows)))]})
    for column in ("d", "u", "t"):
        found = [sid for (sid,) in database.execute(f'SELECT "sid" FROM "user" ORDER BY "{column}"')]   # noqa: S608
        assert found == [f"sid{place}" for place in range(len(rows))], column


# --- JSON -------------------------------------------------------------------------------------------------------

def embedded(project: Project, old: str, new: str, rows: list[dict[str, Any]], database: Database) -> Program:
    """Rows of the old schemas, in a database that is ready for the migration to the new ones."""
    project.plan(old)
    migrations.apply(database, project.migrations)
    insert(database, project.program(old), {"user": rows})
    assert not project.plan(new).findings()
    return project.program(new)


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 5, 20, 22, 3, 14, 250_000, tzinfo=UTC)


def test_times_inside_json_are_those_of_the_migration(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    new = embedded(project, root("s: A") + "\nA = { x: u8 }",
                   root("s: A") + "\nA = { x: u8 a: otime = now b: datetime = now c: date = now }",
                   [{"sid": "ann1", "s": {"x": 1}}], database)
    migrations.apply(database, project.migrations, clock=FixedClock())
    assert read(database, new)["user"][0]["s"] == (
        '{"x":1,"a":"2026-05-20T22:03:14Z","b":"2026-05-20T22:03:14.250000Z","c":"2026-05-20"}')
    with pytest.raises(migrations.MigrationError, match=r"m\.A\.a holds values, which going back would lose"):
        migrations.apply(database, project.migrations, 1)


def test_many_rows_are_rewritten_in_parts(databases: Callable[[], Database], tmp_path: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrites, "CHUNK", 3)
    project, database = Project(tmp_path / "schemas"), databases()
    rows = [{"sid": f"ann{place:02}", "s": [{"x": place}] if place % 4 else []} for place in range(30)]
    new = embedded(project, root("s: [A]") + "\nA = { x: u8 }", root("s: [A]") + '\nA = { y: u8 @was("x") }',
                   rows, database)
    migrations.apply(database, project.migrations)
    assert [row["s"] for row in read(database, new)["user"]] == [
        f'[{{"y":{place}}}]' if place % 4 else "[]" for place in range(30)]


def test_values_of_another_form_stop_a_rewrite(databases: Callable[[], Database], tmp_path: Path) -> None:
    for held, message in (([1], "no JSON object"), ("x", "neither a list nor a map")):
        project, database = Project(tmp_path / message), databases()
        new = embedded(project, root("s: [A]") + "\nA = { x: u8 }", root("s: [A]") + '\nA = { y: u8 @was("x") }',
                       [{"sid": "ann1", "s": held}], database)
        before, shape = read(database, new), catalogue(database)
        with pytest.raises(migrations.MigrationError, match=f"user.s of ann1: .*{message}"):
            migrations.apply(database, project.migrations)
        assert (read(database, new), catalogue(database)) == (before, shape)


def test_a_rewrite_is_part_of_the_checksum(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    embedded(project, root("s: A") + "\nA = { x: u8 }", root("s: A") + '\nA = { y: u8 @was("x") }', [], database)
    about = next(project.migrations.glob("0002_*")) / "migration.json"
    planned = about.read_text()
    migrations.apply(database, project.migrations)
    about.write_text(planned.replace('"x": "y"', '"x": "z"'))
    with pytest.raises(migrations.MigrationError, match=r"migration\.json was edited since"):
        migrations.status(database, project.migrations)
    assert plan.seal(about.parent)
    with pytest.raises(migrations.NotCurrent, match="was changed after it was applied"):
        migrations.status(database, project.migrations)
    about.write_text(planned)
    assert not plan.seal(about.parent)
    assert not migrations.status(database, project.migrations).pending
    without = json.loads(planned)
    del without["rewrites"]
    about.write_text(json.dumps(without))
    with pytest.raises(migrations.MigrationError, match=r"migration\.json was edited since"):
        migrations.read(project.migrations)


# --- runs -------------------------------------------------------------------------------------------------------

def two_steps(project: Project) -> None:
    project.plan(root("name: str"))
    project.plan(root("name: str nick?: str"))


def test_a_failure_in_the_middle_leaves_nothing(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    two_steps(project)
    migrations.apply(database, project.migrations, 1)
    shape = catalogue(database)
    folder = project.migrations / migrations.read(project.migrations)[1].name
    script = folder / f"up.{database.dialect}.sql"
    script.write_text(script.read_text() + "\nCREATE TABLE half (x INTEGER);\n\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(migrations.MigrationError, match="was edited since it was planned"):
        migrations.apply(database, project.migrations)
    assert plan.seal(folder)
    with pytest.raises(migrations.MigrationError, match=r"0002_.* failed: .*nowhere.*nothing of it was kept"):
        migrations.apply(database, project.migrations)
    assert catalogue(database) == shape
    assert len(migrations.status(database, project.migrations).applied) == 1


def test_the_program_refuses_a_database_of_another_version(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    two_steps(project)
    with pytest.raises(migrations.NotCurrent, match=r"lacks 2 migrations .*run `oschema migrate apply --database "):
        migrations.require_current(database, project.migrations)
    migrations.apply(database, project.migrations, 1)
    with pytest.raises(migrations.NotCurrent, match=r"lacks 1 migration .*run `mend it`"):
        migrations.require_current(database, project.migrations, "mend it")
    migrations.apply(database, project.migrations)
    migrations.require_current(database, project.migrations)
    last = migrations.read(project.migrations)[1]
    for path in (project.migrations / last.name).iterdir():
        path.unlink()
    (project.migrations / last.name).rmdir()
    with pytest.raises(migrations.NotCurrent, match="newer version"):
        migrations.require_current(database, project.migrations)


def test_an_applied_migration_must_not_change(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    two_steps(project)
    migrations.apply(database, project.migrations)
    folder = project.migrations / migrations.read(project.migrations)[0].name
    script = folder / f"up.{database.dialect}.sql"
    script.write_text(script.read_text() + "-- later thoughts\n")
    plan.seal(folder)
    with pytest.raises(migrations.NotCurrent, match="was changed after it was applied"):
        migrations.require_current(database, project.migrations)


def test_gaps_and_twins_are_found(tmp_path: Path) -> None:
    project = Project(tmp_path / "schemas")
    two_steps(project)
    second = next(project.migrations.glob("0002_*"))
    third = second.rename(second.with_name("0003_later"))
    with pytest.raises(migrations.MigrationError, match="migration 0002 is missing before 0003_later"):
        migrations.read(project.migrations)
    third.rename(second.with_name("0001_twin"))
    with pytest.raises(migrations.MigrationError, match="0001_initial and 0001_twin have the same number"):
        migrations.read(project.migrations)


def test_two_runs_at_once_do_the_work_once(databases: Databases, tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    two_steps(project)
    done: list[int] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(len(migrations.apply(database, project.migrations)))
        except BaseException as error:
            failed.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sum(done) == 2
    assert not migrations.status(database, project.migrations).pending


def test_a_database_that_another_holds_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codegen.runtime.database.BUSY_TIMEOUT", 0.1)
    project = Project(tmp_path / "schemas")
    two_steps(project)
    holder, database = (Database.open(f"sqlite:///{tmp_path}/test.db") for _ in range(2))
    with holder.transaction():
        holder.execute("CREATE TABLE held (x INTEGER)")
        with pytest.raises(Unavailable, match="locked"):
            migrations.apply(database, project.migrations)
    assert len(migrations.apply(database, project.migrations)) == 2
    holder.close()
    database.close()


# --- any version to any other -----------------------------------------------------------------------------------

# The types a field may have in a version, each with the values of two rows.
POOL: dict[str, dict[str, tuple[Any, Any]]] = {
    "a": {"u8": (255, 3), "u16 @max(300)": (300, 4), "u32": (70_000, 5), "u64": (2**64 - 1, 6), "i64 @index": (-5, 7)},
    "b": {"str": ("abcdef", "abcdef"), "str @len(0, 5)": ("ABC", ""), "str @unique": ("1", "2"),
          'str @regex("^[a-z]*$")': ("abc", "abc")},
    "c": {"Color": ("red", "blue"), "Shade": ("dark", "light")},
    "d": {"&User": ("ann0", "ann0"), "&User @index": ("ann0", "ann1"), "&Node": (None, None)},
    "e": {"decimal": ("-3", "10.50"), 'decimal @min("0.1")': ("0.1", "2"), "decimal @index": ("0", "0")},
    "f": {"[str]": (["x"], []), "map<str, i32>": ({"x": 1}, {})},
    "g": {"otime": (0, 2**32 - 1), "date": ("2026-05-20", "0001-01-01"), "duration": ("PT1S", "-P1D")}}
FIELDS = st.fixed_dictionaries({}, optional={name: st.sampled_from(sorted(types)) for name, types in POOL.items()})
TYPES = st.tuples(FIELDS, FIELDS, st.booleans(), st.booleans(), st.sampled_from([ENUM, OPEN]))
ROWS = st.lists(st.sets(st.sampled_from(sorted(POOL))), max_size=2)


def version(fields: dict[str, str], others: dict[str, str], append_only: bool, second: bool, colors: str) -> str:
    """Schemas whose fields are all optional, so that versions can follow each other; what is gone is reserved."""
    def body(found: dict[str, str]) -> tuple[str, str]:
        gone = ", ".join(f'"{name}"' for name in "abcdefg" if name not in found)
        return " ".join(f"{name}?: {type_}" for name, type_ in found.items()), f", reserved({gone})" if gone else ""

    first, lost = body(fields)
    other, lost_too = body({name: type_.replace("&Node", "&User") for name, type_ in others.items()} if second else {})
    notes = f"rootobject{', append_only' if append_only else ''}{lost}"
    node = root(other, f"rootobject{lost_too}", "Node")
    return f'{root(first, notes)}\n{node}\n{colors}Shade = "dark" | "light"\n'


def same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Whether rows of two versions agree in what both have; `rev` counts changes, and comes and goes."""
    return all(two.get(name, value) == value for name, value in one.items() if name != "rev")


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(one=TYPES, two=TYPES, filled=ROWS)
def test_any_version_leads_to_any_other(dialect: str, one: Any, two: Any, filled: list[set[str]],
                                        request: pytest.FixtureRequest,
                                        tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("versions")
    databases, project = Databases(dialect, request, path), Project(path / "schemas")
    old, new = version(*one), version(*two)
    try:
        database = databases()
        assert not project.plan(old).findings()
        migrations.apply(database, project.migrations)
        program = project.program(old)
        types = one[0]
        rows = [{"sid": f"ann{place}",
                 **{name: POOL[name][types[name]][place] for name in sorted(chosen & types.keys())}}
                for place, chosen in enumerate(filled)]
        insert(database, program, {"user": rows})
        shape, before = catalogue(database), read(database, program)["user"]
        codes = {finding.rule.code for finding in project.plan(new)}
        assert codes <= {"OS721", "OS723"}   # a reserved name that comes again, a type that changed
        if codes:
            event("refused")
            return
        assert not project.plan(new).findings()
        following = project.program(new)
        try:
            migrations.apply(database, project.migrations)
        except migrations.MigrationError:
            event("stopped by rows")
            assert rows
            assert (catalogue(database), read(database, program)["user"]) == (shape, before)
            return
        assert catalogue(database) == fresh(databases(), following)
        after = read(database, following)["user"]
        assert all(same(*pair) for pair in zip(before, after, strict=True))
        try:
            migrations.apply(database, project.migrations, 1)
        except migrations.MigrationError:
            event("stopped by rows on the way back")
            assert rows
            assert (catalogue(database), read(database, following)["user"]) == (fresh(databases(), following), after)
            return
        event("there and back")
        assert catalogue(database) == shape
        assert all(same(*pair) for pair in zip(after, read(database, program)["user"], strict=True))
        if not rows:
            migrations.apply(database, project.migrations, 0)
            assert catalogue(database) == []
    finally:
        databases.close()


# --- the lock ---------------------------------------------------------------------------------------------------

@given(TYPES)
def test_the_lock_comes_back_whole(tmp_path_factory: pytest.TempPathFactory, one: Any) -> None:
    program = Project(tmp_path_factory.mktemp("lock") / "schemas").program(version(*one))
    text = lock.dump(program)
    assert lock.dump(lock.load(text)) == text
    assert sorted(tables(lock.load(text)), key=repr) == sorted(tables(program), key=repr)


def test_moving_declarations_does_not_change_the_lock(tmp_path: Path) -> None:
    project = Project(tmp_path / "schemas")
    one, two = root("name: str"), root("host: str", name="Node")
    assert lock.dump(project.program(f"{one}\n{two}")) == lock.dump(project.program(f"/// A machine.\n{two}\n\n{one}"))


MODULE = '{"format": 1, "modules": [{"name": "m", "version": "1.0.0", "imports": [], "types": [%s]}]}'


@pytest.mark.parametrize(("text", "message"), [
    ("", "restore it from version control"), ("[]", "restore it"), ('{"format": 2}', "has format 2.*reads format 1"),
    ('{"format": 1, "modules": [{"name": "m"}]}', "edited or cut"),
    (MODULE % '{"kind": "alias", "name": "A", "type": "[u8"}', "edited or cut"),
    (MODULE % '{"kind": "alias", "name": "A", "typo": "u8"}', "edited or cut")])
def test_a_lock_that_is_none_is_explained(text: str, message: str) -> None:
    with pytest.raises(lock.LockError, match=re.compile(message)):
        lock.load(text)


def test_a_lock_of_all_declarations_comes_back_whole(tmp_path: Path) -> None:
    text = """
Color = "red" | "blue" @deprecated("faded") | ...
Name = str @len(1, 9) @regex("^[a-z]+$")
A = { x: map<str, [money<USD>?]>  y?: json = {}  color: Color = red }
B = { n: i8 = -3 @min(-5)  at: datetime = now }
[tag("kind")]
Shape = A | B
error Gone(1001, 410) "it is gone" { name: Name }
error Full(1002) "no room"
Trouble = Gone | Full
[rootobject, principal, reserved("old"), was("Person")]
User = { sid: sid  name: Name @unique @immutable @sensitive  @was("title")  shape?: Shape }
[rootobject, append_only, crud(get, list), index(user, at), auth(own), deprecated("soon", since="1.2")]
Log = { sid: sid  user: &User @owner  at: otime @server }
[version("2.1"), auth(user)]
service LogService {
    write(user: &User, text: str, level?: i32 = 1) -> Log ! Trouble | NotFound  @auth(admin) @idempotent(text) @audit
    read(sid: sid) -> [Log?]?  @safe @x_cost(3)
}
interface Sink { put(text: str) ! Gone }
event Written { sid: sid  user: &User }
webhook hook("/hooks/log") -> Log ! Gone @signed(hmac_sha256, header="X-Sign", tolerance=300)
"""
    program = Project(tmp_path / "schemas").program(text)
    again = lock.load(lock.dump(program))
    assert lock.dump(again) == lock.dump(program)

    def bare(value: Any) -> Any:
        """Without what the lock leaves out, and sorted as it is."""
        if isinstance(value, tuple):
            return tuple(bare(item) for item in value)
        if not is_dataclass(value) or isinstance(value, type):
            return value
        known = {f.name: bare(getattr(value, f.name)) for f in fields(value)
                 if f.name not in ("span", "doc", "path", "files")}
        if isinstance(value, Module):
            known = {name: tuple(sorted(part, key=repr)) if isinstance(part, tuple) else part
                     for name, part in known.items()}
        return type(value).__name__, tuple(known.items())

    assert bare(again.modules) == bare(program.modules)
