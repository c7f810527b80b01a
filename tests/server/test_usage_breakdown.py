"""A user's own usage, added up, and what it says of today: its pace, what was saved, how fresh it is."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from codegen.runtime.context import Caller, Context
from codegen.runtime.rpc.local import local
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import NodeKey, NodeState
from generated.routes import SERVICES
from generated.services.onboarding import UsageService
from generated.tables.onboarding import NODE
from handlers.usage.breakdown import BreakdownHandler, Breakdowns
from handlers.usage.standing import UsageStandings
from tests.server.book import START, Book, create_tables
from tests.server.daily_usage import HOUR, hero_os, language_model, write

TODAY = START.date()
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAabcdefghijklmnopqrstuvwxyz0123456789ABCDE n"


def back(days: int) -> date:
    return TODAY - timedelta(days=days)


def seen(database: Database, node: str, at: datetime | None, state: NodeState = NodeState.ACTIVE) -> None:
    Store.of(NODE, database).new(
        {
            "node_id": node,
            "repo_url": f"https://forge.example/{node}.git",
            "keys": [NodeKey(public_key=KEY, valid_from=datetime(2026, 1, 1, tzinfo=UTC))],
            "kinds": ["hero_os_hour"],
            "last_seen_at": at,
            "state": state,
        },
        START,
    )


def test_each_thing_is_a_line_of_its_own(database: Database) -> None:
    create_tables(database)
    book = Book(database)
    user, other = book.user(), book.user()
    write(
        database,
        hero_os(user, back(9)),
        hero_os(user, back(3)),
        hero_os(user, back(1), hours=10, percent=50),
        hero_os(user, back(1), hours=5, instance="vm-2"),
        language_model(user, back(1), 1560, 343_200),
        hero_os(other, back(1)),
    )
    service = local(UsageService, BreakdownHandler(Breakdowns(database)), SERVICES)
    context = Context(Caller("user", user), book.clock, database, "test")
    found = service.breakdown(context, since=back(3), until=back(1))
    hours, more, tokens = found.lines
    assert (hours.instance_id, hours.records, hours.quantity) == ("vm-1", 34, Decimal(34))
    assert (hours.list_charge, hours.discount, hours.charge) == (34 * HOUR, 5 * HOUR, 29 * HOUR)
    assert (more.instance_id, more.charge) == ("vm-2", 5 * HOUR)
    assert (tokens.model, tokens.instance_id, tokens.quantity) == ("qwen-72b", None, Decimal(1560))
    assert (found.charge, found.discount) == (34 * HOUR + 343_200, 5 * HOUR)
    assert service.breakdown(context, since=back(1), until=back(3)).lines == []


def test_what_usage_says_of_today(database: Database) -> None:
    create_tables(database)
    book = Book(database)
    standings, user = UsageStandings(database, book.clock), book.user()
    assert standings.of(user) is None
    write(
        database,
        hero_os(user, back(60), percent=25),
        hero_os(user, back(7), hours=20),
        hero_os(user, back(1), hours=15),
        hero_os(user, TODAY, hours=3),
        language_model(user, back(1), 7, 7, node="n2"),
        *(language_model(user, TODAY, 7, 0, node=node) for node in ("n3", "n4")),
    )
    seen(database, "n1", START - timedelta(hours=4))
    seen(database, "n3", START - timedelta(hours=5), NodeState.HALTED)
    seen(database, "n4", START - timedelta(days=5), NodeState.RETIRED)
    found = standings.of(user)
    assert found is not None
    assert (found.since, found.saved, found.burn_per_day) == (back(60), 18 * HOUR, 5 * HOUR + 1)
    assert [(each.day, each.category, each.charge) for each in found.spend] == [
        (back(7), "hero_os_hourly", 20 * HOUR),
        (back(1), "hero_os_hourly", 15 * HOUR),
        (back(1), "llm", 7),
        (TODAY, "hero_os_hourly", 3 * HOUR),
        (TODAY, "llm", 0),
    ]
    assert (found.as_of, found.silent, found.halted) == (START - timedelta(hours=5), ("n1",), ("n3",))
    seen(database, "n2", None)
    again = standings.of(user)
    assert again is not None and (again.as_of, again.silent) == (None, ("n1", "n2"))


def test_who_used_nothing_of_late_has_no_pace(database: Database) -> None:
    create_tables(database)
    book = Book(database)
    user = book.user()
    write(database, hero_os(user, back(60)))
    found = UsageStandings(database, book.clock).of(user)
    assert found is not None
    assert (found.burn_per_day, found.spend, found.as_of, found.silent) == (0, (), None, ())


def test_the_pace_of_who_used_something_long_ago_and_yesterday_is_that_of_the_week(database: Database) -> None:
    create_tables(database)
    book = Book(database)
    user = book.user()
    write(database, hero_os(user, back(60)), hero_os(user, back(1), hours=14))
    found = UsageStandings(database, book.clock).of(user)
    assert found is not None and found.burn_per_day == 2 * HOUR


def test_thirty_days_of_spending_are_told_today_among_them(database: Database) -> None:
    create_tables(database)
    book = Book(database)
    user = book.user()
    write(database, hero_os(user, back(30)), hero_os(user, back(29), percent=50))
    found = UsageStandings(database, book.clock).of(user)
    assert found is not None
    assert [(each.day, each.charge, each.discount) for each in found.spend] == [(back(29), 12 * HOUR, 12 * HOUR)]


def test_a_node_serves_who_used_it_within_35_days_and_is_silent_after_three_hours(database: Database) -> None:
    create_tables(database)
    book = Book(database)
    user = book.user()
    write(
        database,
        language_model(user, back(36), 1, 1, node="n1"),
        language_model(user, back(35), 1, 1, node="n2"),
        language_model(user, back(1), 1, 7, node="n3"),
    )
    seen(database, "n1", None)
    seen(database, "n2", START - timedelta(hours=3))
    seen(database, "n3", START - timedelta(hours=3, seconds=1))
    found = UsageStandings(database, book.clock).of(user)
    assert found is not None
    assert (found.as_of, found.silent) == (START - timedelta(hours=3, seconds=1), ("n3",))


def test_the_pace_of_who_began_yesterday_is_what_that_day_cost(database: Database) -> None:
    create_tables(database)
    book = Book(database)
    user = book.user()
    write(database, hero_os(user, back(1)))
    found = UsageStandings(database, book.clock).of(user)
    assert found is not None and found.burn_per_day == 24 * HOUR
