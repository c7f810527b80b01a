"""What an editor is told of schemas while they are written: findings, the formatted text, what names mean and where."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from codegen.editor.completion import Kind, offers
from codegen.editor.hover import shown
from codegen.editor.names import Declared, Names
from codegen.editor.outline import outline
from codegen.model import Sources, sources_of
from codegen.rules import Subject, lint
from codegen.source.diagnostics import Finding, Report
from codegen.source.files import SourceFile, discover
from codegen.source.span import Span
from codegen.syntax import format_file, parse

_SEVERITY = {"error": 1, "warning": 2}
_KINDS: dict[Kind, int] = {"type": 7, "error": 7, "note": 10, "primitive": 14, "module": 9}
"""Kinds of what completion offers, as the protocol numbers them."""
_WORD = re.compile(r"\w+", re.ASCII)


class Editor:
    """The schemas of a directory as they stand in an editor: what is open there counts, else what is on disk.

    `explain` gives what is known of a word of the language, as Markdown. `open` are texts by their files, `versions`
    counts their changes as the editor does, where it does.
    """

    def __init__(self, schemas: Path, explain: Callable[[str], str | None]) -> None:
        self.schemas = schemas.resolve()
        self.open: dict[Path, str] = {}
        self.versions: dict[Path, int | None] = {}
        self._explain = explain
        self._told: set[Path] = set()
        self._parsed: dict[str, tuple[bytes, Sources, tuple[Finding, ...]]] = {}
        """Of each file as it was last: its bytes, and what was read from them."""

    def diagnostics(self) -> list[dict[str, Any]]:
        """What is to be published now: for each file that is open or has findings, and once more for those before."""
        report = Report()
        sources = self._sources(report)
        program = sources.resolve(report)
        if program is not None:
            lint(Subject(program, sources.trees), report)
        found: dict[Path, list[Finding]] = {}
        for finding in report.findings():
            found.setdefault(self.schemas / finding.span.path, []).append(finding)
        told, self._told = self._told, {*found, *self.open}
        return [
            {
                "uri": path.as_uri(),
                **({"version": version} if (version := self.versions.get(path)) is not None else {}),
                "diagnostics": [self._diagnostic(finding, sources.texts) for finding in found.get(path, [])],
            }
            for path in sorted(told | self._told)
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

    # --- names ------------------------------------------------------------------------------------------------------

    def meaning(self, path: Path, position: dict[str, int]) -> str | None:
        """The declaration that the name there means, or what `oschema explain` says of the word, as Markdown."""
        sources, declared = self._declared(path, position)
        if declared is not None:
            return shown(declared.node, sources.texts[declared.node.span.path])
        line, column = self._at(path, position)
        words = _WORD.finditer(self._text(path).split("\n")[line - 1])
        word = next((each[0] for each in words if each.start() < column <= each.end() + 1), None)
        return self._explain(word) if word is not None else None

    def definition(self, path: Path, position: dict[str, int]) -> dict[str, Any] | None:
        """Where the name there is declared."""
        sources, declared = self._declared(path, position)
        return None if declared is None else self._location(declared.node.name.span, sources.texts)

    def references(self, path: Path, position: dict[str, int], *, itself: bool) -> list[dict[str, Any]] | None:
        """Where what the name there means is used; first, with `itself`, where it is declared."""
        sources, declared = self._declared(path, position)
        if declared is None:
            return None
        own = [declared.node.name.span] if itself else []
        return [self._location(span, sources.texts) for span in [*own, *Names(sources).uses(declared)]]

    def symbols(self, path: Path) -> list[dict[str, Any]]:
        """The outline of a file."""
        sources = self._sources(Report())
        file = Names(sources).file(self._named(path))
        return [] if file is None else list(outline(file, lambda span: _range(span, sources.texts)))

    def completions(self, path: Path, position: dict[str, int]) -> list[dict[str, Any]]:
        """What may be written there."""
        source = SourceFile(self._named(path), self._text(path))
        names = Names(self._sources(Report()))
        return [
            {
                "label": offer.label,
                "kind": _KINDS[offer.kind],
                **({"detail": offer.detail} if offer.detail else {}),
                **({"insertText": offer.insert} if offer.insert else {}),
            }
            for offer in offers(names, source, *self._at(path, position))
        ]

    def _declared(self, path: Path, position: dict[str, int]) -> tuple[Sources, Declared | None]:
        sources = self._sources(Report())
        return sources, Names(sources).at(self._named(path), *self._at(path, position))

    # --- files ------------------------------------------------------------------------------------------------------

    def _sources(self, report: Report) -> Sources:
        files: dict[str, bytes] = {}
        on_disk = [file for module in discover(self.schemas, report) for file in module.files]
        written = {path for path in self.open if path.is_relative_to(self.schemas) and path.suffix == ".oschema"}
        for path in {file.resolve() for file in on_disk} | written:
            files[self._named(path)] = self._text(path).encode()
        sources = Sources(self.schemas.name)
        for name in sorted(files):
            own = self._read(name, files[name], report)
            sources.texts.update(own.texts)
            for directory, trees in own.trees.items():
                sources.trees.setdefault(directory, []).extend(trees)
        return sources

    def _read(self, name: str, data: bytes, report: Report) -> Sources:
        """One file. PERF: it is parsed again only where it changed, so that typing in one of many is not slow."""
        known = self._parsed.get(name)
        if known is None or known[0] != data:
            own = Report()
            known = self._parsed[name] = data, sources_of(self.schemas.name, {name: data}, own), tuple(own)
        report.extend(known[2])
        return known[1]

    def _named(self, path: Path) -> str:
        """A file's path below the schemas, which spans have."""
        return Path(os.path.relpath(path, self.schemas)).as_posix()

    def _text(self, path: Path) -> str:
        if path in self.open:
            return self.open[path]
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    # --- the protocol's forms ---------------------------------------------------------------------------------------

    def _diagnostic(self, finding: Finding, texts: dict[str, SourceFile]) -> dict[str, Any]:
        related = [{"location": self._location(each.span, texts), "message": each.message} for each in finding.related]
        return {
            "range": _range(finding.span, texts),
            "severity": _SEVERITY[finding.rule.severity],
            "code": finding.rule.code,
            "source": "oschema",
            "message": "\n".join(_said(finding)),
            **({"relatedInformation": related} if related else {}),
        }

    def _location(self, span: Span, texts: dict[str, SourceFile]) -> dict[str, Any]:
        return {"uri": (self.schemas / span.path).as_uri(), "range": _range(span, texts)}

    def _at(self, path: Path, position: dict[str, int]) -> tuple[int, int]:
        """Line and column, in characters from 1, of an editor's position; one behind a line's end is the end."""
        lines = self._text(path).split("\n")
        line = min(position["line"], len(lines) - 1)
        before = lines[line].encode("utf-16-le", "surrogatepass")[: 2 * position["character"]]
        return line + 1, len(before.decode("utf-16-le", "ignore")) + 1


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
