"""What a unit of usage cost in some days, in words, as far as one price book held in all of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from codegen.runtime.errors import NotFound
from codegen.runtime.values.types import Money
from generated.models.onboarding import DiscountBase, PriceUnit, UsageLine
from handlers.prices.books import PriceBooks
from handlers.pricing.book import Book, Rate
from handlers.pricing.charge import Usage, charge

_UNITS = {
    PriceUnit.INSTANCE_HOUR: "an hour",
    PriceUnit.VM_HOUR: "an hour",
    PriceUnit.MILLION_TOKENS: "per million tokens",
}

NANOS_EACH = 2
"""So many nano-dollars a line may be off: it was rounded, and a call's cost may differ from its price by one."""


class UnitPrices:
    """Reads the price books."""

    def __init__(self, books: PriceBooks) -> None:
        self._books = books

    def book(self, since: date, until: date) -> Book | None:
        """The book that held on all of these days; None where there was none, or the prices changed on the way."""
        midnight = time(tzinfo=UTC)
        try:
            first = self._books.book_at(datetime.combine(since, midnight))
            last = self._books.book_at(datetime.combine(until, midnight) + timedelta(days=1, seconds=-1))
        except NotFound:
            return None
        return first if first == last else None


def unit_price(book: Book, line: UsageLine) -> tuple[Money | None, str, int] | None:
    """Price, the unit that it is for, and the margin on it in hundredths of a percent; None where the book has none. A
    language model without a price of its own is paid at its provider's price, which the book does not tell."""
    rate = book.rate(str(line.resource_kind), line.model)
    return None if rate is None else (_price(rate), _UNITS.get(rate.unit, ""), rate.margin_bp)


def some_priced(book: Book, line: UsageLine) -> bool:
    """Whether some of it came with its price, as an operator's program records it: the quantity at the unit price does
    not come to what was charged before the discount. A call's cost is in no proportion to its quantity, so of calls it
    is known only where no quantity was told."""
    rate = book.rate(str(line.resource_kind), line.model)
    if rate is None:
        return False
    if rate.unit == PriceUnit.COST:
        return not line.quantity and line.list_charge > 0
    usual = charge(rate, Usage(line.quantity), 100, DiscountBase.FULL).list_charge
    return abs(usual - line.list_charge) > NANOS_EACH * line.records


def _price(rate: Rate) -> Money | None:
    return None if rate.unit == PriceUnit.COST else Money(rate.unit_price)
