"""A user's usage day by day as CSV: exact amounts, and no cell that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

from handlers.usage.breakdown import DayLine

HEADS = (
    "day",
    "category",
    "resource_kind",
    "model",
    "node_id",
    "instance_id",
    "records",
    "quantity",
    "list_charge_usd",
    "discount_usd",
    "charge_usd",
)
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def usage_csv(days: Iterable[DayLine]) -> str:
    """A row for each thing that was used on a day."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADS)
    for day in days:
        line = day.line
        texts = (line.category, line.resource_kind, line.model, line.node_id, line.instance_id)
        numbers = (line.records, f"{line.quantity:f}", line.list_charge, line.discount, line.charge)
        writer.writerow((day.day.isoformat(), *map(_text, texts), *numbers))
    return file.getvalue()


def _text(value: str | None) -> str:
    text = str(value or "")
    return f"'{text}" if text.startswith(_FORMULAS) else text
