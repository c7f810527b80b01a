"""Whatever brings money brings services back, in its transaction; what changes nothing in all tells nobody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Thread

import pytest

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.errors import Conflict
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import KycStatus, TopUp, TransactionKind
from generated.models.onboarding import PaymentEventKind as Kind
from generated.tables.onboarding import USER
from handlers.ledger import wallet as rules
from tests.server.payment_house import START, House, payment_house
from tests.server.plan_world import DOLLAR, PlanWorld

PLANS = json.dumps([{"plan_id": "vm5", "cost_cents": 400, "vm_count": 5, "days": 30}])


class Home:
    """Payments and plans over one database; `user` is verified and has one settled top-up of ten dollars."""

    def __init__(self, house: House) -> None:
        self.house, self.plans = house, PlanWorld(house.database, PLANS)
        self._numbers = count(1)
        self.plans.jump_to(START)
        self.user = house.user(1)
        self.verify(KycStatus.COMPLETED)
        self.paid = self.top_up()
        self.succeed(self.paid)

    def verify(self, status: KycStatus) -> None:
        Store.of(USER, self.house.database).patch(self.user.sid, {"kyc_status": status})

    def top_up(self) -> TopUp:
        return self.house.top_up(self.user)

    def succeed(self, top_up: TopUp) -> None:
        self.house.truth(top_up, refunded=0)
        self.house.receive(self.house.told(top_up, Kind.PAYMENT_SUCCEEDED))

    def spend(self, dollars: int) -> None:
        self.plans.book.charge(self.user.sid, f"u{next(self._numbers)}", dollars * DOLLAR)

    def post_alone(self, amount: int) -> None:
        """A posting inside another transaction, without a turn of its own."""
        self.plans.ledger.post(
            user_sid=self.user.sid,
            kind=TransactionKind.GRANT,
            key="alone",
            source="plan:x",
            reason="r",
            effective_at=START,
            draw=lambda wallet: rules.grant(wallet, amount),
        )

    def fall_to(self, dollars: int) -> None:
        self.spend(int(self.plans.dollars(self.user.sid)) - dollars)

    def context(self) -> Context:
        return Context(ADMIN, self.house.clock, self.house.database, "test")

    @property
    def told(self) -> list[str]:
        return [each[0] for each in self.plans.machines.told]

    @property
    def kinds(self) -> list[str]:
        ours = ("low_balance", "balance_negative", "services_suspended", "services_resumed")
        return [kind for kind in self.plans.kinds(self.user.sid) if kind in ours]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """What each way does to the database is tried on both elsewhere."""
    database = Database.open(f"sqlite:///{tmp_path}/test.db")
    database.execute("PRAGMA synchronous = off")
    with payment_house(database, tmp_path, kyc_free_cap_cents=1500) as house:
        yield Home(house)
    database.close()


# --- ways, each of which brings four dollars or more ------------------------------------------------------------------


def by_webhook(home: Home) -> Callable[[], object]:
    top_up = home.top_up()
    return lambda: home.succeed(top_up)


def by_a_webhook_that_is_confirmed(home: Home) -> Callable[[], object]:
    """Its provider is asked whether it is true, by the job of the inbox."""
    top_up = home.top_up()
    home.house.truth(top_up, refunded=0)
    home.house.receive(home.house.told(top_up, Kind.PAYMENT_SUCCEEDED, fetch_first=True))
    return home.house.payments.inbox.run_once


def by_a_review(home: Home) -> Callable[[], object]:
    """Less was paid than was asked for, and an operator credits it all the same."""
    top_up = home.top_up()
    home.house.receive(home.house.told(top_up, Kind.PAYMENT_SUCCEEDED, minor=900))
    review = home.house.payments.decisions.resolve_review
    return lambda: review(home.context(), top_up.sid, True, None, "seen")


def by_asking(home: Home) -> Callable[[], object]:
    """No webhook came: the janitor asks."""
    home.house.truth(home.top_up(), refunded=0)
    home.house.clock.ahead = timedelta(minutes=6)
    return home.house.payments.checks.run_once


def by_kyc(home: Home) -> Callable[[], object]:
    """What was paid beyond the cap is held until KYC."""
    top_up = home.top_up()
    home.verify(KycStatus.EXPIRED)
    home.succeed(top_up)  # five dollars of it fit under the cap

    def completed() -> None:
        home.verify(KycStatus.COMPLETED)
        ledger = home.house.payments.settlement.ledger
        ledger.transaction(lambda: home.house.payments.settlement.release(home.user.sid))

    return completed


def by_a_dispute_that_is_won(home: Home) -> Callable[[], object]:
    home.house.receive(home.house.told(home.paid, Kind.DISPUTE_OPENED))
    home.plans.book.adjustments.grant(home.context(), user_sid=home.user.sid, amount=Money(10 * DOLLAR), reason="r")
    return lambda: home.house.receive(home.house.told(home.paid, Kind.DISPUTE_WON, at=START + timedelta(minutes=1)))


def by_a_grant(home: Home) -> Callable[[], object]:
    give = home.plans.book.adjustments.grant
    return lambda: give(home.context(), user_sid=home.user.sid, amount=Money(10 * DOLLAR), reason="sorry")


def by_an_adjustment(home: Home) -> Callable[[], object]:
    return lambda: home.plans.book.adjustments.set_balance(home.context(), sid=home.user.sid, balance_cents=400)


WAYS = (
    by_webhook,
    by_a_webhook_that_is_confirmed,
    by_asking,
    by_a_review,
    by_kyc,
    by_a_dispute_that_is_won,
    by_a_grant,
    by_an_adjustment,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_whoever_pays_is_back_at_once(home: Home, way: Callable[[Home], Callable[[], object]]) -> None:
    pay = way(home)
    home.fall_to(-6)
    assert (home.told, home.kinds[-1]) == (["suspend"], "services_suspended")
    pay()
    assert home.plans.dollars(home.user.sid) >= -1
    assert (home.told, home.kinds[-1]) == (["suspend", "resume", "at once"], "services_resumed")
    assert not home.plans.machines.asked_in_transaction, "machines are asked once the money is there for good"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_whoever_pays_in_time_has_the_plan_renewed(home: Home, way: Callable[[Home], Callable[[], object]]) -> None:
    user = home.user.sid
    home.plans.buy(user)
    home.plans.renew(user)
    pay = way(home)
    home.fall_to(0)
    home.plans.jump(days=30)
    home.plans.ends.run_once()
    home.plans.machines.told.clear()
    pay()
    assert [each.renewed_from is None for each in home.plans.bought(user)] == [True, False]
    assert home.told == ["renewed", "at once"]


# --- in all -----------------------------------------------------------------------------------------------------------


def test_a_payment_that_is_held_brings_nothing_back(home: Home) -> None:
    """It is credited and held in one transaction: nobody is told that the balance rose, or that it fell."""
    first, second, third = (home.top_up() for _ in range(3))
    home.verify(KycStatus.EXPIRED)
    home.succeed(first)
    home.fall_to(3)
    assert home.kinds == ["low_balance"]
    home.succeed(second)
    assert (home.plans.dollars(home.user.sid), home.kinds) == (3, ["low_balance"])
    home.fall_to(-6)
    home.succeed(third)
    assert (home.plans.dollars(home.user.sid), home.told) == (-6, ["suspend"])


def test_what_is_undone_is_not_told(home: Home) -> None:
    """A part of a transaction that is rolled back, and a transaction that is."""
    ledger, book = home.plans.ledger, home.plans.book

    def attempt() -> None:
        try:
            with ledger.database.transaction():
                home.spend(16)
                raise Conflict
        except Conflict:
            pass

    ledger.transaction(attempt)
    assert (home.told, home.kinds) == ([], [])

    def fail() -> None:
        home.spend(16)
        raise Conflict

    with pytest.raises(Conflict):
        ledger.transaction(fail)
    book.charge(home.user.sid, "small", DOLLAR)
    assert (home.told, home.kinds) == ([], [])


def test_what_failed_is_forgotten(home: Home) -> None:
    """What a transaction noted that was rolled back says nothing of a posting that comes much later."""
    ledger = home.plans.ledger

    def fail() -> None:
        home.spend(1)
        raise Conflict

    with pytest.raises(Conflict):
        ledger.transaction(fail)
    elsewhere = Thread(target=home.spend, args=(6,))
    elsewhere.start()
    elsewhere.join()
    assert home.kinds == ["low_balance"]
    ledger.database.run(lambda: home.post_alone(DOLLAR // 100))
    assert home.kinds == ["low_balance"]


def test_many_charges_of_one_transaction_are_one_fall(home: Home) -> None:
    ledger = home.plans.ledger

    def spend_all() -> None:
        for dollars in (1, 2, 3, 4):
            home.spend(dollars)

    ledger.transaction(spend_all)
    assert (home.plans.dollars(home.user.sid), home.kinds) == (0, ["low_balance"])


def test_machines_that_do_not_answer_keep_no_money_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(user_sid: str) -> None:
        raise TimeoutError

    home.spend(16)
    monkeypatch.setattr(home.plans.machines, "at_once", silent)
    home.succeed(home.top_up())
    assert home.plans.dollars(home.user.sid) == 4
    assert home.told == ["suspend", "resume"]
