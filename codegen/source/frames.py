"""Draw the lines of a source file that a finding speaks of, with a caret under the place."""

import os
import unicodedata
from dataclasses import dataclass
from typing import TextIO

from codegen.source.files import SourceFile
from codegen.source.span import Span

WIDTH = 100
"""Columns of source shown; longer lines are clipped around the place."""
TAB = 4

_STYLES = {"error": "1;31", "warning": "1;33", "related": "1;36", "fix": "1;32", "gutter": "34", "bold": "1"}


@dataclass(frozen=True, slots=True)
class Painter:
    """Colours text for a terminal, or leaves it as it is."""

    colour: bool

    @classmethod
    def of(cls, stream: TextIO, colour: bool | None = None) -> "Painter":
        """The painter fit for `stream`: colour where it is a terminal, unless NO_COLOR is set or `colour` says so."""
        if colour is None:
            colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(colour)

    def paint(self, style: str, text: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour and text else text


def frame(
    span: Span,
    source: SourceFile | None,
    painter: Painter,
    gutter: int,
    style: str,
    label: str = "",
    same_file: bool = False,
    same_line: bool = False,
) -> list[str]:
    """The place and its source line with carets; of a range over several lines the first one.

    `gutter` is the width of line numbers, `label` stands behind the carets. A second place in the same file
    (`same_file`) follows behind `:` instead of a new heading, one on the line just shown (`same_line`) has carets only.
    """
    if not span.path and not span.line:
        return []
    bar = painter.paint("gutter", "|")
    known = source is not None and 1 <= span.line <= len(source.lines)
    place = f"{span.path}:{span.line}:{span.column}" if span.line else span.path
    if same_line and known:
        lines = []
    elif same_file and known:
        lines = [painter.paint("gutter", " " * gutter + " :")]
    else:
        mark = ":::" if style == "related" else "-->"
        lines = [f"{' ' * gutter}{painter.paint('gutter', mark)} {place}"]
    if source is None or not known:
        if label:
            lines.append(f"{' ' * gutter} {painter.paint('gutter', '=')} {label}")
        return lines
    text = source.lines[span.line - 1]
    last = span.end_column if span.end_line == span.line else len(text) + 1
    shown, before, width = clip(text, span.column - 1, max(last - 1, span.column))
    number = painter.paint("gutter", str(span.line).rjust(gutter))
    carets = painter.paint(style, "^" * width + (f" {label}" if label else ""))
    if not same_file:
        lines.append(f"{' ' * gutter} {bar}")
    if not same_line:
        lines.append(f"{number} {bar} {shown}".rstrip())
    lines.append(f"{' ' * gutter} {bar} {' ' * before}{carets}")
    return lines


def clip(text: str, start: int, end: int) -> tuple[str, int, int]:
    """What is shown of a line, the columns before its characters `start` to `end`, and the columns these take.

    Tabs become spaces, wide characters take two columns, what cannot be printed is shown as `�`.
    """
    if len(text) <= WIDTH and text.isascii() and text.isprintable():  # PERF: a column for each character
        return text, min(start, len(text)), max(min(end, len(text)) - start, 1)
    left = 0
    if len(text) > WIDTH:  # PERF: only the neighbourhood is measured, however long the line
        left = max(0, min(start - WIDTH // 3, len(text) - WIDTH)) if start > WIDTH * 2 // 3 else 0
    cells: list[str] = []
    column = before = width = 0
    if left:
        cells.append("…")
        column = 1
    index = left
    while index < len(text) and column < WIDTH:
        cell = _cell(text[index], column)
        size = cell_width(cell)
        if index < start:
            before = column + size
        elif index < end:
            before = column if index == start else before
            width += size
        cells.append(cell)
        column += size
        index += 1
    if index < len(text):
        cells.append("…")
    if start >= index:  # the end of the line
        before = column
    return "".join(cells), before, max(width, 1)


def _cell(character: str, column: int) -> str:
    if character == "\t":
        return " " * (TAB - column % TAB)
    return character if character.isprintable() or unicodedata.combining(character) else "\ufffd"


def cell_width(cell: str) -> int:
    """Columns of a terminal that the text takes."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in cell
    )
