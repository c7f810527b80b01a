"""The register of changes: each is a record of the table of diagnostics and a function that finds its places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from codegen.model import Member, QName
from codegen.rules.breaking.comparison import Comparison
from codegen.source.changes import SURFACES, ChangeRule, Surface, Verdict
from codegen.source.span import NOWHERE, Span

Holding = Literal["any", "null", "value", "other_values", "duplicate", "outside"]


@dataclass(frozen=True, slots=True)
class Rows:
    """What the verdict on storage depends on: rows of `struct` (its old name) that hold this.

    `any` row at all; `null` in a column; one of `values`, or another value, in it; a `duplicate` of columns; a value
    `outside` the new limits of the column.
    """

    struct: QName
    holding: Holding
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """One change. `subject` is its name for people and approvals (`User.nick`), `values` fill the rule's message.

    `span` is where it is seen in the new schemas, `old_span` in the old ones. `type` is the old type by which callers
    and rows meet the change, None for what every caller meets. `verdicts` replace the rule's own.
    """

    span: Span
    old_span: Span
    subject: str
    values: Mapping[str, Any]
    type: QName | None = None
    verdicts: Mapping[Surface, Verdict] = field(default_factory=dict)
    rows: tuple[Rows, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a rule's kind with its verdict on every surface. `rows_found` says what a database holds of it."""

    rule: ChangeRule
    place: Place
    verdicts: Mapping[Surface, Verdict]
    rows_found: tuple[str, ...] = ()


Find = Callable[[Comparison], Iterator[Place]]
CHANGES: dict[str, tuple[ChangeRule, Find]] = {}
"""Every kind of change by its name."""


def change(record: ChangeRule) -> Callable[[Find], Find]:
    """Register a function as the finder of a kind of change."""

    def register(find: Find) -> Find:
        assert record.name not in CHANGES, record.name
        CHANGES[record.name] = (record, find)
        return find

    return register


def changes(compared: Comparison) -> list[Change]:
    """Every change between two models: by place, then by rule."""
    found = [
        Change(record, place, _verdicts(compared, record, place))
        for record, find in CHANGES.values()
        for place in find(compared)
    ]
    return sorted(found, key=lambda each: (each.place.span, each.rule.code, each.place.subject))


def _verdicts(compared: Comparison, record: ChangeRule, place: Place) -> dict[Surface, Verdict]:
    """The rule's verdicts where the change reaches the surface."""
    verdicts = {**record.verdicts, **place.verdicts}
    if place.type is not None:
        reach = compared.reach
        sent, read = place.type in reach.sent, place.type in reach.read
        met = {"in": sent, "out": read, None: sent or read}[record.side]
        if not met:
            verdicts["W"] = "ok"
        if place.type not in reach.stored:
            verdicts["S"] = "ok"
    return {surface: verdicts[surface] for surface in SURFACES}


def came(member: Member, container: Member | None = None, **values: object) -> Place:
    """A member that is new; `container` is what it was added to, in the old schemas."""
    subject = f"{container.name}.{member.name}" if container is not None else member.name
    shown = {"name": member.name, **({"owner": container.name} if container is not None else {}), **values}
    return Place(member.span, container.span if container is not None else NOWHERE, subject, shown)


def went(member: Member, container: Member | None = None, **values: object) -> Place:
    """A member that is gone; `container` is what it was deleted from, in the new schemas."""
    subject = f"{container.name}.{member.name}" if container is not None else member.name
    shown = {"name": member.name, **({"owner": container.name} if container is not None else {}), **values}
    return Place(container.span if container is not None else NOWHERE, member.span, subject, shown)


def turned(before: Member, after: Member, container: Member | None = None, **values: object) -> Place:
    """A member that is another now; `container` is where it stands in the new schemas."""
    subject = f"{container.name}.{after.name}" if container is not None else after.name
    owner = container.name if container is not None else after.name
    return Place(after.span, before.span, subject, {"name": after.name, "owner": owner, "old": before.name, **values})
