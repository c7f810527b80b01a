"""A charge of the ledger opens to its lines: file, line and commit, price, margin, tier and rounding."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from codegen.runtime.context import SystemClock
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import DiscountBase, DiscountTier, ResourceCategory, TransactionKind
from generated.tables.onboarding import USAGE_RECORD, UsageRecordNew
from handlers.ledger import wallet
from handlers.pages.shown import usage_commit
from handlers.prices.books import PriceBooks
from handlers.usage import own_lines
from tests.server.book import Book
from tests.server.test_pages import House, World

COMMIT = "3f2a" * 10
PATH = "usage/usage_2026-11-20-19.jsonl"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(House(tmp_path))


def line(world: World, number: int, **more: object) -> None:
    """A consumed line of half an hour of Hero OS at half price."""
    kind = more.get("resource_kind", "hero_os_hour")
    rate = PriceBooks(world.database, SystemClock()).every()[0].rate(str(kind))
    assert rate is not None
    values = {
        "node_id": "n1",
        "stream_id": "s",
        "local_seq": number,
        "user_sid": world.user.sid,
        "resource_kind": "hero_os_hour",
        "quantity": Decimal("0.5"),
        "idempotency_key": f"n1/s/{number}",
        "occurred_at": datetime(2026, 11, 20, 19, 3, 14, tzinfo=UTC),
        "interval_seconds": 1800,
        "instance_id": "vm-1",
        "commit": COMMIT,
        "path": PATH,
        "line": number,
        "line_hash": "a" * 64,
        "category": ResourceCategory.HERO_OS_HOURLY,
        "price_sid": rate.sid,
        "margin_bp": 1000,
        "tier": DiscountTier.WEEK,
        "discount_base": DiscountBase.FULL,
        "list_charge": Money(55_000_000),
        "charge": Money(27_500_000),
        "rounding_rest": Decimal(0),
        "consumed_at": datetime(2026, 11, 20, 20, tzinfo=UTC),
        **more,
    }
    store = Store.of(USAGE_RECORD, world.database)
    now = SystemClock().now()
    complete: UsageRecordNew = values  # type: ignore[assignment]
    world.database.run(lambda: store.insert(store.complete(complete, now)))


def read(world: World, path: str) -> str:
    text = world.get(path).text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_a_charge_opens_to_its_lines(world: World) -> None:
    line(world, 1)
    line(world, 2, model="qwen", resource_kind="llm_token", cost=Decimal("0.000312"), rounding_rest=Decimal("-0.25"))
    line(world, 3, cost=Decimal("4"), charge=Money(0))
    book = Book(world.database)
    book.post(
        world.user.sid,
        TransactionKind.USAGE,
        f"usage:n1@{COMMIT}:x",
        lambda drawn: wallet.usage(drawn, account="revenue:hero_os_hourly", listed=110_000_000, amount=55_000_000),
        f"usage:n1@{COMMIT}:{PATH}:1",
    )
    [path] = re.findall(r'href="(/usage/lines/[^"]+)"', world.get("/ledger").text)
    shown = read(world, path)
    assert "Lines $0.055" in shown
    assert f"{PATH}, line 1 0.5 hours $0.0275" in shown
    assert "$0.10 per instance hour + 10 % margin" in shown and "In force from 1 Jan 2026" in shown
    assert "Before discount $0.055 Discount −$0.0275: 50 % of the price is left at that time" in shown
    assert "$0.000312 of the provider, told by the node + 10 % margin" in shown
    assert "$4 of" not in shown, "what a node says that hours cost set no price"
    assert "rounding left -0.25 billionths of a dollar" in shown and "$0.0275; rounding left nothing" in shown
    assert "Tier Week: from day 7 after the first payment on Cost" in shown
    for cause in ("n1/s/1", f"{PATH}:1", COMMIT, "a" * 64, "over the 1800 seconds before"):
        assert cause in shown


def test_a_line_of_somebody_who_never_paid_has_no_tier(world: World) -> None:
    line(world, 1, tier=DiscountTier.NONE, charge=Money(55_000_000))
    assert "Discount None Tier None Cost $0.055" in read(world, f"/usage/lines/n1/{COMMIT}")


def test_a_commit_with_many_lines_is_told_to_have_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_lines, "MOST", 2)
    for number in (1, 2):
        line(world, number)
    path = f"/usage/lines/n1/{COMMIT}"
    assert "has more of yours" not in read(world, path)
    line(world, 3)
    shown = read(world, path)
    assert "These are the first 2; the commit has more of yours." in shown and "line 3" not in shown


def test_nobody_sees_the_lines_of_others(world: World) -> None:
    line(world, 1, user_sid=world.house.newcomer().sid)
    for path in (f"/usage/lines/n1/{COMMIT}", f"/usage/lines/n2/{COMMIT}", "/usage/lines/n1/%00"):
        assert world.get(path).status_code == 404
    assert world.get(f"/usage/lines/n1/{COMMIT}", signed_in=False).headers["location"].startswith("/login")


@pytest.mark.parametrize("source", ["payment:stripe:pi_1", "plan:01", "usage:", "usage:n1", ""])
def test_other_sources_have_no_lines(source: str) -> None:
    assert usage_commit(source) is None
