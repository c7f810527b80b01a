"""Judge each change of a column or table: its words, what rows must not hold, what fills old rows.

Forward, what would lose or guess data is refused, unless the schema says so (`reserved`, `@was`, a default). What
depends on rows becomes a guard, which stops the migration before anything is changed. Going back nothing is refused:
everything that the way back would lose is guarded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from codegen.evolve import ddl, sql
from codegen.evolve.change import TableChange
from codegen.evolve.embedded import Embedded, compare, unchanged
from codegen.evolve.lock import type_text
from codegen.model.model import Constraints, Default, Primitive, Program, QName, Struct
from codegen.model.storage import Column, Table
from codegen.runtime.values.columns import DIALECTS, Dialect
from codegen.source import catalog
from codegen.source.diagnostics import Report, Rule
from codegen.source.span import NOWHERE, Span


@dataclass(frozen=True, slots=True)
class Guard:
    """A query for sids, by dialect, that must find no row before the migration begins; `message` says why and what to
    do."""

    table: str
    query: Mapping[Dialect, str]
    message: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that all values of a column must match whole; databases cannot check it, the runner does."""

    table: str
    column: str
    pattern: str
    message: str


@dataclass(slots=True)
class Verdict:
    """All that is to be said of one direction. `fills` maps (table, column), in new names, to what fills old rows;
    `rewrites` are the JSON columns, in old names, whose values change, as
    `codegen.runtime.storage.rewrites` takes them."""

    steps: list[str] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    patterns: list[Pattern] = field(default_factory=list)
    fills: dict[tuple[str, str], Default] = field(default_factory=dict)
    rewrites: dict[str, Any] = field(default_factory=lambda: {"columns": [], "types": {}})


FIRST_REV = Default(1)


