"""What an editor is told of schemas while they are written: findings, the formatted text, what a word means."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from codegen.commands.language import topic
from codegen.model import Sources, sources_of
from codegen.rules import Subject, lint
from codegen.source.diagnostics import Finding, Report
from codegen.source.files import SourceFile, discover
from codegen.source.span import Span
from codegen.syntax import format_file, parse

_SEVERITY = {"error": 1, "warning": 2}
_WORD = re.compile(r"\w+", re.ASCII)


class Editor:
    """The schemas of a directory as they stand in an editor: what is open there counts, else what is on disk."""

    def __init__(self, schemas: Path) -> None:
        self.schemas = schemas.resolve()
        self.open: dict[Path, str] = {}
        self._told: set[Path] = set()

    def diagnostics(self) -> list[dict[str, Any]]:
        """What is to be published now: for each file with findings, and once more for those that had some before."""
        report = Report()
        sources = self._sources(report)
        program = sources.resolve(report)
        if program is not None:
            lint(Subject(program, sources.trees), report)
        found: dict[Path, list[Finding]] = {}
        for finding in report.findings():
            found.setdefault(self.schemas / finding.span.path, []).append(finding)
        told, self._told = self._told, set(found)
        return [
            {
                "uri": path.as_uri(),
                "diagnostics": [self._diagnostic(finding, sources.texts) for finding in found.get(path, [])],
            }
            for path in sorted(told | found.keys())
        ]

    def formatted(self, path: Path) -> list[dict[str, Any]]:
        """The edits that format a file; none where it has syntax errors or is as it should be."""
        source, report = SourceFile(path.as_posix(), self._text(path)), Report()
        tree = parse(source, report)
        text = source.text if report.has_errors else format_file(source, tree)
        if text == source.text:
            return []
        end = _position(source.lines, len(source.lines), len(source.lines[-1]) + 1)
        return [{"range": {"start": {"line": 0, "character": 0}, "end": end}, "newText": text}]

    def meaning(self, path: Path, line: int, character: int) -> str | None:
        """What `oschema explain` says of the word there, as Markdown."""
        lines = self._text(path).split("\n")
        text = lines[line] if line < len(lines) else ""
        word = next((each[0] for each in _WORD.finditer(text) if each.start() <= character <= each.end()), None)
        return topic(word) if word is not None else None

    # --- files ------------------------------------------------------------------------------------------------------

    def _sources(self, report: Report) -> Sources:
        files: dict[str, bytes] = {}
        on_disk = [file for module in discover(self.schemas, report) for file in module.files]
        written = {path for path in self.open if path.is_relative_to(self.schemas) and path.suffix == ".oschema"}
        for path in {file.resolve() for file in on_disk} | written:
            files[Path(os.path.relpath(path, self.schemas)).as_posix()] = self._text(path).encode()
        return sources_of(self.schemas.name, files, report)

    def _text(self, path: Path) -> str:
        if path in self.open:
            return self.open[path]
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    # --- the protocol's forms ---------------------------------------------------------------------------------------

    def _diagnostic(self, finding: Finding, texts: dict[str, SourceFile]) -> dict[str, Any]:
        related = [
            {
                "location": {"uri": (self.schemas / each.span.path).as_uri(), "range": _range(each.span, texts)},
                "message": each.message,
            }
            for each in finding.related
        ]
        return {
            "range": _range(finding.span, texts),
            "severity": _SEVERITY[finding.rule.severity],
            "code": finding.rule.code,
            "source": "oschema",
            "message": "\n".join(_said(finding)),
            **({"relatedInformation": related} if related else {}),
        }


def path_of(uri: str) -> Path:
    """The file of a `file:` URI."""
    return Path(unquote(urlsplit(uri).path)).resolve()


def _said(finding: Finding) -> Iterable[str]:
    yield finding.message
    if finding.fix:
        yield f"fix: {finding.fix}"


def _range(span: Span, texts: dict[str, SourceFile]) -> dict[str, dict[str, int]]:
    lines = texts[span.path].lines if span.path in texts else []
    return {
        "start": _position(lines, span.line, span.column),
        "end": _position(lines, span.end_line, span.end_column),
    }


def _position(lines: list[str], line: int, column: int) -> dict[str, int]:
    """Editors count from 0, and in units of UTF-16."""
    before = lines[line - 1][: column - 1] if line <= len(lines) else ""
    return {"line": line - 1, "character": len(before.encode("utf-16-le", "surrogatepass")) // 2}
