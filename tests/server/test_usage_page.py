"""`/usage` and its file: filters, order, sums that add up, prices, and what is refused."""

import csv
import re
from datetime import date, timedelta
from html import unescape
from io import StringIO
from pathlib import Path

import pytest

from codegen.runtime.context import SystemClock
from codegen.runtime.values.types import Money
from handlers.prices.book_file import read_book
from handlers.prices.books import PriceBooks
from handlers.usage.pages.asked import Asked, chosen, periods
from tests.server.daily_usage import HOUR, hero_os, language_model, write
from tests.server.test_pages import House, World

DEAR = """
effective_from: {at}
prices:
  - category: hero_os_hourly
    kind: hero_os_hour
    unit: instance_hour
    unit_price: "0.20"
    margin_bp: 1000
    discountable: true
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(House(tmp_path))
    user = found.user.sid
    write(
        found.database,
        hero_os(user, back(1), hours=10, percent=50),
        hero_os(user, back(2), hours=2, percent=50),
        hero_os(user, back(2), hours=3, instance="vm-2"),
        language_model(user, back(2), 1_500_000, 333_333_700),
        language_model(user, back(2), 10, 333_333_700, model="=HYPERLINK(1)"),
        language_model(user, back(300), 7, 7),
        hero_os(House.newcomer(found.house).sid, back(1), instance="not-mine"),
    )
    return found


def back(days: int) -> date:
    return SystemClock().now().date() - timedelta(days=days)


def lines(world: World, query: str = "") -> list[list[str]]:
    """The cells of the breakdown, the sums last."""
    page = world.get(f"/usage?{query}").text
    table = page.partition('<table class="breakdown">')[2].partition("</table>")[0].partition("<tbody>")[2]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in row] for row in cells]


def test_a_price_that_was_recorded_is_not_said_to_be_the_books(tmp_path: Path) -> None:
    found = World(House(tmp_path))
    user = found.user.sid
    partly, wholly = hero_os(user, back(1), hours=2), hero_os(user, back(1), hours=0, instance="vm-2")
    for day in partly, wholly:
        day["list_charge"] = day["charge"] = Money(day["charge"] + 10**9)
    call = language_model(user, back(1), 0, 250_000_000)
    write(found.database, partly, wholly, hero_os(user, back(1), hours=3, instance="vm-3"), call)
    assert sorted(row[2] for row in lines(found)[:-1]) == [
        "$0.10 an hour + 10 % margin",
        "Priced by the operator",
        "Priced by the operator",
        "Some priced by the operator else $0.10 an hour + 10 % margin",
    ]


def test_lines_add_up_and_tell_price_margin_and_discount(world: World) -> None:
    found = lines(world)
    assert found[0] == [
        "Hero OS Node n1 · machine vm-1",
        "12 hours",
        "$0.10 an hour + 10 % margin",
        "$1.32",
        "−$0.66",
        "$0.66",
    ]
    assert [row[0].split(" Node")[0] for row in found[1:]] == [
        "Language model: =HYPERLINK(1)",
        "Language model: qwen-72b",
        "Hero OS",
        "Total",
    ]
    assert found[2][1:3] == ["1,500,000 tokens", "Provider's price + 10 % margin"]
    shown = [Money.parse(row[-1].removeprefix("$")) for row in found]
    assert sum(shown[:-1]) == shown[-1] == Money.parse("1.656667")


def test_one_period_is_marked_where_two_are_the_same_days() -> None:
    today = date(2026, 11, 30)
    marked = {name: chosen(periods(today), Asked(since, until)) for name, since, until in periods(today)}
    assert marked == {each: each for each in marked} | {"This month": "30 days"}
    assert chosen(periods(today), Asked(today, today)) is None


def test_filters_orders_and_periods(world: World) -> None:
    assert [row[0] for row in lines(world, "instance=vm-2")] == ["Hero OS Node n1 · machine vm-2", "Total"]
    assert [row[1] for row in lines(world, "category=hero_os_hourly&order=quantity")][:-1] == ["12 hours", "3 hours"]
    assert lines(world, f"since={back(1)}&until={back(1)}")[0][1] == "10 hours"
    assert "7 tokens" in [row[1] for row in lines(world, f"since={back(365)}&until={back(300)}")]
    nothing = world.get("/usage?node=n9").text
    assert "Nothing was used in these days, as far as these filters say." in nothing and 'href="/usage"' in nothing
    assert "not-mine" not in world.get("/usage").text
    assert 'href="/usage?' in world.get("/usage?order=quantity").text


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-02-30",
        "until=x",
        "since=2026-03-02&until=2026-03-01",
        "since=2020-01-01",
        "until=0001-01-01",
        "since=0001-01-01&until=0001-01-02",
        "since=9999-12-31&until=9999-12-31",
        "until=9999-12-31",
        "until=1969-12-31",
        "since=2107-01-01&until=2107-01-02",
    ],
)
def test_days_that_cannot_be_are_told(world: World, query: str) -> None:
    page = world.get(f"/usage?{query}").text
    assert "A period has a first and a last day" in page and f'value="{back(29)}"' in page
    answer = world.get(f"/usage.csv?{query}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/usage?error=period_invalid")


def test_the_file_has_every_decimal_and_no_formula(world: World) -> None:
    answer = world.get("/usage.csv?category=llm")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="hero-usage-{back(29)}-{back(0)}.csv"'
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert [(row["model"], row["quantity"], row["charge_usd"]) for row in rows] == [
        ("'=HYPERLINK(1)", "10", "0.3333337"),
        ("qwen-72b", "1500000", "0.3333337"),
    ]
    every = list(csv.DictReader(StringIO(world.get("/usage.csv").text)))
    assert len(every) == 5
    assert sum(Money.parse(row["discount_usd"]) for row in every) == 6 * HOUR
    assert world.get("/usage.csv", signed_in=False).headers["location"].startswith("/login?next=/usage.csv")


def test_prices_that_changed_on_the_way_are_not_told(world: World) -> None:
    books = PriceBooks(world.database, SystemClock())
    books.load(read_book(DEAR.format(at=f"{SystemClock().now() + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}")))
    assert lines(world)[0][2] == "Changed in this time"
    assert lines(world, f"until={back(1)}&since={back(3)}")[0][2] == "$0.10 an hour + 10 % margin"
