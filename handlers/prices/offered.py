"""The prices that the landing page tells: read once a minute, and shown from memory while the database is away."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from codegen.runtime.context import Clock
from codegen.runtime.errors import NotFound
from codegen.runtime.storage.faults import Unavailable
from codegen.runtime.values.types import Money
from generated.models.onboarding import DiscountBase
from handlers.prices.books import PriceBooks
from handlers.pricing.book import Book, Rate
from handlers.pricing.charge import Usage, charge
from handlers.pricing.ladder import Step

FRESH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """An hour of Hero OS before and with its margin, and the margins in hundredths of a percent; a price that the book
    does not have is None."""

    hour: Money | None
    hour_with_margin: Money | None
    hour_margin_bp: int | None
    model_margin_bp: int | None


class OfferedPrices:
    """`steps` are the ladder's."""

    def __init__(self, books: PriceBooks, clock: Clock, steps: tuple[Step, ...]) -> None:
        self._books, self._clock, self.steps = books, clock, steps
        self._read_at: datetime | None = None
        self._book: Book | None = None

    def now(self) -> Offer:
        """What is charged now."""
        now = self._clock.now()
        if self._read_at is None or not self._read_at <= now < self._read_at + FRESH:
            with suppress(Unavailable):  # what was read before is shown
                self._book, self._read_at = self._read(now), now
        hour, model = self._rate("hero_os_hour"), self._rate("llm_token")
        return Offer(
            hour=Money(hour.unit_price) if hour is not None else None,
            hour_with_margin=_one(hour) if hour is not None else None,
            hour_margin_bp=hour.margin_bp if hour is not None else None,
            model_margin_bp=model.margin_bp if model is not None else None,
        )

    def _read(self, now: datetime) -> Book | None:
        try:
            return self._books.book_at(now)
        except NotFound:
            return None

    def _rate(self, kind: str) -> Rate | None:
        return self._book.rate(kind) if self._book is not None else None


def _one(rate: Rate) -> Money:
    """What one unit costs with its margin."""
    return Money(charge(rate, Usage(Decimal(1)), 100, DiscountBase.FULL).charge)
