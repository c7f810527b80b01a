"""The statements of a migration on SQLite, where most changes of a table are a rebuild of it.

The runner switches foreign keys off around the transaction, and checks them before it commits: dropping the old table
would otherwise delete rows that refer to it. See "Making Other Kinds Of Table Schema Changes" in SQLite's ALTER TABLE.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from codegen.evolve import ddl, sql
from codegen.evolve.change import ColumnChange, TableChange, in_new_names
from codegen.evolve.judge import Verdict
from codegen.model.model import Default
from codegen.model.storage import Column, Table
from codegen.runtime.values.columns import Dialect

_DIALECT: Dialect = "sqlite"


def statements(changes: Collection[TableChange], verdict: Verdict) -> list[str]:
    """Guards, then renames, new tables, alterations, and tables that go."""
    result = list(_guards(verdict))
    result += [
        f"ALTER TABLE {sql.name(change.old.name)} RENAME TO {sql.name(change.new.name)}"
        for change in changes
        if change.old and change.new and change.old.name != change.new.name
    ]
    result += ddl.create_tables([change.new for change in changes if change.new and not change.old], _DIALECT)
    for change in changes:
        if change.old and change.new:
            fills = {name: fill for (table, name), fill in verdict.fills.items() if table == change.new.name}
            result += _alter(in_new_names(changes, change), change.new, change, fills)
    result += [f"DROP TABLE {sql.name(change.old.name)}" for change in changes if change.old and not change.new]
    return result


def _guards(verdict: Verdict) -> Iterator[str]:
    """A trigger on a temporary table is SQLite's way to fail with words of one's own."""
    if not verdict.guards:
        return
    yield "CREATE TEMP TABLE migration_guard (failed INTEGER)"
    for number, guard in enumerate(verdict.guards, 1):
        yield (
            f"CREATE TEMP TRIGGER migration_guard_{number}\n"
            f"BEFORE INSERT ON migration_guard WHEN NEW.failed = {number}\n"
            f"BEGIN\n    SELECT RAISE(ABORT, {sql.text(guard.message)});\nEND"
        )
        yield f"INSERT INTO migration_guard SELECT {number} WHERE EXISTS ({guard.query[_DIALECT]})"
    yield "DROP TABLE migration_guard"


def _alter(old: Table, new: Table, change: TableChange, fills: dict[str, Default]) -> Iterator[str]:
    """`old` is in the new names."""
    assert change.old is not None
    added = [c.new for c in change.columns if c.new and not c.old]
    in_place = (
        change.old.name == new.name
        and all(c.new and (not c.old or c.old.name == c.new.name) for c in change.columns)
        and all(_definition(old, column) == _definition(new, new.column(column.name)) for column in old.columns)
        and all(column.nullable and column.name not in fills for column in added)
        and all(column.name not in fills for column in new.columns)
    )
    if not in_place:
        yield from _rebuild(new, change.columns, fills)
        return
    kept = {index.name for index in new.indexes} & {index.name for index in old.indexes}
    yield from (f"DROP INDEX {sql.name(index.name)}" for index in old.indexes if index.name not in kept)
    for column in added:
        yield f"ALTER TABLE {sql.name(new.name)} ADD COLUMN {_definition(new, column)}"
    yield from (ddl.create_index(new, index) for index in new.indexes if index.name not in kept)
    if old.append_only != new.append_only:
        yield from ddl.drop_triggers(old, _DIALECT)
        yield from ddl.create_triggers(new, _DIALECT)


def _definition(table: Table, column: Column) -> str:
    return ddl.column_definition(table, column, _DIALECT)


def _rebuild(new: Table, columns: Collection[ColumnChange], fills: dict[str, Default]) -> Iterator[str]:
    """Make the new table beside the old one (which has its new name already), move the rows, take its place."""
    beside = f"{new.name}__new"
    values = {c.new.name: _value(c, fills.get(c.new.name)) for c in columns if c.new}
    moved = {name: value for name, value in values.items() if value is not None}
    yield ddl.create_table(new, _DIALECT, as_name=beside)
    yield (
        f"INSERT INTO {sql.name(beside)} ({sql.names(tuple(moved))})\n"
        f"SELECT {', '.join(moved.values())}\nFROM {sql.name(new.name)}"
    )
    yield f"DROP TABLE {sql.name(new.name)}"
    yield f"ALTER TABLE {sql.name(beside)} RENAME TO {sql.name(new.name)}"
    yield from ddl.create_indexes(new)
    yield from ddl.create_triggers(new, _DIALECT)


def _value(change: ColumnChange, fill: Default | None) -> str | None:
    """What stands in a column of the new table, in terms of the old one; None leaves it empty."""
    assert change.new is not None
    kind = change.new.kind
    filled = None if fill is None else sql.now(kind, _DIALECT) if fill.now else sql.literal(kind, fill.value, _DIALECT)
    if change.old is None:
        return filled
    value = sql.name(change.old.name)
    if change.old.kind != "u64" and kind == "u64":
        value = f"printf('%020d', {value})"
        if change.old.nullable:
            value = f"CASE WHEN {sql.name(change.old.name)} IS NOT NULL THEN {value} END"
    elif change.old.kind == "u64" and kind != "u64":
        value = f"CAST({value} AS INTEGER)"
    return value if filled is None else f"coalesce({value}, {filled})"
