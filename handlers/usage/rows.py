"""Charged lines as the rows that are inserted: each value is encoded by the encoder of its column, and only once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from codegen.runtime.storage.codecs import row_codecs
from codegen.runtime.storage.database import Dialect, Row
from codegen.runtime.values.sid import new_sids
from handlers.usage.charged_line import ChargedLine
from handlers.usage_format.record import SCHEMA


class RowsOfLines:
    """Makes rows for a dialect.

    PERF: the encoder of `Store` takes a dictionary of values of any kind. Here a row is written down in the order of
    the columns, which a test compares with that encoder's. Text of a line has no character NUL: its pattern saw to it.
    """

    def __init__(self, dialect: Dialect) -> None:
        codecs = row_codecs(dialect)
        self._decimal, self._u64, self._otime = codecs["decimal"], codecs["u64"], codecs["otime"]

    def __call__(self, lines: Sequence[ChargedLine], now: datetime) -> list[Row]:
        """The rows of lines that are consumed `now`, each with a sid of its own that rises with its place."""
        decimal, u64, otime = self._decimal, self._u64, self._otime
        consumed_at, rows = otime(now), list[Row]()
        for sid, line in zip(new_sids(len(lines)), lines, strict=True):
            record, commit, place, digest, category, price, margin, tier, base, listed, charge, rest = line
            node, stream, seq, user, kind, quantity, key, at, applies, seconds, machine, model, cost, cents, void = (
                record
            )
            rows.append(
                (
                    *(sid, SCHEMA, node, stream, u64(seq), user, kind, decimal(quantity), applies, key, otime(at)),
                    *(seconds, machine, model, None if cost is None else decimal(cost), cents, void),
                    *(commit, place.path, place.number, digest, category.value, price, margin, tier.value, base.value),
                    *(listed, charge, decimal(rest), consumed_at),
                )
            )
        return rows
