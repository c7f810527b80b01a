"""What rows hold: verdicts on storage that depend on it, looked up in a database that has the old tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import click

from codegen.evolve import ddl, sql
from codegen.model import Named, Struct, named_in
from codegen.model.storage import Column, Table, column_of, table_of
from codegen.rules.breaking import Change, Comparison, Rows
from codegen.rules.breaking.comparison import pair_members
from codegen.rules.breaking.reach import closure
from codegen.rules.breaking.register import Holding
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from codegen.runtime.values.pattern import read_pattern

_SAID: Mapping[Holding, tuple[str, str]] = {
    "any": ("row is there", "rows are there"),
    "null": ("row holds no value", "rows hold no value"),
    "value": ("row holds it", "rows hold it"),
    "other_values": ("row holds another value", "rows hold other values"),
    "duplicate": ("value stands in several rows", "values stand in several rows"),
    "outside": ("row is outside the new limits", "rows are outside the new limits"),
}
"""What was counted: one of it, several of it."""


class RowJudge:
    """Looks at the rows of one database. Raises `click.ClickException` where it cannot be read."""

    def __init__(self, compared: Comparison, url: str) -> None:
        self._compared = compared
        try:
            self._database = Database.open(url)
            self._database.ping()
        except (ValueError, Unavailable) as error:
            raise click.ClickException(f"the database cannot be read: {error}") from None

    def judge(self, change: Change) -> Change:
        """The change; where its verdict depends on rows and none is in the way, a migration carries it over."""
        if change.verdicts["S"] != "breaking" or not change.place.rows:
            return change
        counts = [found for rows in change.place.rows for found in self._counts(rows)]
        notes = tuple(_note(rows, table, count) for rows, table, count in counts)
        if any(count != 0 for _, _, count in counts):
            return replace(change, rows_found=notes)
        return replace(change, rows_found=notes, verdicts={**change.verdicts, "S": "migration"})

    def _counts(self, rows: Rows) -> Iterator[tuple[Rows, str, int | None]]:
        """For each place in the tables how many rows are in the way; None where a JSON column hides it."""
        for struct in self._compared.old.rootobjects:
            table = table_of(self._compared.old, struct)
            if rows.struct == struct.qname:
                yield rows, _place(table, rows.columns), self._count(table, rows)
                continue
            for field in struct.stored_fields:
                column = table.column(field.name)
                if self._compared.old.base(field.type) == Named(rows.struct) and column.kind != "json":
                    yield rows, f"{table.name}.{column.name}", self._count(table, replace(rows, columns=(column.name,)))
                elif column.kind == "json" and rows.struct in closure(self._compared.old, named_in(column.type)):
                    holds_any = self._number(sql.count(table.name)) > 0
                    yield rows, f"{table.name}.{column.name}", None if holds_any else 0

    def _count(self, table: Table, rows: Rows) -> int:
        columns = [sql.name(column) for column in rows.columns]
        match rows.holding:
            case "any":
                return self._number(sql.count(table.name))
            case "null":
                return self._number(sql.count(table.name, f"WHERE {columns[0]} IS NULL"))
            case "value" | "other_values":
                held = ", ".join(sql.text(value) for value in rows.values)
                within = "IN" if rows.holding == "value" else "NOT IN"
                return self._number(sql.count(table.name, f"WHERE {columns[0]} {within} ({held})"))
            case "duplicate":
                present = " AND ".join(f"{column} IS NOT NULL" for column in columns)
                groups = f"WHERE {present} GROUP BY {', '.join(columns)} HAVING count(*) > 1"
                return len(self._database.execute(sql.rows(table.name, groups)))
            case "outside":
                return self._outside(table, rows.columns[0])

    def _outside(self, table: Table, name: str) -> int:
        """Rows that break the new constraints; patterns are matched here, for databases do not match alike."""
        after = self._new_column(table, name)
        limits = ddl.check_of(after, self._database.dialect)
        broken = self._number(sql.count(table.name, f"WHERE NOT ({limits})")) if limits else 0
        patterns = [read_pattern(constraint.regex) for constraint in after.constraints if constraint.regex]
        if patterns:
            values = self._database.execute(sql.distinct(table.name, name))
            broken += sum(not all(pattern.fullmatch(value) for pattern in patterns) for (value,) in values)
        return broken

    def _new_column(self, table: Table, name: str) -> Column:
        """The column as it is to be, under its old name."""
        before, after = next(pair for pair in self._compared.of_kind(Struct) if pair[0].qname == table.struct)
        field = next(new for old, new in pair_members(before.fields, after.fields).both if old.name == name)
        return replace(column_of(self._compared.new, field), name=name)

    def _number(self, query: str) -> int:
        try:
            return int(self._database.execute(query)[0][0])
        except Unavailable as error:
            raise click.ClickException(f"the database cannot be read: {error}") from None


def _place(table: Table, columns: tuple[str, ...]) -> str:
    return f"{table.name}.{'+'.join(columns)}" if columns else table.name


def _note(rows: Rows, place: str, count: int | None) -> str:
    """What was found, for people."""
    if count is None:
        return f"{place} keeps it inside JSON, where nobody looked"
    one, several = _SAID[rows.holding]
    return f"in {place}, {count or 'no'} {several if count > 1 else one}"
