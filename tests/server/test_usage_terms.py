"""Lines that are charged by the terms of an alike one cost what all rules say, or are set aside as they say."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle, product
from typing import Any

import pytest

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


BOOKS = [Prices(MIDNIGHT - 40 * DAY, prices(7)), Prices(MIDNIGHT - 5 * DAY + timedelta(hours=3), prices(9))]
FIRST_PAID = (None, MIDNIGHT - 12 * DAY + timedelta(hours=5), MIDNIGHT - 33 * DAY)
EDGES = (
    START + MOST_AHEAD,
    START - MOST_BEHIND,
    MIDNIGHT,
    MIDNIGHT - 3 * DAY,
    BOOKS[1].effective_from,
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


KINDS = (("token", None), ("token", "big"), ("call", None), ("hour", None), ("forbidden", None))
AMOUNTS = tuple(map(Decimal, ("0.00123", "0.0000000015", "0", "7.5", "1234567", "9000", "11000", "99999999999")))
STRANGE: tuple[dict[str, Any], ...] = (
    {},
    {"interval_seconds": 60},
    {"amount_cents": 5},
    {"applies_to": "vm"},
    {"occurred_at": START - MOST_BEHIND},
    {"instance_id": "none"},
    {"void": "none"},
)


def around(edge: datetime) -> list[dict[str, Any]]:
    """What a node writes around an edge: each kind for each user, with and without a cost, and now and then what no
    other line says."""
    amounts, strange, found = cycle(AMOUNTS), cycle(STRANGE), list[dict[str, Any]]()
    for seconds in (-301, -1, -1, 0, 0, 1, -1, 0):
        for user, (kind, model) in product(range(len(FIRST_PAID) + 1), KINDS):
            usage = {"user_sid": user, "resource_kind": kind, "model": model, "occurred_at": edge + seconds * SECOND}
            found.append(usage | {"quantity": next(amounts), "cost": next(amounts)})
            found.append(usage | {"quantity": next(amounts)} | next(strange))
            found.append(usage | {"quantity": next(amounts), "cost": Decimal("0.25")})
    return found


def lines_of(usages: list[dict[str, Any]], sids: list[str]) -> list[tuple[LoggedUsage, Line]]:
    """The records of a stream, and where they stand."""
    found = list[tuple[LoggedUsage, Line]]()
    for number, fields in enumerate(usages, 1):
        named = fields | {"user_sid": sids[fields["user_sid"]]}
        record = LoggedUsage(node_id="n1", stream_id="s", local_seq=number, idempotency_key=f"n1/s/{number}", **named)
        found.append((record, Line("usage/a.jsonl", number, encode(record))))
    return found


class Judging(Reading):
    """Reads without writing lines down; `judged` are those that all rules judged, `kept` those that are charged."""

    def __init__(self, database: Database, base: DiscountBase) -> None:
        super().__init__(database, RULES, COMMIT, Rates(BOOKS, STEPS, base), START)
        self.kept, self.judged = list[ChargedLine](), list[int]()
        self._records.add = lambda line: len(self.kept.append(line) or ())  # type: ignore[method-assign,func-returns-value]

    def judge(self, record: LoggedUsage, digest: str, line: Line, latest: datetime | None) -> ChargedLine | Aside:
        self.judged.append(line.number)
        return super().judge(record, digest, line, latest)


@pytest.mark.parametrize("base", DiscountBase)
@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_terms_say_what_all_rules_say(users: tuple[Database, list[str]], edge: datetime, base: DiscountBase) -> None:
    database, sids = users
    reading, lines = Judging(database, base), lines_of(around(edge), sids)
    with database.transaction():
        reading.read([line for _, line in lines])
        expected, latest = list[ChargedLine | Aside](), None
        for record, line in lines:
            expected.append(Judging(database, base).judge(record, line_hash(line.data), line, latest))
            if isinstance(expected[-1], ChargedLine):
                latest = max(filter(None, (latest, record.occurred_at)))
        database.execute("DELETE FROM quarantined_line")

    charged, sums = [each for each in expected if isinstance(each, ChargedLine)], Sums("n1", COMMIT)
    for each in charged:
        sums.of(each).add(each)
    assert reading.kept == charged and reading.counts.quarantined == len(expected) - len(charged)
    assert (reading.sums._days(), reading.sums._owed()) == (sums._days(), sums._owed())


@pytest.mark.parametrize(
    ("edge", "user", "judged"),
    [
        (START + MOST_AHEAD, 0, [1, 4, 5]),  # nothing is alike from there on
        (MIDNIGHT, 0, [1, 4]),
        (MIDNIGHT - 3 * DAY, 2, [1, 4]),
        (BOOKS[1].effective_from, 0, [1, 4]),
        (FIRST_PAID[1] + STEPS[1].after, 1, [1, 4]),
        (FIRST_PAID[1] + STEPS[1].after, 0, [1]),
        (FIRST_PAID[2] + STEPS[2].after, 2, [1, 4]),
        (START - MOST_BEHIND + 3 * SECOND, 0, [1]),
    ],
)
def test_all_rules_judge_only_the_first_of_alike_lines(
    users: tuple[Database, list[str]], edge: datetime, user: int, judged: list[int]
) -> None:
    database, sids = users
    usage = {"user_sid": user, "resource_kind": "token", "quantity": Decimal(1), "cost": Decimal("0.5")}
    reading = Judging(database, DiscountBase.FULL)
    with database.transaction():
        moments = (edge + seconds * SECOND for seconds in (-3, -2, -1, 0, 1))
        reading.read([line for _, line in lines_of([usage | {"occurred_at": at} for at in moments], sids)])
        database.execute("DELETE FROM quarantined_line")
    assert reading.judged == judged


def test_all_rules_judge_what_is_dear_or_told_otherwise_than_the_book(users: tuple[Database, list[str]]) -> None:
    database, sids = users
    usage: dict[str, Any] = {"user_sid": 0, "resource_kind": "token", "quantity": Decimal(10**6), "occurred_at": START}
    told: list[dict[str, Any]] = [
        {"model": "big", "cost": None},
        {"model": "big", "cost": Decimal("0.09")},
        {"model": "big", "cost": Decimal(8)},
    ]
    dear: list[dict[str, Any]] = [{"cost": Decimal(1)}, {"cost": Decimal("9090.91")}, {"cost": None}]
    without_margin = {"resource_kind": "call"}
    limit = [without_margin | {"cost": cost} for cost in (Decimal(1), Decimal(10_000), Decimal("10000.000000001"))]
    reading = Judging(database, DiscountBase.FULL)
    with database.transaction():
        reading.read([line for _, line in lines_of([usage | each for each in told + dear + limit], sids)])
        database.execute("DELETE FROM quarantined_line")
    assert reading.judged == [1, 3, 4, 5, 6, 7, 9]
    assert [each.line.number for each in reading.kept] == [1, 2, 4, 7, 8]


def test_something_changes_at_each_edge() -> None:
    def rules(at: datetime) -> object:
        rates = Rates(BOOKS, STEPS, DiscountBase.FULL)
        spans = [rates.unchanged(at, paid) for paid in FIRST_PAID]
        return spans, at.date(), START - MOST_BEHIND <= at < START + MOST_AHEAD

    assert all(rules(edge - SECOND) != rules(edge) for edge in EDGES)
    assert timedelta(seconds=300) == MOST_BACK
