"""The dashboard's first screen: how fresh it is, its pace, how long it lasts, what runs, and where it leads."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from codegen.runtime.context import SystemClock
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import DaySpend, KycStatus, NodeKey, ResourceCategory
from generated.tables.onboarding import NODE, USER
from handlers.home.first_screen import lasting, to_settle
from handlers.ledger.posting import Ledger
from handlers.pages.shown import money
from handlers.usage.chart import HEIGHT, chart
from handlers.work.alerts import notify
from tests.server.audited import audit
from tests.server.book import Book
from tests.server.bought_plan import buy_plan
from tests.server.daily_usage import HOUR, hero_os, language_model, write
from tests.server.machine_world import KEY, fill_pool
from tests.server.test_pages import House, World

DOLLAR = 10**9
MOST_QUERIES = 16


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(House(tmp_path))


def read(world: World) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", world.get("/dashboard").text.replace("<wbr>", ""))).split())


def next_link(world: World) -> str:
    """Where the next step of a newcomer leads."""
    [path] = re.findall(r'<ol class="path".*?</ol>', world.get("/dashboard").text, re.DOTALL)
    [found] = re.findall(r'href="([^"]+)"', path)
    return str(found)


def test_a_newcomer_is_led_to_the_first_machine(world: World) -> None:
    shown = read(world)
    assert "No usage is in it: none has been reported yet." in shown and "No usage has been reported yet." in shown
    for unknown in ("Spending per day", "the pace", "It saved you", "Nothing was used"):
        assert unknown not in shown
    assert next_link(world) == "#add"
    Book(world.database).top_up(world.user.sid, "pi_1", 50 * DOLLAR)
    assert next_link(world) == "/kyc"
    Store.of(USER, world.database).patch(world.user.sid, {"kyc_status": KycStatus.COMPLETED})
    assert next_link(world) == "/plans"
    write(world.database, hero_os(world.user.sid, SystemClock().now().date()))
    assert next_link(world) == "/plans"
    world.database.change("DELETE FROM daily_usage")
    buy_plan(Ledger(world.database, SystemClock()), world.user.sid, 10 * DOLLAR, SystemClock().now())
    assert next_link(world) == "/vms"
    assert "No machine runs." in read(world)
    fill_pool(world.database, SystemClock(), 1)
    started = world.post("/vm/allocate", {"csrf_token": world.csrf, "ssh_pub_key": KEY})
    assert started.headers["location"] == "/vms?event=vm_allocated"
    shown = read(world)
    assert "Up to your first machine" not in shown and "1 of 5" in shown and "5a0:1::1" in shown
    assert audit(world.database) == []


def test_what_usage_shows(world: World) -> None:
    today, user = SystemClock().now().date(), world.user.sid
    Book(world.database).top_up(user, "pi_1", 50 * DOLLAR)
    assert audit(world.database) == []
    days = [today - timedelta(days=back) for back in range(1, 8)]
    write(world.database, *(hero_os(user, day, hours=10, percent=50) for day in days))
    write(world.database, language_model(user, days[0], 1560, 3 * DOLLAR, node="n2"))
    heard = SystemClock().now().replace(microsecond=0)
    nodes = Store.of(NODE, world.database)
    for name, ago in (("n1", timedelta(minutes=9)), ("n2", timedelta(hours=3, minutes=1))):
        nodes.new(
            {
                "node_id": name,
                "repo_url": f"https://forge.example/{name}.git",
                "keys": [NodeKey(public_key=KEY, valid_from=heard)],
                "kinds": ["hero_os_hour"],
                "last_seen_at": heard - ago,
            },
            heard,
        )
    shown = read(world)
    pace = (7 * 5 * HOUR + 3 * DOLLAR) // 7
    lasts = 50 * DOLLAR // pace
    assert f"Usage up to {heard - timedelta(hours=3, minutes=1):%-d %b %Y, %H:%M} UTC is in it." in shown
    assert "Node n2 has not reported for three hours" in shown
    assert f"Spending per day ${Money(pace).cents / 100:.2f}" in shown
    assert f"It lasts about {lasts} days, until" in shown
    assert "It saved you $3.85 so far." in shown
    assert "Hero OS $3.85" in shown and "Language models $3.00" in shown
    assert "Up to your first machine" not in shown


def test_below_zero_there_is_one_button(world: World) -> None:
    book = Book(world.database)
    book.adjustments.set_balance(book.context, sid=world.user.sid, balance_cents=-732, reason="used")
    page = world.get("/dashboard").text
    [alert] = re.findall(r'<div class="note bad" role="alert">.*?</a></div>', page, re.DOTALL)
    assert "Your balance is −$7.32 since" in alert
    assert re.findall(r'<a [^>]*href="([^"]+)"', alert) == ["/topup?amount=8.00"]
    assert 'value="8.00"' in world.get("/topup?amount=8.00").text
    assert audit(world.database) == []


def test_a_debt_above_the_most_that_can_be_paid_at_once(world: World) -> None:
    """The button leads to an amount that is taken, and says that it takes several."""
    book = Book(world.database)
    book.adjustments.set_balance(book.context, sid=world.user.sid, balance_cents=-500_000, reason="used")
    [alert] = re.findall(r'<div class="note bad" role="alert">.*?</a></div>', world.get("/dashboard").text, re.DOTALL)
    [amount] = re.findall(r'<a [^>]*href="/topup\?amount=([0-9.]+)"', alert)
    assert f"One payment is ${amount} at most" in alert.replace(",", "")
    form = world.get("/topup?error=amount_out_of_range").text
    [most] = re.findall(r"One top-up is between \S+ and \$([0-9,]+\.[0-9]{2})", form)
    assert amount == most.replace(",", "")
    assert audit(world.database) == []


@pytest.mark.parametrize(
    "slug",
    [
        "kyc_required",
        "kyc_cap",
        "kyc_completed",
        "insufficient_funds",
        "frozen",
        "plan_active",
        "no_active_plan",
        "quota_exceeded",
        "pool_empty",
        "allocation_failed",
        "sku_invalid",
        "top_up_not_open",
    ],
)
def test_every_refusal_leads_on(house: House, slug: str) -> None:
    [said] = re.findall(
        r'<div class="note bad" role="alert">.*?</div>', World(house).get(f"/vms?error={slug}").text, re.DOTALL
    )
    [path] = re.findall(r'<a href="(/[a-z]+)[^"]*">', said)
    assert World(house).get(path).status_code == 200


@pytest.mark.parametrize(
    ("balance", "paid"),
    [("-7.32", "8.00"), ("-7.00", "8.00"), ("-0.01", "5.00"), ("-999.01", "1000.00"), ("-1234.56", "1000.00")],
)
def test_what_settles_a_debt(balance: str, paid: str) -> None:
    """As far as one payment can."""
    least, greatest = Money.parse("5.00"), Money.parse("1000.00")
    assert to_settle(Money.parse(balance), least, greatest) == Money.parse(paid)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "less than a day"),
        (1, "about 1 day"),
        (59, "about 59 days"),
        (60, "about 2 months"),
        (729, "about 24 months"),
        (730, "about 2 years"),
    ],
)
def test_how_long_it_lasts_in_words(days: int, said: str) -> None:
    assert lasting(days) == said


def test_less_than_a_cent_is_not_nothing() -> None:
    assert [money(amount, fine=True) for amount in (0, 7, 916_630, -916_630, 10_000_000, 25_999_999)] == [
        "$0.00",
        "$0.000000007",
        "$0.00091",
        "−$0.00091",
        "$0.01",
        "$0.02",
    ]


def test_news_is_shown_until_it_was_read(world: World) -> None:
    assert "News for you" not in read(world)
    notify(world.database, SystemClock(), world.user.sid, "vm_free", "x", "A machine is free.")
    assert "A machine is free." in read(world)
    world.post("/notices", {"csrf_token": world.csrf})
    assert "A machine is free." not in read(world)


def test_a_year_of_usage_asks_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    execute = world.database.execute

    def counted(sql: str, params: object = ()) -> object:
        asked.append(sql)
        return execute(sql, params)  # type: ignore[arg-type]

    monkeypatch.setattr(world.database, "execute", counted)
    today = SystemClock().now().date()
    write(world.database, hero_os(world.user.sid, today))
    world.get("/dashboard")
    first = len(asked)
    write(world.database, *(hero_os(world.user.sid, today - timedelta(days=back)) for back in range(1, 366)))
    asked.clear()
    world.get("/dashboard")
    assert len(asked) == first <= MOST_QUERIES, "\n".join(asked)


def test_bars_stand_on_each_other_up_to_the_days_sum() -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC).date()
    spend = [
        DaySpend(day=day, category=ResourceCategory.LLM, charge=Money(DOLLAR), discount=Money(0)),
        DaySpend(day=day, category=ResourceCategory.HERO_OS_HOURLY, charge=Money(2 * DOLLAR), discount=Money(0)),
        DaySpend(day=day - timedelta(9), category=ResourceCategory.VM, charge=Money(DOLLAR), discount=Money(0)),
    ]
    found = chart(spend, day - timedelta(days=2), day)
    assert (found.top, found.charge, found.width) == (Money(5 * DOLLAR), Money(3 * DOLLAR), 300)
    assert [each.day for each in found.used] == [day]
    low, high = found.used[0].bars
    assert (low.category, low.top, low.height) == ("hero_os_hourly", HEIGHT - 400, 400)
    assert (high.category, high.top, high.height) == ("llm", HEIGHT - 600, 200)
    empty = chart([], day, day)
    assert (empty.used, empty.categories, empty.top) == ((), (), Money.from_cents(1))
