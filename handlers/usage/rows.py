"""Charged lines as the rows that are inserted: each value is encoded by the encoder of its column, and only once."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.storage.codecs import row_codecs
from codegen.runtime.storage.database import Dialect, Row
from generated.models.onboarding import DiscountBase, DiscountTier, ResourceCategory
from handlers.usage.charged_line import ChargedLine
from handlers.usage_format.record import SCHEMA

_KEPT = {each: each.value for kind in (ResourceCategory, DiscountTier, DiscountBase) for each in kind}
"""PERF: `.value` of an enum takes three times as long as to look it up."""


class RowsOfLines:
    """Makes rows of lines that are consumed `now`, for a dialect.

    PERF: the encoder of `Store` takes a dictionary of values of any kind. Here a row is written down in the order of
    the columns, which a test compares with that encoder's. Text of a line has no character NUL: its pattern saw to it.
    """

    def __init__(self, dialect: Dialect, now: datetime) -> None:
        codecs = row_codecs(dialect)
        self._decimal, self._u64, self._otime = codecs["decimal"], codecs["u64"], codecs["otime"]
        self._consumed_at = self._otime(now)

    def __call__(self, sid: str, line: ChargedLine) -> Row:
        """The row of a line."""
        decimal = self._decimal
        record, commit, place, digest, category, price, margin, tier, base, listed, charge, rest, _ = line
        node, stream, seq, user, kind, quantity, key, at, applies, seconds, machine, model, cost, cents, void = record
        # fmt: off
        return (
            sid, SCHEMA, node, stream, self._u64(seq), user, kind, decimal(quantity), applies, key, self._otime(at),
            seconds, machine, model, None if cost is None else decimal(cost), cents, void,
            commit, place.path, place.number, digest, _KEPT[category], price, margin, _KEPT[tier], _KEPT[base],
            listed, charge, decimal(rest), self._consumed_at,
        )
        # fmt: on
