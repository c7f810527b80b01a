"""What can be wrong with a schema (`Rule`), one place where it is (`Finding`), and all of a run (`Report`)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from codegen.source.span import Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the table of diagnostics (`codegen.source.catalog`); `message` and `fix` are format strings."""

    code: str
    severity: Severity
    message: str
    fix: str | None = None
    why: str = ""
    """Markdown shown by `oschema explain CODE`: the reason of the rule and a small example of wrong and right."""


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that explains a finding, for example the earlier declaration."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is broken at one place.

    `notes` are further lines for people; `details` are further keys for machines.
    """

    rule: Rule
    span: Span
    message: str
    fix: str | None = None
    related: tuple[Related, ...] = ()
    notes: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        return (self.span.path, self.span.line, self.span.column, self.rule.code, self.message)


@dataclass(slots=True)
class Report:
    """Collects the findings of a run; `findings()` gives them sorted, errors before warnings, the first per line."""

    _findings: list[Finding] = field(default_factory=list)

    def add(
        self,
        rule: Rule,
        span: Span,
        *,
        related: Iterable[Related] = (),
        near: str | None = None,
        fix: str | None = None,
        **values: object,
    ) -> None:
        """Record that `rule` is broken at `span`; `values` fill its message, `near` (and they) its fix.

        A fix that speaks of `{near}` is left out where there is nothing near; `fix` replaces the rule's own.
        """
        if fix is not None:
            self._findings.append(Finding(rule, span, rule.message.format(**values), fix, tuple(related)))
            return
        fix = rule.fix
        if fix is not None and "{near" in fix and near is None:
            fix = None
        self._findings.append(
            Finding(
                rule,
                span,
                rule.message.format(**values),
                fix.format(near=near, **values) if fix is not None else None,
                tuple(related),
            )
        )

    def extend(self, findings: Iterable[Finding]) -> None:
        self._findings.extend(findings)

    def findings(self) -> list[Finding]:
        """Sorted by place; of several on one line only the first error, or the first warning where no error is."""
        first: dict[tuple[str, int], Finding] = {}
        for finding in sorted(self._findings, key=lambda f: (f.rule.severity != "error", f.sort_key)):
            first.setdefault((finding.span.path, finding.span.line), finding)
        return sorted(first.values(), key=lambda f: f.sort_key)

    @property
    def has_errors(self) -> bool:
        return any(finding.rule.severity == "error" for finding in self._findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings())

    def __len__(self) -> int:
        return len(self.findings())
