"""The laws of interfaces: what notes promise of every plugin's method (`@safe`, `@same`, `@deadline`, …)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen.model import Method
from codegen.rules.breaking.comparison import Comparison, pair_members
from codegen.rules.breaking.register import Place, change, turned
from codegen.source import catalog_change_laws as catalog


@change(catalog.LAW_ADD)
def law_add(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _methods(compared):
        yield from (_law(place, law) for law in _laws(new) if law not in _laws(old))


@change(catalog.LAW_DELETE)
def law_delete(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _methods(compared):
        yield from (_law(place, law) for law in _laws(old) if law not in _laws(new))


@change(catalog.DEADLINE_SHORTEN)
def deadline_shorten(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _deadlines(compared):
        if new < old:
            yield replace(place, values={**place.values, "old": old, "new": new})


@change(catalog.DEADLINE_LENGTHEN)
def deadline_lengthen(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _deadlines(compared):
        if new > old:
            yield replace(place, values={**place.values, "old": old, "new": new})


def _methods(compared: Comparison) -> Iterator[tuple[Place, Method, Method]]:
    """Each interface method of both models."""
    for before, after in compared.interfaces.both:
        for old, new in pair_members(before.methods, after.methods).both:
            place = turned(old, new, after)
            yield replace(place, values={"owner": place.subject}), old, new


def _deadlines(compared: Comparison) -> Iterator[tuple[Place, int, int]]:
    for place, old, new in _methods(compared):
        if old.deadline is not None and new.deadline is not None:
            yield replace(place, subject=f"{place.subject}.deadline"), old.deadline, new.deadline


def _laws(method: Method) -> list[str]:
    """As they are written; of a deadline only that there is one."""
    laws = {
        "@safe": method.safe,
        f"@idempotent({method.idempotent})": method.idempotent is not None,
        "@deadline": method.deadline is not None,
        "@offline": method.offline,
        "@paged": method.paged,
        **{f"@same({name})": True for name in method.same},
    }
    return [law for law, holds in laws.items() if holds]


def _law(place: Place, law: str) -> Place:
    word = law.removeprefix("@").partition("(")[0]
    return replace(place, subject=f"{place.subject}.{word}", values={**place.values, "law": law})
