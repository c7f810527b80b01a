"""Lines with columns that stand under one another, as in a table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codegen.source.frames import cell_width

MAX_ALIGNED = 64
"""A cell longer than this does not push the cells of its neighbours to the right."""

MAX_COMMENTED = 88
"""The same for a line and the comments at the ends of its neighbours."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line in cells. Neighbours of the same `kind` are aligned; a doc line or comment between them is `Line`."""

    kind: str
    cells: tuple[str, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is; `joins` tells that rows before and after it belong to one table."""

    text: str
    joins: bool = False


Entry = Row | Line
STEPS = {"member": 4}
"""Where the cells of a kind begin: at multiples of this after two spaces at least; elsewhere after one space."""


def render(entries: Iterable[Entry]) -> str:
    """The text of all lines, tables aligned."""
    return "".join(f"{line.rstrip()}\n" for table in _tables(entries) for line in _table(table))


def _tables(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    table: list[Entry] = []
    kind: str | None = None
    for entry in entries:
        fits = kind in (None, entry.kind) if isinstance(entry, Row) else entry.joins
        if table and not fits:
            yield table
            table, kind = [], None
        table.append(entry)
        if isinstance(entry, Row):
            kind = entry.kind
        elif not entry.joins:
            yield table
            table, kind = [], None
    yield table


def _table(entries: list[Entry]) -> Iterator[str]:
    rows = [entry for entry in entries if isinstance(entry, Row)]
    texts = [row.cells[0] for row in rows]
    for column in range(1, max((len(row.cells) for row in rows), default=0)):
        cells = [row.cells[column] if column < len(row.cells) else "" for row in rows]
        step = STEPS.get(rows[0].kind, 1)
        widths = [_width(text) for text, cell in zip(texts, cells, strict=True) if cell]
        gap = 2 if step > 1 else 1
        target = -(-(max((w for w in widths if w <= MAX_ALIGNED), default=0) + gap) // step) * step
        texts = [_put(text, cell, target, gap) for text, cell in zip(texts, cells, strict=True)]
    widths = [_width(text) for text, row in zip(texts, rows, strict=True) if row.comment]
    target = max((width for width in widths if width <= MAX_COMMENTED), default=0) + 2
    finished = iter([_put(text, row.comment, target, 2) for text, row in zip(texts, rows, strict=True)])
    for entry in entries:
        yield next(finished) if isinstance(entry, Row) else entry.text


def _put(text: str, cell: str, target: int, gap: int) -> str:
    if not cell:
        return text
    return text + " " * max(target - _width(text), gap) + cell


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_width(text)
