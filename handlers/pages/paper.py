"""A page on paper, as PDF: the same bytes for the same content, so that a receipt stays what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

PDF = "application/pdf"
_MARGIN, _LINE = 18, 6
"""Millimetres."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on it: `facts` are names with values, `rows` a table below `heads`, whose last columns, `numbers` of
    them, are amounts. `at` is the time that the file carries."""

    title: str
    facts: Sequence[tuple[str, str]]
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int]
    numbers: int
    at: datetime


def pdf(paper: Paper) -> bytes:
    """The paper as PDF."""
    # PERF: loaded when the first paper is asked for; with its fonts and images it takes longer than a whole start.
    from fpdf import FPDF

    made = FPDF(format="A4")
    made.set_creation_date(paper.at)
    made.set_title(_latin(f"{paper.title} - Hero"))
    made.set_lang("en")
    made.set_margin(_MARGIN)
    made.set_auto_page_break(True, _MARGIN)
    made.add_page()
    made.set_font("Helvetica", "B", 18)
    made.cell(0, 12, _latin(paper.title), new_x="LMARGIN", new_y="NEXT")
    for name, value in paper.facts:
        made.set_font("Helvetica", "", 9)
        made.set_text_color(90)
        made.cell(38, _LINE, _latin(name))
        made.set_text_color(0)
        made.multi_cell(0, _LINE, _latin(value), new_x="LMARGIN", new_y="NEXT")
    if paper.rows:
        made.ln(_LINE)
        made.set_font("Helvetica", "", 9)
        align = ["L"] * (len(paper.heads) - paper.numbers) + ["R"] * paper.numbers
        with made.table(
            col_widths=tuple(paper.widths), text_align=tuple(align), borders_layout="HORIZONTAL_LINES"
        ) as table:
            for row in (paper.heads, *paper.rows):
                line = table.row()
                for text in row:
                    line.cell(_latin(text))
    return bytes(made.output())


def _latin(text: str) -> str:
    """Text in the letters that the built-in fonts have; what they lack is a question mark."""
    plain = text.replace("\u2212", "-").replace("\u2026", "...")
    return plain.encode("latin-1", "replace").decode("latin-1")
