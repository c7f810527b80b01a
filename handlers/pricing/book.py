"""A price book: what one unit of each kind of usage costs, from which time on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from generated.models.onboarding import PriceUnit, ResourceCategory


@dataclass(frozen=True, slots=True)
class Rate:
    """One price of a book; `unit_price` in nano-dollars, `model` empty for all but a language model. `sid` is that of
    the stored `Price`, empty where the book is not loaded."""

    category: ResourceCategory
    kind: str
    unit: PriceUnit
    unit_price: int
    margin_bp: int
    discountable: bool
    model: str = ""
    sid: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """Rates that hold from a time on."""

    effective_from: datetime
    rates: tuple[Rate, ...]

    def rate(self, kind: str, model: str | None = None) -> Rate | None:
        """The rate of a kind of usage: that of the language model where the book knows it, else the kind's own."""
        of_kind = {rate.model: rate for rate in self.rates if rate.kind == kind}
        return of_kind.get(model or "") or of_kind.get("")


def in_force(books: Iterable[Book], at: datetime) -> Book | None:
    """The book that holds at a time."""
    return max(
        (book for book in books if book.effective_from <= at), key=lambda book: book.effective_from, default=None
    )
