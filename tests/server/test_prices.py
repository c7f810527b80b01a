"""Price books: loaded whole, never changed, looked up by time; what another would have charged; the ladder."""

import json
import shlex
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from falcon import testing

from codegen.runtime.errors import NotFound
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import PriceBookConflict, PriceBookInvalid
from generated.models.onboarding import DiscountBase, DiscountTier, Notice
from generated.tables.onboarding import NOTICE, USAGE_RECORD
from handlers.app import build
from handlers.composition import load_settings
from handlers.prices.book_file import read_book
from handlers.prices.books import SHIPPED, PriceBooks
from handlers.prices.ladder_job import LadderJob
from handlers.prices.simulation import Simulations
from handlers.pricing.ladder import STEPS
from handlers.settings import SettingsInvalid
from tests.server.audited import audit
from tests.server.book import START, Book, create_tables
from tests.server.how_to import BLOCK, PAGES, write_files
from tests.server.site import ADMIN, SECRET, Site

DOLLAR = 10**9
TEXT = SHIPPED.read_text()


def later(moment: datetime, price: str = "0.20") -> str:
    return TEXT.replace("2026-01-01T00:00:00Z", f"{moment:%Y-%m-%dT%H:%M:%SZ}").replace("0.10", price)


@pytest.fixture
def book(database: Database) -> Book:
    create_tables(database)
    return Book(database)


@pytest.fixture
def books(book: Book) -> PriceBooks:
    found = PriceBooks(book.database, book.clock)
    found.load_configured(None)
    return found


# --- books ------------------------------------------------------------------------------------------------------


def test_the_price_at_a_time_to_the_second(books: PriceBooks) -> None:
    begins = START + timedelta(days=3)
    books.load(read_book(later(begins)))
    at = {moment: books.book_at(moment).rate("hero_os_hour") for moment in (begins - timedelta(seconds=1), begins)}
    assert [rate.unit_price for rate in at.values() if rate is not None] == [DOLLAR // 10, DOLLAR // 5]
    with pytest.raises(NotFound):
        books.at(datetime(2025, 12, 31, tzinfo=UTC))


def test_a_book_is_loaded_once_and_never_changed(books: PriceBooks) -> None:
    begins = START + timedelta(days=3)
    first = books.load(read_book(later(begins)))
    assert books.load(read_book(later(begins))) == first
    with pytest.raises(PriceBookConflict):
        books.load(read_book(later(begins, "0.30")))
    with pytest.raises(PriceBookInvalid):
        books.load(read_book(later(START - timedelta(seconds=1))))
    books.load_configured(None)
    assert books.at(START).book.note == "The first prices."


def test_prices_are_read_without_floats() -> None:
    price = "0.100000000000000005551115123125782"
    with pytest.raises(PriceBookInvalid):
        read_book(TEXT.replace("0.10", price))
    assert read_book(TEXT.replace("0.10", "0.123456789")).book.rates[0].unit_price == 123_456_789


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("unit_price: 0.10", "unit_price: -0.10", "unit_price"),
        ("unit_price: 0.10", "unit_price: 1e3", "unit_price"),
        ("margin_bp: 1000", "margin_bp: 10.5", "margin_bp"),
        ("kind: vm_hour", "kind: hero_os_hour", "two prices"),
        ("unit: cost", "unit: litre", "unit"),
        ("note: The", "remark: The", "remark"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "effective_from"),
        ("prices:", "prices: [", "expected"),
        ("note: The first prices.", "note: !!python/object/apply:os.system [ls]", "note"),
    ],
)
def test_what_a_book_cannot_say(old: str, new: str, said: str) -> None:
    with pytest.raises(PriceBookInvalid) as error:
        read_book(TEXT.replace(old, new, 1))
    assert said in json.dumps(error.value.data())


# --- what another book would have charged -----------------------------------------------------------------------


