"""Lines that are charged by the terms of an alike one cost what all rules say, or are set aside as they say."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import DiscountBase, PriceUnit, ResourceCategory
from generated.tables.onboarding import BILLING
from handlers.pricing.book import Book as Prices
from handlers.pricing.book import Rate
from handlers.pricing.ladder import STEPS
from handlers.usage.added_lines import Line
from handlers.usage.charged_line import ChargedLine
from handlers.usage.line_rules import MOST_AHEAD, MOST_BACK, MOST_BEHIND, Allowed, Aside
from handlers.usage.rates import Rates
from handlers.usage.reading import NodeRules, Reading
from handlers.usage.sums import Sums
from handlers.usage_format.line import encode, line_hash
from handlers.usage_format.record import LoggedUsage
from tests.server.book import START, Book, create_tables

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
COMMIT = "c" * 40
LLM, OS = ResourceCategory.LLM, ResourceCategory.HERO_OS_HOURLY
RULES = NodeRules("n1", Allowed(frozenset({"token", "call", "hour"}), prices=True))
MIDNIGHT = START.replace(hour=0, minute=0, second=0)


def prices(cents: int) -> tuple[Rate, ...]:
    nano = cents * 10**7
    return (
        Rate(LLM, "token", PriceUnit.COST, 10**9, 1000, True),
        Rate(LLM, "token", PriceUnit.MILLION_TOKENS, nano, 300, True, model="big"),
        Rate(LLM, "call", PriceUnit.COST, 10**9, 0, False),
        Rate(OS, "hour", PriceUnit.INSTANCE_HOUR, nano, 1000, True),
    )


BOOKS = [Prices(MIDNIGHT - 30 * DAY, prices(7)), Prices(MIDNIGHT - 5 * DAY + timedelta(hours=3), prices(9))]
FIRST_PAID = (None, MIDNIGHT - 12 * DAY + timedelta(hours=5), MIDNIGHT - 33 * DAY)
EDGES = (
    START + MOST_AHEAD,
    START - MOST_BEHIND,
    MIDNIGHT,
    MIDNIGHT - 3 * DAY,
    *(book.effective_from for book in BOOKS),
    *(paid + step.after for paid in FIRST_PAID if paid is not None for step in STEPS[1:]),
)
"""Where something else begins to hold."""


@pytest.fixture(scope="module")
def users() -> Iterator[tuple[Database, list[str]]]:
    database = Database.open("sqlite:///:memory:")
    create_tables(database)
    book, billing = Book(database), Store.of(BILLING, database)
    known = [book.user() for _ in FIRST_PAID]
    for user, paid in zip(known, FIRST_PAID, strict=True):
        found = billing.one({"user_sid": user})
        assert found is not None
        billing.patch(found.sid, {"first_paid_at": paid})
    yield database, [*known, "nobody"]
    database.close()


decimals = st.sampled_from(("0.00123", "0.0000000015", "0", "7.5", "1234567", "9000", "11000", "99999999999"))
kinds = st.sampled_from((("token", None), ("token", "big"), ("call", None), ("hour", None), ("forbidden", None)))
kinds_of_users = st.lists(st.tuples(st.integers(0, len(FIRST_PAID)), kinds), min_size=1, max_size=2)
seldom = st.integers(0, 9).map(lambda chosen: chosen == 0)
usages = st.fixed_dictionaries(
    {
        "who": st.integers(0, 1),
        "strange": seldom,
        "quantity": decimals.map(Decimal),
        "occurred_at": st.sampled_from((-301, -300, -2, -1, 0, 1, 2, 299)).map(lambda seconds: seconds * SECOND),
        "cost": st.none() | decimals.map(Decimal),
    }
)


def at_an_edge(
    usages: list[dict[str, Any]], whose: list[tuple[int, tuple[str, str | None]]], edge: datetime, back: int
) -> list[dict[str, Any]]:
    """Usage of a user or two around an edge as a node writes it: by time, but for a few, which may lie too far back."""
    found = list[dict[str, Any]]()
    for each in sorted(usages, key=lambda each: each["occurred_at"]):
        user, (kind, model) = whose[each.pop("who") % len(whose)]
        strange = {"interval_seconds": 60, "amount_cents": 5, "applies_to": "vm"} if each.pop("strange") else {}
        at = edge + each["occurred_at"]
        found.append(each | strange | {"user_sid": user, "resource_kind": kind, "model": model, "occurred_at": at})
    return [*found[back:], *found[:back]]


around_an_edge = st.builds(
    at_an_edge, st.lists(usages, min_size=10, max_size=40), kinds_of_users, st.sampled_from(EDGES), st.integers(0, 3)
)


@given(around_an_edge, st.sampled_from(DiscountBase))
def test_terms_say_what_all_rules_say(
    users: tuple[Database, list[str]], usages: list[dict[str, Any]], base: DiscountBase
) -> None:
    database, sids = users
    rates, lines = Rates(BOOKS, STEPS, base), list[tuple[LoggedUsage, Line]]()
    for number, fields in enumerate(usages, 1):
        named = fields | {"user_sid": sids[fields["user_sid"]]}
        record = LoggedUsage(node_id="n1", stream_id="s", local_seq=number, idempotency_key=f"n1/s/{number}", **named)
        lines.append((record, Line("usage/a.jsonl", number, encode(record))))

    reading, kept = Reading(database, RULES, COMMIT, rates, START), list[ChargedLine]()
    reading._records.add = lambda line: len(kept.append(line) or ())  # type: ignore[method-assign,func-returns-value]
    with database.transaction():
        reading.read([line for _, line in lines])
        expected, latest = list[ChargedLine | Aside](), None
        for record, line in lines:
            judged = Reading(database, RULES, COMMIT, rates, START).judge(record, line_hash(line.data), line, latest)
            expected.append(judged)
            if isinstance(judged, ChargedLine):
                latest = max(filter(None, (latest, record.occurred_at)))
        database.execute("DELETE FROM quarantined_line")

    charged, sums = [each for each in expected if isinstance(each, ChargedLine)], Sums("n1", COMMIT)
    for each in charged:
        sums.of(each).add(each)
    assert kept == charged and reading.counts.quarantined == len(expected) - len(charged)
    assert (reading.sums._days(), reading.sums._owed()) == (sums._days(), sums._owed())


def test_a_line_at_each_edge_was_tried() -> None:
    """The edges above are where rules change: a second before each, something else holds for a user."""

    def rules(at: datetime) -> object:
        rates = Rates(BOOKS, STEPS, DiscountBase.FULL)
        spans = [rates.unchanged(at, paid) for paid in FIRST_PAID]
        return spans, at.date(), START - MOST_BEHIND <= at < START + MOST_AHEAD

    assert all(rules(edge - SECOND) != rules(edge) for edge in EDGES)
    assert timedelta(seconds=300) == MOST_BACK
