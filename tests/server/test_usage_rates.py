"""Which price a line has, to the second, and what it costs then; what pages say of the price of some days."""

import weakref
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.models.onboarding import DiscountBase, DiscountTier, PriceUnit, ResourceCategory, UsageLine
from handlers.prices.book_file import read_book
from handlers.prices.books import SHIPPED, PriceBooks
from handlers.pricing.book import Book as Prices
from handlers.pricing.book import Rate
from handlers.pricing.charge import Usage
from handlers.pricing.ladder import STEPS
from handlers.usage.rates import CurrentRates, Rates
from handlers.usage.unit_prices import UnitPrices, unit_price
from tests.server.book import START, Book, create_tables

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
CENT = 10_000_000
OS, LLM = ResourceCategory.HERO_OS_HOURLY, ResourceCategory.LLM


def hour(cents: int, model: str = "") -> Rate:
    return Rate(OS, "hero_os_hour", PriceUnit.INSTANCE_HOUR, cents * CENT, 1000, True, model)


CHEAP, DEAR, MODEL = hour(10), hour(20), hour(30, "big")
RATES = Rates([Prices(START + DAY, (DEAR, MODEL)), Prices(START, (CHEAP,))], STEPS, DiscountBase.FULL)


@pytest.fixture
def books(database: Database) -> PriceBooks:
    """The shipped book holds from the first of January on; the clock stands on a day of May."""
    create_tables(database)
    found = PriceBooks(database, Book(database).clock)
    found.load_configured(None)
    return found


def load(books: PriceBooks, begins: datetime) -> None:
    """A book that makes an hour twice as dear."""
    text = SHIPPED.read_text().replace("2026-01-01T00:00:00Z", f"{begins:%Y-%m-%dT%H:%M:%SZ}")
    books.load(read_book(text.replace("0.10", "0.20")))


def test_a_book_holds_from_its_second_on() -> None:
    moments = (START - SECOND, START, START + DAY - SECOND, START + DAY, START + 100 * DAY)
    assert [RATES.rate("hero_os_hour", None, at) for at in moments] == [None, CHEAP, CHEAP, DEAR, DEAR]


def test_each_kind_and_model_has_its_own_rate() -> None:
    at = START + DAY
    assert [RATES.rate("hero_os_hour", model, at) for model in ("big", "small", None)] == [MODEL, DEAR, DEAR]
    assert RATES.rate("vm_hour", None, at) is RATES.rate("vm_hour", None, at) is None


class Name(str):
    """A name of which one can tell whether anybody still has it."""


def test_what_is_remembered_does_not_grow_without_end() -> None:
    """Twenty thousand rates are kept: a node names what models it likes."""
    rates = Rates([Prices(START, (CHEAP,))], STEPS, DiscountBase.FULL)
    name = Name("model")
    kept = weakref.ref(name)
    rates.rate("hero_os_hour", name, START)
    del name
    for number in range(19_999):
        rates.rate("hero_os_hour", f"{number}", START)
    assert kept() is not None
    assert rates.rate("hero_os_hour", "one more", START) == CHEAP
    assert kept() is None


def test_a_line_costs_what_is_left_at_its_own_time() -> None:
    usage = Usage(Decimal("0.5"))
    early = RATES.cost(CHEAP, usage, START + 7 * DAY - SECOND, START)
    assert early == (DiscountTier.NONE, 55_000_000, 55_000_000, Decimal(0))
    assert RATES.cost(CHEAP, usage, START + 7 * DAY, START) == (DiscountTier.WEEK, 55_000_000, 27_500_000, Decimal(0))
    assert RATES.cost(CHEAP, usage, START, None).tier is DiscountTier.NONE
    tiny = RATES.cost(CHEAP, Usage(Decimal("0.000000001")), START + 7 * DAY, START)
    assert (tiny.list_charge, tiny.charge, tiny.rest) == (0, 0, Decimal("0.055"))


def test_the_ladder_is_taken_from_its_base() -> None:
    rates = Rates([Prices(START, (CHEAP,))], STEPS, DiscountBase.MARGIN_ONLY)
    assert rates.base is DiscountBase.MARGIN_ONLY
    cost = rates.cost(CHEAP, Usage(Decimal(1)), START + 7 * DAY, START)
    assert (cost.list_charge, cost.charge) == (110_000_000, 105_000_000)


def test_rates_are_read_again_where_another_book_was_loaded(books: PriceBooks) -> None:
    current = CurrentRates(books, STEPS, DiscountBase.FLOOR_AT_COST)
    before, begins = current.get(), START + DAY
    assert current.get() is before and before.base is DiscountBase.FLOOR_AT_COST
    load(books, begins)
    after = current.get()
    assert after is not before and current.get() is after
    found = [after.rate("hero_os_hour", None, at) for at in (begins - SECOND, begins)]
    assert [rate.unit_price for rate in found if rate is not None] == [10 * CENT, 20 * CENT]
    assert after.cost(CHEAP, Usage(Decimal(1)), START + 7 * DAY, START).charge == 100_000_000


# --- what pages say -------------------------------------------------------------------------------------------------


def test_days_have_a_price_where_one_book_held_in_all_of_them(books: PriceBooks) -> None:
    said, day = UnitPrices(books), START.date()
    first = books.book_at(START)
    assert said.book(date(2026, 1, 1), day) == first
    assert said.book(date(2025, 12, 31), day) is None, "no book held on that day"
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + 2 * DAY
    load(books, midnight)
    assert said.book(day, day + DAY) == first
    assert said.book(day, day + 2 * DAY) is None
    assert said.book(day + 2 * DAY, day + 2 * DAY) == books.book_at(midnight)


def test_a_book_that_begins_in_the_last_second_of_a_day_held_on_it(books: PriceBooks) -> None:
    day = START.date()
    load(books, datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC) + DAY)
    assert UnitPrices(books).book(day, day) is not None
    assert UnitPrices(books).book(day, day + DAY) is None


def test_what_a_unit_costs_is_said_with_its_margin() -> None:
    tokens = Rate(LLM, "llm_token", PriceUnit.MILLION_TOKENS, 2 * CENT, 1500, True, "gpt")
    passed_on = Rate(LLM, "llm_token", PriceUnit.COST, 10**9, 700, True)
    book = Prices(START, (CHEAP, tokens, passed_on))

    def said(kind: str, model: str | None = None) -> tuple[Money | None, str, int] | None:
        return unit_price(book, UsageLine.model_construct(resource_kind=kind, model=model))

    assert said("hero_os_hour") == (Money(10 * CENT), "an hour", 1000)
    assert said("llm_token", "gpt") == (Money(2 * CENT), "per million tokens", 1500)
    assert said("llm_token", "other") == (None, "", 700)
    assert said("vm_hour") is None
