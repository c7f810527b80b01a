"""The register of lint rules: each is a record of the table of diagnostics and a function that finds its places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from codegen.model import (
    Error,
    Event,
    Field,
    Interface,
    Member,
    Method,
    Module,
    Param,
    Primitive,
    Program,
    Service,
    Struct,
    Type,
)
from codegen.source.collector import collector_off
from codegen.source.diagnostics import Report, Rule
from codegen.source.span import Span
from codegen.syntax import tree


@dataclass(frozen=True)
class Subject:
    """What is looked at: the model, and the trees it came from, by module directory from the schemas' root."""

    program: Program
    trees: Mapping[str, Sequence[tree.File]] = field(default_factory=dict)

    def fields(self) -> Iterator[Field]:
        """All written fields, in source order."""
        for module in self.program.modules:
            for holder in with_fields(module):
                yield from (field for field in holder.fields if not field.implied)

    def methods(self) -> Iterator[Method]:
        """All methods of services."""
        for service in self.program.services:
            yield from service.methods

    def values(self) -> Iterator[Field | Param]:
        """All fields, and all parameters of services and interfaces."""
        yield from self.fields()
        for module in self.program.modules:
            for holder in with_methods(module):
                for method in holder.methods:
                    yield from method.params

    def primitive(self, type_: Type) -> str | None:
        """The primitive a type comes down to, None where it is none."""
        base = self.program.base(type_)
        return base.name if isinstance(base, Primitive) else None


def with_fields(module: Module) -> list[Struct | Error | Event]:
    return [*module.structs, *module.errors, *module.events]


def with_methods(module: Module) -> list[Service | Interface]:
    return [*module.services, *module.interfaces]


@dataclass(frozen=True)
class Found:
    """A place where a rule is broken; `values` fill the rule's message and fix."""

    span: Span
    values: Mapping[str, Any]


Check = Callable[[Subject], Iterator[Found]]
LINTS: dict[str, tuple[Rule, Check]] = {}
"""Every lint rule by its code."""


def rule(record: Rule) -> Callable[[Check], Check]:
    """Register a function as the finder of a rule's places."""

    def register(check: Check) -> Check:
        assert record.code not in LINTS, record.code
        LINTS[record.code] = (record, check)
        return check

    return register


@collector_off()
def lint(subject: Subject, report: Report) -> None:
    """Run every rule, in the order of their codes."""
    for _, (record, check) in sorted(LINTS.items()):
        for place in check(subject):
            report.add(record, place.span, **place.values)


def found(named: Member, **values: object) -> Found:
    """A place at a name."""
    return Found(named.span, {"name": named.name, **values})
