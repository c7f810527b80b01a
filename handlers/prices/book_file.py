"""Price books as files: YAML, read without a float in between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from codegen.runtime.values.types import Money
from generated.errors.onboarding import PriceBookInvalid
from generated.models.onboarding import PriceUnit, ResourceCategory
from handlers.pricing.book import Book, Rate

MOST_CHARACTERS = 1_000_000


def _money(text: Any) -> Money:
    price = Money.parse(str(text))
    if price < 0:
        raise ValueError("a price is not negative")
    return price


def _second(moment: datetime) -> datetime:
    if moment.microsecond:
        raise ValueError("a book begins at a whole second")
    return moment.astimezone(UTC)


class _Price(BaseModel):
    model_config = ConfigDict(extra="forbid")

    category: ResourceCategory
    kind: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,62}$")]
    model: Annotated[str, Field(max_length=128)] = ""
    unit: PriceUnit
    unit_price: Annotated[Money, BeforeValidator(_money)]
    margin_bp: Annotated[int, Field(ge=0, le=1_000_000)]
    discountable: bool


class _Book(BaseModel):
    model_config = ConfigDict(extra="forbid")

    effective_from: Annotated[AwareDatetime, AfterValidator(_second)]
    note: Annotated[str, Field(max_length=500)] | None = None
    prices: Annotated[list[_Price], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class BookFile:
    """A book as it was read; `digest` is that of its text."""

    book: Book
    note: str | None
    digest: str


def read_book(text: str) -> BookFile:
    """The book of a text. Raises `PriceBookInvalid`, which says where and why."""
    if len(text) > MOST_CHARACTERS:
        raise PriceBookInvalid(detail="it is too long")
    try:
        # The base loader makes nothing but texts, lists and mappings: 0.10 stays what was written.
        found = _Book.model_validate(yaml.load(text, yaml.BaseLoader))
    except yaml.YAMLError as error:
        raise PriceBookInvalid(detail=str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise PriceBookInvalid(detail=f"{place}: {first['msg']}" if place else first["msg"]) from None
    rates = tuple(
        Rate(
            price.category,
            price.kind,
            price.unit,
            int(price.unit_price),
            price.margin_bp,
            price.discountable,
            price.model,
        )
        for price in found.prices
    )
    named = [(rate.kind, rate.model) for rate in rates]
    if twice := next((name for name in named if named.count(name) > 1), None):
        raise PriceBookInvalid(detail=f"prices: {' of '.join(filter(None, reversed(twice)))} has two prices")
    return BookFile(Book(found.effective_from, rates), found.note, sha256(text.encode()).hexdigest())
