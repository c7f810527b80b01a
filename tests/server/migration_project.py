"""A project whose schemas change, the databases it is migrated on, and what they then hold."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from codegen.evolve import ddl, plan, sql
from codegen.model import Program, load_program
from codegen.model.storage import Table, tables
from codegen.runtime.storage import migrations, own_tables
from codegen.runtime.storage.database import Database
from codegen.runtime.values.columns import DECODERS
from codegen.source.diagnostics import Report

Rows = Mapping[str, list[dict[str, Any]]]
"""Rows by table, values in their JSON form."""


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
            script = f"INSERT INTO {sql.name(name)} ({sql.names(tuple(values))}) VALUES ({literals})"  # noqa: S608
            database.execute(script.replace("%", "%%") if database.dialect == "postgresql" else script)


def read(database: Database, program: Program) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, as the program of this version reads them."""
    found = {}
    for table in tables(program):
        columns = sql.names(tuple(column.name for column in table.columns))
        decoders = [DECODERS[database.dialect].get(column.kind, lambda value: value) for column in table.columns]
        found[table.name] = [
            {
                column.name: None if value is None else decode(value)
                for column, value, decode in zip(table.columns, row, decoders, strict=True)
            }
            for row in database.execute(f"SELECT {columns} FROM {sql.name(table.name)} ORDER BY sid")  # noqa: S608
        ]
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
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace ORDER BY 1",
)


def catalogue(database: Database) -> list[Any]:
    """Everything in a database but rows, the order of columns and the runtime's own tables, for comparison."""
    if database.dialect == "sqlite":
        return [
            (kind, name, top_level(text[text.index("(") + 1 : text.rindex(")")]) if kind == "table" else text)
            for kind, name, text in database.execute(
                "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1, 2"
            )
            if name not in own_tables.NAMES
        ]
    schema = database.execute("SELECT current_schema()")[0][0]
    rows: list[Any] = []
    for query in _POSTGRESQL_CATALOGUE:
        rows += database.execute(query)
    return [
        tuple(part.replace(f"{schema}.", "") if isinstance(part, str) else part for part in row)
        for row in rows
        if not any(name in row[0] for name in own_tables.NAMES)
    ]


def fresh(database: Database, program: Program) -> list[Any]:
    """The catalogue of a new database made from a program in one go."""
    script = ddl.create_all(program, database.dialect)
    if database.dialect == "postgresql":
        database.peewee.connection().execute(script)
    else:
        for statement in migrations.statements(script):
            database.execute(statement)
    return catalogue(database)


def root(body: str, notes: str = "rootobject", name: str = "User") -> str:
    return f"[{notes}]\n{name} = {{ sid: sid {body} }}"


ANN = {"sid": "ann1", "name": "Ann"}
TWO = {"user": [ANN, {"sid": "bob1", "name": "Bob"}]}
ENUM = 'Color = "red" | "blue"\n'
OPEN = 'Color = "red" | "blue" | ...\n'
