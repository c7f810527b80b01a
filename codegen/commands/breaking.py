"""`oschema breaking`: what the edits of the schemas break, for callers, for rows and for code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import click

from codegen.commands.approvals import Approvals, read_approvals
from codegen.commands.earlier import Earlier, read_earlier
from codegen.commands.options import FORMAT, SCHEMAS
from codegen.commands.rows import RowJudge
from codegen.model import load_sources
from codegen.rules.breaking import Change, Comparison, changes
from codegen.source.changes import SURFACE_NAMES, SURFACES, Surface, Verdict
from codegen.source.diagnostics import Finding, Related, Report
from codegen.source.files import SourceFile
from codegen.source.printers import write_findings
from codegen.source.span import NOWHERE

_MET = {"in": "those who send it", "out": "those who read it", None: "callers"}


@click.command(name="breaking")
@SCHEMAS
@click.option(
    "--against",
    metavar="REF|DIR|LOCK",
    help="A git revision, a directory of schemas, or a lock; the schemas' own lock if left out.",
)
@click.option(
    "--surfaces", default="WSC", show_default=True, help="Which to judge: W wire, S storage, C generated code."
)
@click.option("--approve", multiple=True, metavar="RULE:NAME", help="Let one change through (FIELD_DELETE:User.nick).")
@click.option("--database", metavar="URL", help="Look at its rows where the verdict on storage depends on them.")
@FORMAT
def command(
    schemas: Path, against: str | None, surfaces: str, approve: tuple[str, ...], database: str | None, form: str
) -> None:
    """Tell what changed since an earlier version of the schemas, and whom it breaks.

    Exit 1 where something breaks that is not approved. Changes that are meant are approved with a reason in
    `approvals.yaml` beside the schemas: a list of {change: RULE:Type.member, reason: …, date: …}.
    """
    judged = _surfaces(surfaces)
    approvals = read_approvals(schemas, approve)
    compared, earlier, texts = compare(schemas, against, form)
    found = changes(compared)
    if database is not None:
        rows = RowJudge(compared, database)
        found = [rows.judge(change) for change in found]
    findings = [
        finding for change in found if (finding := _finding(change, judged, approvals, earlier, schemas)) is not None
    ]
    findings.sort(key=lambda finding: (*finding.sort_key[:4], finding.message))
    write_findings(findings, texts, form)
    if form == "text" and not findings:
        click.echo(f"nothing breaks against {earlier.name}")
    if any(finding.rule.severity == "error" for finding in findings):
        raise SystemExit(1)


def compare(schemas: Path, against: str | None, form: str) -> tuple[Comparison, Earlier, dict[str, SourceFile]]:
    """Both models and the texts of their files. Ends the command with findings where either has errors."""
    report = Report()
    sources = load_sources(schemas, report)
    program = sources.resolve(report)
    earlier = read_earlier(against, schemas, report) if program is not None else None
    texts = {**sources.texts, **(earlier.texts if earlier is not None else {})}
    if program is None or earlier is None:
        write_findings(report.findings(), texts, form)
        raise SystemExit(1)
    return Comparison(earlier.program, program), earlier, texts


def _surfaces(given: str) -> tuple[Surface, ...]:
    wanted = given.upper()
    if not wanted or not set(wanted) <= set(SURFACES):
        raise click.UsageError("--surfaces takes letters of WSC")
    return tuple(surface for surface in SURFACES if surface in wanted)


def _finding(
    change: Change, judged: Iterable[Surface], approvals: Approvals, earlier: Earlier, schemas: Path
) -> Finding | None:
    """What is told of a change; None where nothing on these surfaces is worth telling."""
    verdicts = {surface: change.verdicts[surface] for surface in judged}
    if set(verdicts.values()) == {"ok"} and not change.rule.warns:
        return None
    place, rule = change.place, change.rule
    breaks = any(verdict in ("breaking", "approval") for verdict in verdicts.values())
    module = place.type.rpartition(".")[0] if place.type is not None else None
    approved = approvals.reason(rule.name, place.subject, module) if breaks else None
    span, old = place.span, place.old_span
    if span == NOWHERE:
        span, old = (old, NOWHERE) if old != NOWHERE else (NOWHERE._replace(path=schemas.as_posix()), NOWHERE)
    return Finding(
        replace(rule, severity="error" if breaks and approved is None else "warning"),
        span,
        rule.message.format(**place.values),
        rule.fix.format(**place.values) if rule.fix is not None and breaks else None,
        (Related(old, f"in {earlier.name}"),) if old != NOWHERE else (),
        tuple(_notes(change, verdicts, approved)),
        {"rule": rule.name, "subject": place.subject, "surfaces": verdicts, "breaks": _broken(change, verdicts)}
        | ({"approved": approved} if approved is not None else {}),
    )


def _notes(change: Change, verdicts: Mapping[Surface, Verdict], approved: str | None) -> Iterable[str]:
    """One line for each surface that is met, and the reason."""
    who = {"W": _MET[change.rule.side], "S": "stored rows", "C": "plugins" if change.rule.plugins else "code"}
    for surface, verdict in verdicts.items():
        said = {
            "breaking": f"breaks {who[surface]}",
            "approval": "somebody has to approve it",
            "migration": "a migration carries it over",
        }
        if verdict in said:
            yield f"{SURFACE_NAMES[surface]}: {said[verdict]}"
    yield from (f"rows: {note}" for note in change.rows_found)
    yield change.rule.why.replace("\n", " ").strip()
    if approved is not None:
        yield f"approved: {approved}"
    elif not {"breaking", "approval"}.isdisjoint(verdicts.values()):
        yield f"if it is meant: --approve {change.rule.name}:{change.place.subject}, or an entry of approvals.yaml"


def _broken(change: Change, verdicts: Mapping[Surface, Verdict]) -> list[str]:
    """Who is broken, for machines."""
    wire = {"in": ["senders"], "out": ["readers"], None: ["senders", "readers"]}[change.rule.side]
    who = {"W": wire, "S": ["rows"], "C": ["plugins" if change.rule.plugins else "code"]}
    return [each for surface, verdict in verdicts.items() if verdict == "breaking" for each in who[surface]]
