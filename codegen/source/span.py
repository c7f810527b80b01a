"""Where something stands in a source file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range in one source file; line and column count from 1, columns in characters."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, end: "Span") -> "Span":
        """The range from the start of this span to the end of `end` (same file)."""
        return Span(self.path, self.line, self.column, end.end_line, end.end_column)


NOWHERE = Span("", 0, 0, 0, 0)
