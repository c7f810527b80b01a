"""The statements of a migration on PostgreSQL, where tables are altered in place."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from codegen.evolve import ddl, sql
from codegen.evolve.change import TableChange, in_new_names
from codegen.evolve.judge import Verdict
from codegen.model.storage import Column, TableIndex
from codegen.runtime.values.columns import Dialect

_DIALECT: Dialect = "postgresql"


def statements(changes: Collection[TableChange], verdict: Verdict) -> list[str]:
    """Guards, then renames, new tables, alterations, and tables that go."""
    alterations = [_Alteration(changes, change, verdict) for change in changes if change.old and change.new]
    result = list(_guards(verdict))
    for alteration in alterations:
        result += alteration.renames()
    result += ddl.create_tables([change.new for change in changes if change.new and not change.old], _DIALECT)
    for alteration in alterations:
        result += alteration.rest()
    gone = [change.old for change in changes if change.old and not change.new]
    if gone:
        for table in gone:
            result += ddl.drop_triggers(table, _DIALECT)
        result.append(f"DROP TABLE {sql.names(tuple(table.name for table in gone))}")
    return result


def _guards(verdict: Verdict) -> Iterator[str]:
    """The tables they look at are locked first, so that nothing is written between a guard and what it guards."""
    guarded = tuple(sorted({guard.table for guard in verdict.guards}))
    if guarded:
        yield f"LOCK TABLE {sql.names(guarded)} IN ACCESS EXCLUSIVE MODE"
    for guard in verdict.guards:
        body = (  # a column may be called as a variable of PL/pgSQL: `found`
            f"\n#variable_conflict use_column\nBEGIN\n    IF EXISTS ({guard.query[_DIALECT]}) THEN\n"
            f"        RAISE EXCEPTION USING MESSAGE = {sql.text(guard.message)};\n    END IF;\nEND\n"
        )
        quote = "$$"
        while quote in body:  # an enum value may hold anything
            quote = f"$_{quote[1:]}"
        yield f"DO {quote}{body}{quote}"


class _Alteration:
    """One table that stays. `old` is the old table in the new names."""

    def __init__(self, changes: Collection[TableChange], change: TableChange, verdict: Verdict) -> None:
        assert change.old is not None and change.new is not None
        self.before, self.new = change.old, change.new
        self.old = in_new_names(changes, change)
        self.columns = [
            (self.old.columns[self.before.columns.index(c.old)], c.new) for c in change.columns if c.old and c.new
        ]
        self.added = [c.new for c in change.columns if c.new and not c.old]
        self.dropped = [c.old for c in change.columns if c.old and not c.new]
        self.fills = {name: fill for (table, name), fill in verdict.fills.items() if table == self.new.name}
        self.table = f"ALTER TABLE {sql.name(self.new.name)}"
        filled = any(column.name in self.fills for _, column in self.columns)
        self.triggers_stay = (
            self.before.append_only == self.new.append_only and self.before.name == self.new.name and not filled
        )

    def renames(self) -> Iterator[str]:
        """What goes by a new name: afterwards other tables can refer to it."""
        if not self.triggers_stay:
            yield from ddl.drop_triggers(self.before, _DIALECT)
        if self.before.name != self.new.name:
            yield f"ALTER TABLE {sql.name(self.before.name)} RENAME TO {sql.name(self.new.name)}"
            yield from self._rename_constraint(ddl.primary_key_name(self.before), ddl.primary_key_name(self.new))
        for before, after in zip(self.before.columns, self.old.columns, strict=True):
            if before.name != after.name:
                yield f"{self.table} RENAME COLUMN {sql.name(before.name)} TO {sql.name(after.name)}"

    def rest(self) -> Iterator[str]:
        """Old constraints and indexes go before columns change, new ones come after."""
        new_indexes = {(index.columns, index.unique): index for index in self.new.indexes}
        old_indexes = {(index.columns, index.unique): index for index in self.old.indexes}
        yield from self._old_indexes(old_indexes, new_indexes)
        for old, new in self.columns:
            yield from self._old_constraints(old, new)
        for column in self.dropped:
            yield f"{self.table} DROP COLUMN {sql.name(column.name)}"
        for column in self.added:
            yield from self._add(column)
        for old, new in self.columns:
            yield from self._change(old, new)
        for old, new in self.columns:
            check = ddl.check_of(new, _DIALECT)
            if check and check != ddl.check_of(old, _DIALECT):
                yield f"{self.table} ADD CONSTRAINT {sql.name(ddl.check_name(self.new, new))} CHECK ({check})"
        yield from (ddl.create_index(self.new, index) for key, index in new_indexes.items() if key not in old_indexes)
        if not self.triggers_stay:
            yield from ddl.create_triggers(self.new, _DIALECT)

    def _old_indexes(
        self, old: dict[tuple[tuple[str, ...], bool], TableIndex], new: dict[tuple[tuple[str, ...], bool], TableIndex]
    ) -> Iterator[str]:
        for key, index in old.items():
            if key not in new:
                yield f"DROP INDEX {sql.name(index.name)}"
            elif new[key].name != index.name:
                yield f"ALTER INDEX {sql.name(index.name)} RENAME TO {sql.name(new[key].name)}"

    def _old_constraints(self, old: Column, new: Column) -> Iterator[str]:
        """Constraints of a column that stay go by their new names, the others go."""
        before = self.before.columns[self.old.columns.index(old)]
        if old.references is not None:
            yield from self._rename_constraint(
                ddl.foreign_key_name(self.before, before), ddl.foreign_key_name(self.new, new)
            )
        check, name = ddl.check_of(old, _DIALECT), ddl.check_name(self.before, before)
        if check and check == ddl.check_of(new, _DIALECT):
            yield from self._rename_constraint(name, ddl.check_name(self.new, new))
        elif check:
            yield f"{self.table} DROP CONSTRAINT {sql.name(name)}"

    def _rename_constraint(self, old: str, new: str) -> Iterator[str]:
        if old != new:
            yield f"{self.table} RENAME CONSTRAINT {sql.name(old)} TO {sql.name(new)}"

    def _add(self, column: Column) -> Iterator[str]:
        definition = ddl.column_definition(self.new, column, _DIALECT)
        fill = self.fills.get(column.name)
        if fill is None:
            yield f"{self.table} ADD COLUMN {definition}"
            return
        value = sql.now(column.kind, _DIALECT) if fill.now else sql.literal(column.kind, fill.value, _DIALECT)
        yield f"{self.table} ADD COLUMN {definition} DEFAULT {value}"
        yield f"{self.table} ALTER COLUMN {sql.name(column.name)} DROP DEFAULT"

    def _change(self, old: Column, new: Column) -> Iterator[str]:
        alter = f"{self.table} ALTER COLUMN {sql.name(new.name)}"
        type_ = ddl.column_type(new.kind, _DIALECT)
        if ddl.column_type(old.kind, _DIALECT) != type_:
            yield f"{alter} TYPE {type_}"
        fill = self.fills.get(new.name)
        if fill is not None:
            value = sql.now(new.kind, _DIALECT) if fill.now else sql.literal(new.kind, fill.value, _DIALECT)
            yield sql.fill(self.new.name, new.name, value)
        if old.nullable != new.nullable:
            yield f"{alter} {'DROP' if new.nullable else 'SET'} NOT NULL"
