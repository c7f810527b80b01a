"""Show findings: as text with source frames, as JSON, as GitHub annotations. One function for all commands."""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TextIO

from codegen.source.diagnostics import Finding
from codegen.source.files import SourceFile
from codegen.source.frames import Painter, frame

Format = Literal["text", "json", "github"]
FORMATS: tuple[Format, ...] = ("text", "json", "github")


def write_findings(
    findings: Iterable[Finding],
    sources: Mapping[str, SourceFile],
    form: str = "text",
    stream: TextIO | None = None,
    colour: bool | None = None,
) -> None:
    """Print findings, which are sorted already, and a summary.

    `sources` are the files by the path that spans name; a finding in no known file is shown without its line.
    `stream` is standard output by default; `colour` None means: where it is a terminal and NO_COLOR is not set.
    """
    out = sys.stdout if stream is None else stream
    listed = list(findings)
    if form == "json":
        out.write(json.dumps(as_json(listed), indent=2, ensure_ascii=not shows_all(out)) + "\n")
    elif form == "github":
        out.write("".join(map(annotation, listed)))
    else:
        painter = Painter.of(out, colour)
        out.write("".join(as_text(finding, sources, painter) + "\n" for finding in listed))
        if listed:
            out.write(summary_line(listed, painter) + "\n")


def shows_all(stream: TextIO) -> bool:
    """Whether a stream can show every character: JSON is written in ASCII to one that cannot."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def count(findings: Iterable[Finding]) -> tuple[int, int]:
    """How many errors and how many warnings."""
    severities = [finding.rule.severity for finding in findings]
    return severities.count("error"), severities.count("warning")


# --- text -------------------------------------------------------------------------------------------------------


def as_text(finding: Finding, sources: Mapping[str, SourceFile], painter: Painter) -> str:
    """A finding with its frame, the frames of its second places, and its fix."""
    severity = finding.rule.severity
    span = finding.span
    head = painter.paint(severity, f"{severity}[{finding.rule.code}]") + painter.paint("bold", f": {finding.message}")
    places = [span, *(related.span for related in finding.related)]
    gutter = max(len(str(place.end_line)) for place in places)
    lines = [head, *frame(span, sources.get(span.path), painter, gutter, severity)]
    shown = span
    for related in finding.related:
        same_file = related.span.path == shown.path
        lines += frame(
            related.span,
            sources.get(related.span.path),
            painter,
            gutter,
            "related",
            related.message,
            same_file,
            same_file and related.span.line == shown.line,
        )
        shown = related.span
    lines += [" " * gutter + painter.paint("gutter", " = ") + note for note in finding.notes]
    if finding.fix:
        lines.append(" " * gutter + painter.paint("gutter", " = ") + painter.paint("fix", "fix: ") + finding.fix)
    return "\n".join(lines) + "\n"


def summary_line(findings: list[Finding], painter: Painter) -> str:
    """`2 errors and 1 warning in 2 files`, and where the rules are explained."""
    errors, warnings = count(findings)
    files = len({finding.span.path for finding in findings if finding.span.path})
    parts = [
        painter.paint(kind, plural(number, kind))
        for number, kind in ((errors, "error"), (warnings, "warning"))
        if number
    ]
    where = f" in {plural(files, 'file')}" if files else ""
    return f"{' and '.join(parts)}{where}; `oschema explain {findings[0].rule.code}` tells more"


def plural(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


# --- JSON -------------------------------------------------------------------------------------------------------


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """The shape that `--format json` prints: `findings` and a `summary`."""
    listed = list(findings)
    errors, warnings = count(listed)
    return {"findings": [_finding(finding) for finding in listed], "summary": {"errors": errors, "warnings": warnings}}


def _finding(finding: Finding) -> dict[str, Any]:
    span = finding.span
    record: dict[str, Any] = {
        "code": finding.rule.code,
        "severity": finding.rule.severity,
        "message": finding.message,
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
    if finding.fix:
        record["fix"] = finding.fix
    if finding.related:
        record["related"] = [
            {
                "path": related.span.path,
                "line": related.span.line,
                "column": related.span.column,
                "message": related.message,
            }
            for related in finding.related
        ]
    return {**record, **finding.details}


# --- GitHub -----------------------------------------------------------------------------------------------------


def annotation(finding: Finding) -> str:
    """One workflow command of GitHub Actions, on one line."""
    span = finding.span
    properties = {"file": span.path}
    if span.line:
        properties |= {
            "line": str(span.line),
            "col": str(span.column),
            "endLine": str(span.end_line),
            "endColumn": str(span.end_column),
        }
    properties["title"] = finding.rule.code
    message = finding.message
    message += "".join(f"\n{note}" for note in finding.notes)
    if finding.fix:
        message += f"\nfix: {finding.fix}"
    for related in finding.related:
        message += f"\n{related.span.path}:{related.span.line}:{related.span.column}: {related.message}"
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{finding.rule.severity} {listed}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