def use(book: Book, user: str, number: int, at: datetime, **fields: Any) -> None:
    values: Any = {
        "node_id": "n",
        "stream_id": "s",
        "local_seq": number,
        "user_sid": user,
        "resource_kind": "hero_os_hour",
        "quantity": Decimal(10),
        "idempotency_key": f"k{number}",
        "occurred_at": at,
        "commit": "a" * 40,
        "path": "usage/1.jsonl",
        "line": number,
        "line_hash": "0" * 64,
        "margin_bp": 1000,
        "tier": DiscountTier.NONE,
        "discount_base": DiscountBase.FULL,
        "list_charge": Money(11 * DOLLAR // 10),
        "charge": Money(11 * DOLLAR // 10),
        "rounding_rest": Decimal(0),
        "consumed_at": at,
        **fields,
    }
    Store.of(USAGE_RECORD, book.database).new(values, at)


def test_a_simulation_by_user_and_in_sum(book: Book, books: PriceBooks) -> None:
    one, other = book.user(), book.user()
    use(book, one, 1, START)
    use(book, one, 2, START + timedelta(hours=1), tier=DiscountTier.WEEK, charge=Money(55 * DOLLAR // 100))
    use(book, other, 3, START, quantity=Decimal(1), charge=Money(11 * DOLLAR // 100))
    use(book, other, 4, START, void="k3", charge=Money(-11 * DOLLAR // 100))
    use(book, other, 5, START + timedelta(days=1))
    simulations = Simulations(book.database, STEPS)
    found = simulations.run(read_book(later(START)).book, START, START + timedelta(days=1))
    assert {user.user_sid: (str(user.charged), str(user.simulated), str(user.difference)) for user in found.users} == {
        one: ("1.65", "3.30", "1.65"),
        other: ("0.00", "0.00", "0.00"),
    }
    assert (str(found.charged), str(found.simulated)) == ("1.65", "3.30")
    same = simulations.run(books.book_at(START), START, START + timedelta(days=2))
    assert same.charged == same.simulated
    without = read_book(TEXT.replace("kind: hero_os_hour", "kind: gpu_hour")).book
    with pytest.raises(PriceBookInvalid):
        simulations.run(without, START, START + timedelta(days=2))


# --- the ladder -------------------------------------------------------------------------------------------------


def test_the_job_refreshes_tiers_and_announces_each_once(book: Book) -> None:
    job = LadderJob(book.database, book.clock, STEPS)
    users = [book.user() for _ in range(3)]
    for number, user in enumerate(users[:2]):
        book.top_up(user, f"pi_{number}", 10 * DOLLAR, START - timedelta(seconds=number))

    def shown() -> list[str]:
        tiers = [book.ledger.billings.one({"user_sid": user}) for user in users]
        return [billing.discount_tier.value for billing in tiers if billing is not None]

    assert (job.tick().users, shown()) == (2, ["none", "none", "none"])
    book.clock.time = START + timedelta(days=7, seconds=-1)
    assert (job.run_once(), shown()) == (1, ["none", "week", "none"])
    book.later(1)
    assert (job.run_once(), job.run_once(), shown()) == (1, 0, ["week", "week", "none"])
    book.clock.time = START + timedelta(days=365)
    assert (job.tick().changed, shown()) == (2, ["month", "month", "none"])
    notices: list[Notice] = Store.of(NOTICE, book.database).find({"user_sid": users[0]})["items"]
    assert [notice.text.split(" from")[0] for notice in notices if notice.kind == "tier_changed"] == [
        "Hero OS and models cost you 50 % of the list price",
        "Hero OS and models cost you 25 % of the list price",
    ]
    assert audit(book.database) == []


# --- commands, routes, settings ---------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Site:
    found = Site(tmp_path)
    found.command("migrate")
    return found


def test_the_commands(site: Site, tmp_path: Path) -> None:
    assert "hero_os_hour" in site.command("prices", "current")
    assert site.command("prices", "current").splitlines()[1].endswith("$0.10 per instance_hour, margin 10 %")
    new = tmp_path / "new.yaml"
    new.write_text(later(datetime.now(UTC) + timedelta(days=30)))
    assert "3 prices" in site.command("prices", "load", str(new), "--reason", "dearer")
    assert "$0.10" in site.command("prices", "current")
    assert "$0.20" in site.command("prices", "current", "--at", f"{datetime.now(UTC) + timedelta(days=31):%Y-%m-%d}")
    new.write_text(later(datetime.now(UTC) - timedelta(days=1)))
    assert "past" in site.command("prices", "load", str(new), status=1)
    simulated = site.command("prices", "simulate", str(new), "--from", "2026-01-01", "--to", "2027-01-01", "--json")
    assert json.loads(simulated)["simulated"] == "0.00"
    assert site.command("discount-ladder", "--once") == "0 of 0 tiers changed"
    site.command("discount-ladder", status=2)
    assert "the ledger holds" in site.command("audit")


def test_a_book_that_cannot_be_loaded_is_a_wrong_setting(database: Database, tmp_path: Path) -> None:
    create_tables(database)
    path = tmp_path / "book.yaml"
    path.write_text(later(START, "-1"))
    settings = load_settings(var_dir=tmp_path, database_url=database.url, prices=path, admin_secret=SECRET)
    with pytest.raises(SettingsInvalid, match=r"HERO_ONBOARDING_PRICES: .*unit_price"):
        build(settings, database, log=Log(lambda _: None))
    path.write_text(later(datetime(2026, 2, 1, tzinfo=UTC), "0.30"))
    client = testing.TestClient(build(settings, database, log=Log(lambda _: None)))
    landing = client.simulate_get("/").text
    assert "$0.33 <small>an hour" in landing and "$0.30 and 10 % margin" in landing
    tick = client.simulate_post("/admin/discount-ladder-tick", headers=ADMIN)
    assert (tick.status_code, tick.json["users"]) == (200, 0)
    assert client.simulate_post("/admin/discount-ladder-tick").status_code == 401
    body = {"jsonrpc": "2.0", "id": 1, "method": "prices.load", "params": {"book": "{", "reason": "x"}}
    assert client.simulate_post("/rpc", json=body, headers=ADMIN).json["error"]["data"]["error"] == "price_book_invalid"
    assert audit(database) == []


def test_the_how_to(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands are run in this process, which is quicker; what it prints is printed, in that order."""
    write_files("change-prices.md", tmp_path)
    monkeypatch.chdir(tmp_path)
    printed = ""
    for kind, text in BLOCK.findall((PAGES / "change-prices.md").read_text()):
        if kind == "sh":
            program, *arguments = shlex.split(text)
            assert program == "hero-onboarding"
            printed = site.command(*arguments)
        elif kind == "text":
            assert text.strip() in printed
    assert "0 of 0" in printed
