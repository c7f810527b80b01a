"""Schema files on disk: which there are, and their text."""

import os
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from stat import S_ISREG

from codegen.source import catalog
from codegen.source.diagnostics import Report
from codegen.source.span import Span

SUFFIX = ".oschema"
LIMIT_MIB = 8
BOM = "\ufeff"


@dataclass(frozen=True)
class SourceFile:
    """One schema file; `path` is as the user gave it, with `/`, lines end in `\\n`."""

    path: str
    text: str = field(repr=False)

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends; one more than there are line breaks."""
        return self.text.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.lines[:-1]:
            starts.append(starts[-1] + len(line) + 1)
        return starts

    def at(self, offset: int) -> Span:
        """The span of the one character at `offset`."""
        line = bisect_right(self._starts, offset)
        column = offset - self._starts[line - 1] + 1
        return Span(self.path, line, column, line, column + 1)

    def offset(self, line: int, column: int) -> int:
        """The index in `text` of a place."""
        return self._starts[line - 1] + column - 1

    def slice(self, span: Span) -> str:
        """The text that `span` covers."""
        return self.text[self.offset(span.line, span.column) : self.offset(span.end_line, span.end_column)]


@dataclass(frozen=True, slots=True)
class ModuleDirectory:
    """A directory that directly holds schema files; `files` sorted by name."""

    path: Path
    files: tuple[Path, ...]


def load(path: Path, report: Report) -> SourceFile | None:
    """Read a schema file; None, with findings, where it cannot be read as text.

    A byte order mark and carriage returns before line breaks are taken off.
    """
    shown = path.as_posix()
    start = Span(shown, 1, 1, 1, 2)
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):  # reading a pipe or a terminal would wait for ever
            report.add(catalog.UNREADABLE, start, path=shown, reason="it is no regular file")
            return None
        if status.st_size > LIMIT_MIB << 20:
            report.add(catalog.TOO_LARGE, start, size=-(-status.st_size >> 20), limit=LIMIT_MIB)
            return None
        data = path.read_bytes()
    except OSError as error:
        report.add(catalog.UNREADABLE, start, path=shown, reason=error.strerror or str(error))
        return None
    return decode(shown, data, report)


def decode(path: str, data: bytes, report: Report) -> SourceFile | None:
    """The text of a schema file's bytes; None, with findings, where they are no text."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        guess = ", the file looks like UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        report.add(catalog.NOT_UTF8, _end_of(path, before), byte=f"0x{data[error.start]:02x}", guess=guess)
        return None
    if "\0" in text:
        report.add(catalog.NUL_BYTE, _end_of(path, text[: text.index("\0")]))
        return None
    if text.startswith(BOM):
        report.add(catalog.BYTE_ORDER_MARK, Span(path, 1, 1, 1, 2))
        text = text[1:]
    return SourceFile(path, text.replace("\r\n", "\n"))


def _end_of(path: str, before: str) -> Span:
    """The span of the character that follows the text `before`."""
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    return Span(path, line, column, line, column + 1)


def discover(root: Path, report: Report) -> list[ModuleDirectory]:
    """Every module directory at or below `root`, sorted by path.

    Hidden directories and `migrations/` are not looked into; a directory reached twice by links counts once.
    """
    found: list[ModuleDirectory] = []
    seen: set[tuple[int, int]] = set()

    def failed(path: str, error: OSError) -> None:
        shown = Path(path).as_posix()
        report.add(catalog.UNREADABLE, Span(shown, 1, 1, 1, 2), path=shown, reason=error.strerror or str(error))

    pending = [str(root)]
    while pending:
        directory = pending.pop()
        try:
            status = os.stat(directory)  # noqa: PTH116 - os.scandir and os.stat share the error handling
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(directory) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            failed(directory, error)
            continue
        files = tuple(
            Path(directory, entry.name)
            for entry in entries
            if entry.name.endswith(SUFFIX) and not entry.name.startswith(".") and not _is_directory(entry)
        )
        if files:
            found.append(ModuleDirectory(Path(directory), files))
        pending += [
            entry.path
            for entry in reversed(entries)
            if not entry.name.startswith(".") and entry.name != "migrations" and _is_directory(entry)
        ]
    found.sort(key=lambda module: module.path.parts)
    if not found and not report.has_errors:
        shown = root.as_posix()
        report.add(catalog.NO_SCHEMAS, Span(shown, 1, 1, 1, 2), path=shown)
    return found


def _is_directory(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
