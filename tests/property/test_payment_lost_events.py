"""Silence and time: whichever events of a payment are lost, some days later everything is as if all had come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import (
    BalanceChange,
    DisputeStatus,
    ProviderDispute,
    ProviderRefund,
    RefundStatus,
    TopUp,
    User,
)
from generated.models.onboarding import PaymentEventKind as Kind
from generated.tables.onboarding import DISPUTE, REFUND
from tests.server.payment_house import House, payment_house

LAST_DAY = 30
"""By then the days of all that happens were compared again."""


@dataclass
class Life:
    """A payment of which some events are lost: what the provider knows of it, and what it tells."""

    house: House
    user: User
    top_up: TopUp
    lost: int
    told: int = 0
    refunds: list[ProviderRefund] = field(default_factory=list)
    dispute: ProviderDispute | None = None

    def tell(self, kind: Kind, minor: int, **fields: bool) -> None:
        """What happened stands at the provider; its event comes, unless it is one of those that are lost."""
        refunded = sum(each.amount_minor for each in self.refunds if each.status != RefundStatus.FAILED)
        disputes = [self.dispute] if self.dispute is not None else []
        self.house.truth(self.top_up, refunded, disputes, self.refunds)
        if not self.lost & 1 << self.told:
            at = self.house.clock.now()
            self.house.receive(self.house.told(self.top_up, kind, minor, f"_{self.told}", at=at, **fields))
        self.told += 1

    def moved(self, ref: str) -> None:
        """The provider's balance moves, for a fee of a cent."""
        changes = self.house.provider.changes
        changes.append(
            BalanceChange(
                change_ref=f"txn_{len(changes)}",
                external_ref=ref,
                payment_ref=self.payment,
                fee_minor=1,
                currency="USD",
                occurred_at=self.house.clock.now(),
            )
        )

    @property
    def payment(self) -> str:
        return f"pi_{self.top_up.sid}"

    def refund(self, minor: int) -> None:
        made = ProviderRefund(
            refund_ref=f"re_{self.top_up.sid}",
            status=RefundStatus.SUCCEEDED,
            amount_minor=minor,
            currency="USD",
            occurred_at=self.house.clock.now(),
        )
        self.refunds = [made]
        self.moved(made.refund_ref)
        self.tell(Kind.REFUND_CHANGED, minor)

    def refund_fails(self) -> None:
        (failed,) = self.refunds
        self.refunds = [failed.model_copy(update={"status": RefundStatus.FAILED})]
        self.moved(failed.refund_ref)
        self.tell(Kind.REFUND_FAILED, failed.amount_minor, fetch_first=True)

    def disputed(self, kind: Kind, status: DisputeStatus) -> None:
        ref = f"du_{self.top_up.sid}"
        opened: datetime = self.dispute.occurred_at if self.dispute is not None else self.house.clock.now()
        self.dispute = ProviderDispute(
            dispute_ref=ref, status=status, amount_minor=500, currency="USD", occurred_at=opened
        )
        self.moved(ref)
        self.tell(kind, 500)

    def happens(self, day: int, appeal: bool) -> None:
        """What happens on a day."""
        if day == 0:
            self.moved(self.payment)
            self.tell(Kind.PAYMENT_SUCCEEDED, 1000)
        elif day == 3:
            self.refund(200)
        elif day == 5:
            self.refund_fails()
        elif day == 10:
            self.disputed(Kind.DISPUTE_OPENED, DisputeStatus.OPEN)
        elif day == 12:
            self.disputed(Kind.DISPUTE_LOST, DisputeStatus.LOST)
        elif day == 20 and appeal:
            self.disputed(Kind.DISPUTE_WON, DisputeStatus.WON)

    def end(self) -> object:
        """Everything that is known of it here."""
        found = self.house.payments.settlement.top_ups.get(self.top_up.sid)
        refunds = Store.of(REFUND, self.house.database).find({"top_up_sid": self.top_up.sid})["items"]
        disputes = Store.of(DISPUTE, self.house.database).find({"top_up_sid": self.top_up.sid})["items"]
        return (
            self.house.end(self.user),
            (found.status, found.refunded),
            sorted((int(each.amount), each.status) for each in refunds),
            [(int(each.amount), each.status) for each in disputes],
        )


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    with payment_house(database, tmp_path) as found:
        yield found


def live(house: House, lives: Sequence[Life], appeal: bool) -> None:
    """Day after day: what happens, the jobs, and at night the days that are due. Nobody else ever asks."""
    for day in range(LAST_DAY):
        house.clock.ahead = timedelta(days=day)
        house.payments.reconciler.run_once()
        for life in lives:
            life.happens(day, appeal)
        house.payments.inbox.run_once()


@pytest.mark.parametrize("appeal", [False, True], ids=["lost", "won on appeal"])
def test_any_events_may_be_lost(house: House, appeal: bool) -> None:
    events = 6 if appeal else 5
    lives = []
    for lost in range(1 << events):
        user = house.user(lost + 1)
        lives.append(Life(house, user, house.top_up(user), lost))
    live(house, lives, appeal)
    expected = lives[0].end()
    different = [f"{life.lost:0{events}b}" for life in lives if life.end() != expected]
    assert different == [], "these events, the last one first, were lost"
    balance = house.payments.settlement.ledger.balances(lives[0].user.sid)
    assert -balance["purchased"] // 10**7 == (1000 if appeal else 500)
