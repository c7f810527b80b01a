"""What the lines of a commit come to: what is posted, the days of usage, and sums that no account can hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import DailyUsage, DiscountBase, DiscountTier, ResourceCategory, UsageRecord
from generated.tables.onboarding import DAILY_USAGE, LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.ledger.drawing import LedgerOverflow
from handlers.usage.added_lines import Line
from handlers.usage.charged_line import ChargedLine
from handlers.usage.sums import Sums, line_source
from handlers.usage_format.record import LoggedUsage
from tests.server.audited import audit
from tests.server.book import START, Book, create_tables

OS, LLM = ResourceCategory.HERO_OS_HOURLY, ResourceCategory.LLM
COMMIT, PATH = "a" * 40, "usage/usage_2026-05-20-20.jsonl"
POSTING = f"usage:n1@{COMMIT}"
MOST = 2**63 - 1
SECOND = timedelta(seconds=1)


@pytest.fixture
def book(database: Database) -> Book:
    create_tables(database)
    return Book(database)


def charged(number: int, user: str, listed: int = 10, charge: int = 8, **more: Any) -> ChargedLine:
    """The line of this number, of a call of a language model that was used so many seconds after the start."""
    fields = {
        "resource_kind": "llm_token",
        "quantity": Decimal("1.5"),
        "occurred_at": START + number * SECOND,
        "model": "llama",
        **more,
    }
    category = fields.pop("category", LLM)
    record = LoggedUsage(
        node_id="n1", stream_id="s", local_seq=number, user_sid=user, idempotency_key=f"n1/s/{number}", **fields
    )
    place = Line(PATH, number, b"")
    tier, base = DiscountTier.NONE, DiscountBase.FULL
    return ChargedLine(record, COMMIT, place, "d" * 64, category, None, 0, tier, base, listed, charge, Decimal(0))


def taken_back(number: int, line: ChargedLine) -> ChargedLine:
    """A line that takes another one back."""
    known, record = line.record, charged(number, line.record.user_sid).record._replace(void=line.record.idempotency_key)
    original = UsageRecord.model_construct(
        user_sid=known.user_sid,
        occurred_at=known.occurred_at,
        instance_id=known.instance_id,
        resource_kind=known.resource_kind,
        category=line.category,
        model=known.model,
        quantity=known.quantity,
        list_charge=Money(line.list_charge),
        charge=Money(line.charge),
    )
    return line._replace(record=record, line=Line(PATH, number, b""), original=original)


def summed(*lines: ChargedLine) -> Sums:
    sums = Sums("n1", COMMIT)
    for line in lines:
        sums.of(line).add(line)
    return sums


def post(book: Book, sums: Sums, posting: str = POSTING) -> int:
    return book.ledger.transaction(lambda: sums.post(book.ledger, posting))


def keep(book: Book, sums: Sums) -> None:
    book.database.run(lambda: sums.write_days(book.database, START))


def days(book: Book) -> list[DailyUsage]:
    return Store.of(DAILY_USAGE, book.database).list_full(100)["items"]


def posted(book: Book) -> list[tuple[Any, ...]]:
    """Postings in their order: key, source, reason, time and the entries of accounts of the house."""
    entries = Store.of(LEDGER_ENTRY, book.database)
    found = []
    for each in Store.of(LEDGER_TRANSACTION, book.database).list_full(100)["items"]:
        lines = entries.find({"transaction_sid": each.sid}, 100)["items"]
        house = {line.account: int(line.amount) for line in lines if not line.account.startswith("user:")}
        found.append((each.posting_key, each.source, each.reason, each.effective_at, house))
    return found


# --- what is posted -------------------------------------------------------------------------------------------------


def test_each_user_and_category_has_one_posting_from_its_first_line(book: Book) -> None:
    first, second = sorted((book.user(), book.user()))
    sums = summed(
        charged(1, first),
        charged(3, first),
        charged(2, first, model="other"),
        charged(4, second, 100, 100, category=OS),
        charged(5, first, 1000, 1000, category=OS),
        charged(6, second, 0, 0),
    )
    assert (len(sums), sums.charge) == (5, 1124)
    assert post(book, sums) == 2
    assert posted(book) == [
        (
            *(f"{POSTING}:{first}:hero_os_hourly:usage", f"{POSTING}:{PATH}:5", "Usage", START + 5 * SECOND),
            {"revenue:hero_os_hourly": -1000},
        ),
        (
            *(f"{POSTING}:{first}:llm:usage", f"{POSTING}:{PATH}:1", "Usage", START + 3 * SECOND),
            {"revenue:llm": -30, "discount": 6},
        ),
        (
            *(f"{POSTING}:{second}:hero_os_hourly:usage", f"{POSTING}:{PATH}:4", "Usage", START + 4 * SECOND),
            {"revenue:hero_os_hourly": -100},
        ),
    ]
    assert (book.balance(first), book.balance(second)) == (-1024, -100)
    assert audit(book.database) == []


def test_what_is_taken_back_is_posted_beside_what_is_used(book: Book) -> None:
    user = book.user()
    mine = charged(1, user, 10, 8)
    sums = summed(mine, charged(2, user, 20, 20), taken_back(3, mine))
    assert (len(sums), sums.charge) == (2, 20)
    assert post(book, sums) == 1
    assert posted(book) == [
        (
            *(f"{POSTING}:{user}:llm:usage", f"{POSTING}:{PATH}:1", "Usage", START + 2 * SECOND),
            {"revenue:llm": -30, "discount": 2},
        ),
        (
            *(f"{POSTING}:{user}:llm:usage_void", f"{POSTING}:{PATH}:3", "Usage taken back", START + 3 * SECOND),
            {"revenue:llm": 10, "discount": -2},
        ),
    ]
    assert book.balance(user) == -20
    assert audit(book.database) == []


def test_what_the_ladder_makes_free_is_posted_all_the_same(book: Book) -> None:
    user = book.user()
    assert post(book, summed(charged(1, user, 10, 0))) == 1
    assert [house for *_, house in posted(book)] == [{"revenue:llm": -10, "discount": 10}]
    assert audit(book.database) == []


def test_nothing_is_posted_twice(book: Book) -> None:
    sums = summed(charged(1, book.user()))
    post(book, sums)
    with pytest.raises(RuntimeError, match="was posted before its lines were written"):
        post(book, sums)
    assert len(posted(book)) == 1
    assert audit(book.database) == []


def test_a_line_is_named_by_node_commit_file_and_number() -> None:
    assert line_source("n1", COMMIT, PATH, 12) == f"usage:n1@{COMMIT}:{PATH}:12"


# --- days of usage --------------------------------------------------------------------------------------------------


def test_a_day_has_what_differs_in_nothing_but_quantity_and_cost(book: Book) -> None:
    user = book.user()
    keep(book, summed(charged(1, user), charged(2, user, 5, 5, quantity=Decimal("0.25"))))
    (day,) = days(book)
    assert (day.user_sid, day.day, day.node_id) == (user, START.date(), "n1")
    assert (day.instance_id, day.resource_kind, day.category, day.model) == ("", "llm_token", LLM, "llama")
    assert (day.records, day.quantity) == (2, Decimal("1.75"))
    assert (day.list_charge, day.discount, day.charge) == (15, 2, 13)


def test_a_day_is_that_of_the_use_in_utc(book: Book) -> None:
    user = book.user()
    midnight = datetime(2026, 5, 21, tzinfo=UTC)
    machine: dict[str, Any] = {"resource_kind": "hero_os_hour", "category": OS, "instance_id": "vm-1", "model": None}
    keep(
        book,
        summed(*(charged(n, user, occurred_at=at, **machine) for n, at in ((1, midnight - SECOND), (2, midnight)))),
    )
    found = [(each.day, each.instance_id, each.model, each.records) for each in days(book)]
    assert found == [(date(2026, 5, 20), "vm-1", "", 1), (date(2026, 5, 21), "vm-1", "", 1)]


def test_later_commits_add_to_a_day_and_take_from_it(book: Book) -> None:
    user = book.user()
    mine = charged(1, user, 10, 8)
    keep(book, summed(mine))
    keep(book, summed(charged(2, user, 100, 50, quantity=Decimal(2))))
    (day,) = days(book)
    assert (day.records, day.quantity) == (2, Decimal("3.5"))
    assert (day.list_charge, day.discount, day.charge) == (110, 52, 58)
    keep(book, summed(taken_back(3, mine)))
    (day,) = days(book)
    assert (day.records, day.quantity) == (1, Decimal(2))
    assert (day.list_charge, day.discount, day.charge) == (100, 50, 50)


def test_quantities_of_76_digits_leave_no_rest(book: Book) -> None:
    user, digits = book.user(), "9" * 38 + "." + "9" * 38
    long = charged(2, user, quantity=Decimal(digits))
    keep(book, summed(charged(1, user), long))
    (day,) = days(book)
    assert day.quantity == Decimal("1" + "0" * 37 + "1.4" + "9" * 37)
    keep(book, summed(charged(3, user), taken_back(4, long)))
    (day,) = days(book)
    assert day.quantity == Decimal(3)


# --- commits whose lines have nothing in common -----------------------------------------------------------------------


def test_what_was_written_down_meanwhile_is_posted_with_the_rest(book: Book) -> None:
    user = book.user()
    mine = charged(5, user, 10, 8)
    sums = summed(mine, taken_back(6, mine))
    book.database.run(lambda: sums.spill(book.database, START))
    assert (len(sums), sums.charge) == (0, 0)
    sums.of(charged(4, user, 100, 90)).add(charged(4, user, 100, 90))
    assert (len(sums), sums.charge) == (1, 90)
    keep(book, sums)
    (day,) = days(book)
    assert (day.records, day.list_charge, day.charge) == (1, 100, 90)
    assert post(book, sums) == 1
    used, back = posted(book)
    assert used[1:] == (f"{POSTING}:{PATH}:5", "Usage", START + 5 * SECOND, {"revenue:llm": -110, "discount": 12})
    assert back[1:] == (
        f"{POSTING}:{PATH}:6",
        "Usage taken back",
        START + 6 * SECOND,
        {"revenue:llm": 10, "discount": -2},
    )
    assert audit(book.database) == []


def test_what_comes_later_may_have_been_used_later(book: Book) -> None:
    user = book.user()
    sums = summed(charged(1, user))
    book.database.run(lambda: sums.spill(book.database, START))
    sums.of(charged(2, user)).add(charged(2, user))
    book.database.run(lambda: sums.spill(book.database, START))
    (day,) = days(book)
    assert (day.records, day.list_charge, day.charge) == (2, 20, 16)
    assert sums.charge == 16 and post(book, sums) == 1
    assert [each[1:4] for each in posted(book)] == [(f"{POSTING}:{PATH}:1", "Usage", START + 2 * SECOND)]
    assert audit(book.database) == []


def test_no_sum_leaves_64_bits(book: Book) -> None:
    user = book.user()
    half = MOST // 2 + 1
    book.database.run(lambda: summed(charged(1, user, MOST, MOST)).spill(book.database, START))
    for lines in (
        [charged(2, user, MOST, 0), charged(3, user, 1, 0), charged(4, user, 1, 1, category=OS)],
        [charged(2, user, half, half), charged(3, user, half, half, category=OS)],
        [taken_back(4, charged(2, user, half, half)), taken_back(5, charged(3, user, half, half, category=OS))],
    ):
        with pytest.raises(LedgerOverflow, match="add up to more than 64 bits"):
            summed(*lines).spill(book.database, START)
