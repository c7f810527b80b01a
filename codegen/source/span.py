"""Where something stands in a source file."""

from typing import NamedTuple


class Span(NamedTuple):
    """Half-open range in one source file; line and column count from 1, columns in characters."""

    # PERF: every token and node has one; a tuple is made in a third of the time that a frozen dataclass takes.

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, end: "Span") -> "Span":
        """The range from the start of this span to the end of `end` (same file)."""
        return Span(self.path, self.line, self.column, end.end_line, end.end_column)


NOWHERE = Span("", 0, 0, 0, 0)
