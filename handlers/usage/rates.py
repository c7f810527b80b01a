"""What a line costs: by the price book in force at its own time, and the tier that its user had then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from generated.models.onboarding import DiscountBase, DiscountTier
from handlers.prices.books import PriceBooks
from handlers.pricing.book import Book, Rate
from handlers.pricing.charge import Usage, charge
from handlers.pricing.ladder import Step, percent_of, tier_at, tier_begins

_REMEMBERED = 20_000
_NEVER = datetime.max.replace(tzinfo=UTC)


class Cost(NamedTuple):
    """In nano-dollars; the exact charge is `charge + rest`."""

    tier: DiscountTier
    list_charge: int
    charge: int
    rest: Decimal


class Rates:
    """Rates of all books. The ladder is taken from `base`."""

    def __init__(self, books: Sequence[Book], steps: Sequence[Step], base: DiscountBase) -> None:
        self.base = base
        self._books = sorted(books, key=lambda book: book.effective_from)
        self._begins = [book.effective_from for book in self._books]
        self._percents = {tier: percent_of(tier, steps) for tier in DiscountTier}
        self._rates: dict[tuple[int, str, str | None], Rate | None] = {}

    def rate(self, kind: str, model: str | None, at: datetime) -> Rate | None:
        """The rate of usage at a time; None where no book knows one."""
        place = bisect_right(self._begins, at) - 1
        if place < 0:
            return None
        key = (place, kind, model)
        if key not in self._rates:
            if len(self._rates) >= _REMEMBERED:
                self._rates.clear()
            self._rates[key] = self._books[place].rate(kind, model)
        return self._rates[key]

    def cost(self, rate: Rate, usage: Usage, at: datetime, first_paid_at: datetime | None) -> Cost:
        """The charge for usage at a time, of a user who first paid then. Raises `CannotBePriced`."""
        tier = tier_at(at, first_paid_at)
        made = charge(rate, usage, self.percent(tier), self.base)
        return Cost(tier, made.list_charge, made.charge, made.rest_as_decimal())

    def percent(self, tier: DiscountTier) -> int:
        """How much of its price usage costs at a tier."""
        return self._percents[tier]

    def unchanged(self, at: datetime, first_paid_at: datetime | None) -> tuple[datetime, datetime]:
        """From when until before when the book and the tier hold that hold at a time; a book must."""
        changes = [*self._begins, *tier_begins(first_paid_at)]
        begin = max(change for change in changes if change <= at)
        return begin, min((change for change in changes if change > at), default=_NEVER)


class CurrentRates:
    """The rates of the books that are loaded now; read again when another one was loaded."""

    def __init__(self, books: PriceBooks, steps: Sequence[Step], base: DiscountBase) -> None:
        self._books, self._steps, self._base = books, steps, base
        self._kept: tuple[str | None, Rates] | None = None

    def get(self) -> Rates:
        """Asks the database for no more than the newest book."""
        newest = self._books.newest()
        if self._kept is None or self._kept[0] != newest:
            self._kept = newest, Rates(self._books.every(), self._steps, self._base)
        return self._kept[1]
