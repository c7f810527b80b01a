"""What became what: pairs the tables and columns of two shapes, by name and by `was`, never by guess."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from codegen.model.storage import Column, Table


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column before and after; one of them is None where it comes or goes."""

    old: Column | None
    new: Column | None

    def reversed(self) -> ColumnChange:
        return ColumnChange(self.new, self.old)


@dataclass(frozen=True, slots=True)
class TableChange:
    """A table before and after; one of them is None where it comes or goes. `columns` is given where both are."""

    old: Table | None
    new: Table | None
    columns: tuple[ColumnChange, ...] = ()

    def reversed(self) -> TableChange:
        return TableChange(self.new, self.old, tuple(column.reversed() for column in self.columns))


def changes(old: Iterable[Table], new: Iterable[Table]) -> tuple[TableChange, ...]:
    """Every table of both shapes, those of the new one first and in its order."""
    rest = {table.struct: table for table in old}
    living = {table.struct for table in new}
    pairs: list[TableChange] = []
    for table in new:
        before = rest.pop(_earlier(table, rest, living), None)
        columns = _columns(before, table) if before else ()
        pairs.append(TableChange(before, table, columns))
    return (*pairs, *(TableChange(table, None) for table in rest.values()))


def _earlier(table: Table, rest: dict[str, Table], living: set[str]) -> str:
    """The qualified name under which a table's struct was known; one that moved between modules keeps its table."""
    if table.struct in rest:
        return table.struct
    if table.was is not None:
        was = f"{table.struct.rpartition('.')[0]}.{table.was}"
        if was in rest and was not in living:
            return was
    return next((struct for struct, old in rest.items() if old.name == table.name and struct not in living), "")


def _columns(old: Table, new: Table) -> tuple[ColumnChange, ...]:
    rest = {column.name: column for column in old.columns}
    living = {column.name for column in new.columns}
    pairs = []
    for column in new.columns:
        renamed = column.name not in rest and column.was in rest and column.was not in living
        before = rest.pop(column.was if renamed and column.was else column.name, None)
        pairs.append(ColumnChange(before, column))
    return (*pairs, *(ColumnChange(column, None) for column in rest.values()))


def in_new_names(all_changes: Iterable[TableChange], change: TableChange) -> Table:
    """The old table with the new names of tables and columns (what renaming alone makes of it).

    Columns that go keep their names; indexes keep theirs.
    """
    assert change.old is not None and change.new is not None
    targets = {c.old.name: c.new.name for c in all_changes if c.old and c.new}
    columns = {c.old.name: c.new.name for c in change.columns if c.old and c.new}
    return replace(
        change.old,
        name=change.new.name,
        columns=tuple(
            replace(
                column,
                name=columns.get(column.name, column.name),
                references=targets.get(column.references, column.references) if column.references else None,
            )
            for column in change.old.columns
        ),
        indexes=tuple(
            replace(index, columns=tuple(columns.get(name, name) for name in index.columns))
            for index in change.old.indexes
        ),
    )