class Judge:
    """One direction from `old` to `new`; refusals go to `report` (forward only)."""

    def __init__(self, old: Program, new: Program, all_changes: tuple[TableChange, ...], report: Report | None) -> None:
        self.old, self.new, self.changes, self.report = old, new, all_changes, report
        self.targets = {c.old.name: c.new.name for c in all_changes if c.old and c.new}
        self.verdict = Verdict()
        self.refused: set[tuple[str, str]] = set()

    @cached_property
    def _same(self) -> frozenset[QName]:
        return unchanged(self.old, self.new)

    def judge(self) -> Verdict:
        for change in self.changes:
            if change.old is None and change.new is not None:
                self._say(f"create table {change.new.name}")
            elif change.new is None and change.old is not None:
                self._say(f"drop table {change.old.name}, which must be empty")
                self._guard(change.old, "", "holds rows, which would be lost with the table; delete them first")
            elif change.old is not None and change.new is not None:
                self._table(change, change.old, change.new)
        return self.verdict

    # --- tables -----------------------------------------------------------------------------------------------

    def _table(self, change: TableChange, old: Table, new: Table) -> None:
        if old.name != new.name:
            self._say(f"rename table {old.name} to {new.name}")
        if old.append_only and not new.append_only:
            self._say(f"let rows of {new.name} be changed and deleted")
        elif new.append_only and not old.append_only:
            self._say(f"refuse changes and deletions of rows of {new.name}")
        for column in change.columns:
            if column.old is None and column.new is not None:
                self._added(old, new, column.new)
            elif column.new is None and column.old is not None:
                self._dropped(old, new, column.old)
            elif column.old is not None and column.new is not None:
                self._changed(old, new, column.old, column.new)
        self._indexes(change, old, new)

    def _indexes(self, change: TableChange, old: Table, new: Table) -> None:
        renamed = {c.old.name: c.new.name for c in change.columns if c.old and c.new}
        earlier = {c.new.name: c.old.name for c in change.columns if c.old and c.new}
        before = {(tuple(renamed.get(c, c) for c in index.columns), index.unique) for index in old.indexes}
        for index in new.indexes:
            if (index.columns, index.unique) in before:
                continue
            kind = "unique index" if index.unique else "index"
            self._say(f"add {kind} on {new.name} ({', '.join(index.columns)})")
            if index.unique and all(column in earlier for column in index.columns):
                columns = tuple(earlier[column] for column in index.columns)
                held = " AND ".join(f"{sql.name(column)} IS NOT NULL" for column in columns)
                group = f"WHERE {held} GROUP BY {sql.names(columns)} HAVING count(*) > 1"
                self._guard(
                    old,
                    f"WHERE ({sql.names(columns)}) IN ({sql.rows(old.name, group, columns)}) "
                    f"ORDER BY {sql.names((*columns, 'sid'))}",
                    f"({', '.join(columns)}) is now unique, and some rows hold the same; mend them first",
                )
        after = {(index.columns, index.unique) for index in new.indexes}
        for columns, unique in sorted(before - after):
            self._say(f"drop {'unique index' if unique else 'index'} on {new.name} ({', '.join(columns)})")

    # --- columns ----------------------------------------------------------------------------------------------

    def _added(self, old: Table, new: Table, column: Column) -> None:
        struct = self.new.struct(new.struct)
        if self.report is not None and column.name in self.old.struct(old.struct).reserved:
            self._refuse(catalog.RESERVED_AGAIN, struct, column.name)
        fill = FIRST_REV if column.name == "rev" and struct.field("rev").implied else column.default
        if fill is not None and (fill.now or fill.value is not None):
            self.verdict.fills[new.name, column.name] = fill
            value = "the time of the migration" if fill.now else sql.literal(column.kind, fill.value, "postgresql")
            self._say(f"add {new.name}.{column.name}, filled with {value}")
        elif column.nullable:
            self._say(f"add {new.name}.{column.name}, empty in old rows")
        elif self.report is not None:
            self._refuse(catalog.NO_VALUE_FOR_OLD_ROWS, struct, column.name)
        else:
            self._say(f"add {new.name}.{column.name} to the empty table")
            self._guard(old, "", f"holds rows, and there is no value for {column.name} in them; delete them first")

    def _dropped(self, old: Table, new: Table, column: Column) -> None:
        self._say(f"drop {new.name}.{column.name}")
        if column.name == "rev" and self.old.struct(old.struct).field("rev").implied:
            return
        if self.report is None:
            self._guard_values(old, column, "holds values, which going back would lose; clear them first")
            return
        struct = self.new.struct(new.struct)
        still_there = any(f.name == column.name for f in struct.fields)  # now @computed
        if column.name not in struct.reserved and not still_there:
            self._refuse(catalog.FIELD_LOST, struct, column.name)

    def _guard_values(self, table: Table, column: Column, message: str) -> None:
        """No row may hold anything but NULL, or what a migration filled in."""
        on = sql.name(column.name)
        fill = column.default
        queries = {}
        for dialect in DIALECTS:
            held = f"{on} IS NOT NULL"
            if fill is not None and fill.value is not None and not fill.now:
                plain = f"{on}::text" if column.kind == "json" and dialect == "postgresql" else on
                held += f" AND {plain} <> {sql.literal(column.kind, fill.value, dialect)}"
            queries[dialect] = sql.rows(table.name, f"WHERE {held}")
        self.verdict.guards.append(Guard(table.name, queries, f"{table.name}.{column.name} {message}"))

    def _changed(self, old: Table, new: Table, before: Column, after: Column) -> None:
        if before.name != after.name:
            self._say(f"rename {new.name}.{before.name} to {after.name}")
        if not self._same_meaning(before, after):
            self._retyped(old, new, before, after)
            return
        if before.kind != after.kind:
            self._say(f"turn {new.name}.{after.name} from {before.kind} to {after.kind}")
        if before.nullable and not after.nullable:
            self._required(old, new, before, after)
        elif after.nullable and not before.nullable:
            self._say(f"let {new.name}.{after.name} be empty")
        if set(before.values) != set(after.values) or before.kind != after.kind:
            self._values(old, before, after)
        self._limits(old, new, before, after)
        if after.kind == "json":
            found = compare(self.old, before.type, self.new, after.type, back=self.report is None, same=self._same)
            self._embedded(old, new, before, after, found)

    def _embedded(self, old: Table, new: Table, before: Column, after: Column, found: Embedded) -> None:
        """The values of a JSON column are rewritten, or there must be none."""
        for rule, fields in ((catalog.FIELD_LOST, found.lost), (catalog.RESERVED_AGAIN, found.again)):
            for struct, name in fields:
                if (struct.qname, name) not in self.refused:  # another column may hold it too
                    self.refused.add((struct.qname, name))
                    self._refuse(rule, struct, name)
        for problem in found.problems:
            self._say(f"{new.name}.{after.name} holds values of another form: {problem}")
            self._guard(
                old,
                f"WHERE {sql.name(before.name)} IS NOT NULL",
                f"{before.name} holds values that the other schema cannot read ({problem}); rewrite them first",
            )
        if found.problems:
            return
        for step in found.steps:
            self._say(f"in {new.name}.{after.name}: {step}")
        if found.holds is not None:
            self.verdict.rewrites["columns"].append({"table": old.name, "column": before.name, "holds": found.holds})
            self.verdict.rewrites["types"].update(found.types)

    def _same_meaning(self, before: Column, after: Column) -> bool:
        if before.references is not None or after.references is not None:
            return self.targets.get(before.references or "") == after.references
        if before.kind != after.kind:
            narrow, wide = before.integer_bounds, after.integer_bounds
            if {before.kind, after.kind} == {"enum_open", "enum_closed"}:
                return True
            if narrow is None or wide is None:
                return False
            return self.report is None or (wide[0] <= narrow[0] and narrow[1] <= wide[1])
        if before.kind == "money":
            return self.old.base(before.type) == self.new.base(after.type)
        return True

    def _retyped(self, old: Table, new: Table, before: Column, after: Column) -> None:
        struct = self.new.struct(new.struct)
        if self.report is not None:
            self.report.add(
                catalog.TYPE_CHANGED,
                _span(struct, after.name),
                name=after.name,
                owner=struct.name,
                old=_said(self.old, before),
                new=_said(self.new, after),
            )

    def _required(self, old: Table, new: Table, before: Column, after: Column) -> None:
        if after.default is not None and (after.default.now or after.default.value is not None):
            self.verdict.fills[new.name, after.name] = after.default
            self._say(f"fill empty {new.name}.{after.name} with its default, then require a value")
        else:
            self._say(f"require a value in {new.name}.{after.name}")
            self._guard(
                old,
                f"WHERE {sql.name(before.name)} IS NULL",
                f"{before.name} is now required, and some rows have none; give them a value first",
            )

    def _values(self, old: Table, before: Column, after: Column) -> None:
        """Enums: values that are gone, or unknown ones where the enum closes, must not stand in rows."""
        on = sql.name(before.name)
        if after.kind not in ("enum_open", "enum_closed"):
            return
        gone = [value for value in before.values if value not in after.values]
        if after.kind == "enum_closed" and before.kind == "enum_open":
            known = ", ".join(sql.text(value) for value in after.values)
            self._say(f"close the values of {old.name}.{before.name}")
            self._guard(
                old,
                f"WHERE {on} NOT IN ({known})",
                f"{before.name} is now a closed enum, and some rows hold other values; change them first",
            )
        elif gone:
            held = ", ".join(sql.text(value) for value in gone)
            self._say(f"take {held} from the values of {old.name}.{before.name}")
            self._guard(
                old,
                f"WHERE {on} IN ({held})",
                f"{before.name} may no longer be {held}, and some rows hold it; change them first",
            )
        added = [value for value in after.values if value not in before.values]
        if added:
            self._say(f"add {', '.join(sql.text(value) for value in added)} to the values of {old.name}.{before.name}")

    def _limits(self, old: Table, new: Table, before: Column, after: Column) -> None:
        """Constraints: rows that break a new or tighter one stop the migration."""
        probe = replace(
            after,
            name=before.name,
            kind=before.kind,
            values=before.values,
            constraints=(*after.constraints, *_range_of(before, after)),
        )
        if ddl.limits(probe) != ddl.limits(before):
            tighter = not ddl.implies(before, probe)
            self._say(f"{'tighten' if tighter else 'loosen'} what may stand in {new.name}.{after.name}")
            if tighter:
                queries = {
                    dialect: sql.rows(old.name, f"WHERE NOT ({ddl.check_of(probe, dialect)})") for dialect in DIALECTS
                }
                self.verdict.guards.append(
                    Guard(
                        old.name,
                        queries,
                        f"{old.name}.{before.name} has a constraint that some rows break; mend them first",
                    )
                )
        known = {constraints.regex for constraints in before.constraints}
        for regex in dict.fromkeys(c.regex for c in after.constraints if c.regex and c.regex not in known):
            self._say(f"check that {new.name}.{after.name} matches {regex}")
            self.verdict.patterns.append(
                Pattern(
                    old.name,
                    before.name,
                    regex,
                    f"{old.name}.{before.name} must now match {regex}, and some rows do not; mend them first",
                )
            )

    # --- words ------------------------------------------------------------------------------------------------

    def _say(self, step: str) -> None:
        self.verdict.steps.append(step)

    def _guard(self, table: Table, where: str, message: str) -> None:
        query = sql.rows(table.name, where)
        self.verdict.guards.append(Guard(table.name, dict.fromkeys(DIALECTS, query), f"{table.name}: {message}"))

    def _refuse(self, rule: Rule, struct: Struct, name: str) -> None:
        assert self.report is not None
        self.report.add(rule, _span(struct, name), name=name, owner=struct.name)


def _range_of(before: Column, after: Column) -> Iterator[Constraints]:
    """The range of a narrower integer, as a constraint on values of the wider one."""
    if before.kind == after.kind or before.integer_bounds is None or after.integer_bounds is None:
        return
    low, high = before.integer_bounds
    narrow_low, narrow_high = after.integer_bounds
    yield Constraints(minimum=max(low, narrow_low), maximum=min(high, narrow_high))


def _said(program: Program, column: Column) -> str:
    """A column's type in words."""
    base = program.base(column.type)
    return base.name if isinstance(base, Primitive) and base.name != "money" else type_text(base)


def _span(struct: Struct, name: str) -> Span:
    """Where a field stands, or its struct where the field is gone."""
    return next((f.span for f in struct.fields if f.name == name and f.span != NOWHERE), struct.span)
