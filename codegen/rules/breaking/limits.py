"""Constraints of fields, parameters and aliases: what got tighter, what got looser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from codegen.model import Alias, Constraints, Field, Param, Primitive, Program, Type
from codegen.model.values import parse
from codegen.rules.breaking.comparison import Comparison, pair_members, written_fields
from codegen.rules.breaking.register import Place, Rows, change, turned
from codegen.source import catalog_change_fields as catalog


@dataclass(frozen=True, slots=True)
class Limits:
    """What several constraints allow together. Bounds of values are (comparable value, as written)."""

    low: tuple[Any, str] | None = None
    high: tuple[Any, str] | None = None
    shortest: int = 0
    longest: int | None = None
    patterns: frozenset[str] = frozenset()


def limits_of(program: Program, type_: Type, constraints: tuple[Constraints, ...]) -> Limits:
    """The strictest of each."""
    base = program.base(type_)
    name = base.name if isinstance(base, Primitive) else ""
    lows = [(parse(name, c.minimum), str(c.minimum)) for c in constraints if c.minimum is not None]
    highs = [(parse(name, c.maximum), str(c.maximum)) for c in constraints if c.maximum is not None]
    return Limits(
        low=max(lows, default=None),
        high=min(highs, default=None),
        shortest=max((c.min_length for c in constraints if c.min_length is not None), default=0),
        longest=min((c.max_length for c in constraints if c.max_length is not None), default=None),
        patterns=frozenset(c.regex for c in constraints if c.regex is not None),
    )


def tighter(old: Limits, new: Limits) -> list[str]:
    """What `new` refuses and `old` allowed, in words; swapped, what got looser."""
    found = []
    if new.low is not None and (old.low is None or old.low[0] < new.low[0]):
        found.append(f"at least {new.low[1]}")
    if new.high is not None and (old.high is None or new.high[0] < old.high[0]):
        found.append(f"at most {new.high[1]}")
    if new.shortest > old.shortest:
        found.append(f"at least {new.shortest} long")
    if new.longest is not None and (old.longest is None or new.longest < old.longest):
        found.append(f"at most {new.longest} long")
    found += [f"matching {pattern}" for pattern in sorted(new.patterns - old.patterns)]
    return found


@change(catalog.CONSTRAINT_TIGHTEN)
def constraint_tighten(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _limited(compared):
        if found := tighter(old, new):
            yield replace(place, values={**place.values, "what": ", ".join(found)})


@change(catalog.CONSTRAINT_LOOSEN)
def constraint_loosen(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _limited(compared):
        if found := tighter(new, old):
            yield replace(place, values={**place.values, "what": f"it was {', '.join(found)}"}, rows=())


def _limited(compared: Comparison) -> Iterator[tuple[Place, Limits, Limits]]:
    """Everything with limits of its own; a change of an alias is told once, at the alias."""
    for before, after in compared.of_kind(Alias):
        if _comparable(compared, before.type, after.type):
            old = limits_of(compared.old, before.type, (before.constraints,))
            new = limits_of(compared.new, after.type, (after.constraints,))
            yield replace(turned(before, after), type=before.qname), old, new
    for before_holder, after_holder in compared.holders:
        for before_field, after_field in pair_members(written_fields(before_holder), written_fields(after_holder)).both:
            if limits := _limits(compared, before_field, after_field):
                rows = (Rows(before_holder.qname, "outside", (before_field.name,)),)
                place = turned(before_field, after_field, after_holder)
                yield replace(place, type=before_holder.qname, rows=rows), *limits
    for before_service, after_service in compared.services.both:
        for before_method, after_method in pair_members(before_service.methods, after_service.methods).both:
            for before_param, after_param in pair_members(before_method.params, after_method.params).both:
                if limits := _limits(compared, before_param, after_param):
                    place = turned(before_param, after_param, after_method)
                    yield replace(place, subject=f"{after_service.name}.{place.subject}"), *limits


def _limits(compared: Comparison, old: Field | Param, new: Field | Param) -> tuple[Limits, Limits] | None:
    """Their own constraints, and those of the aliases they go through where these are other aliases now."""
    if not _comparable(compared, old.type, new.type):
        return None
    was, now = list(compared.old.aliases_of(old.type)), list(compared.new.aliases_of(new.type))
    same = [compared.renamed.get(alias.qname, alias.qname) for alias in was] == [alias.qname for alias in now]
    before = () if same else tuple(alias.constraints for alias in was)
    after = () if same else tuple(alias.constraints for alias in now)
    return (
        limits_of(compared.old, old.type, (*_own(old), *before)),
        limits_of(compared.new, new.type, (*_own(new), *after)),
    )


def _own(member: Field | Param) -> tuple[Constraints, ...]:
    return (member.constraints,) if isinstance(member, Field) else ()


def _comparable(compared: Comparison, old: Type, new: Type) -> bool:
    """Whether the limits of both speak of values of one kind."""
    before, after = compared.old.base(old), compared.new.base(new)
    if isinstance(before, Primitive) and isinstance(after, Primitive):
        return before.name == after.name or {before.name, after.name} <= _WHOLE
    return type(before) is type(after)


_WHOLE = frozenset({f"{sign}{bits}" for sign in "iu" for bits in (8, 16, 32, 64)})
