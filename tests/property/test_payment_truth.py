"""Whatever happens at a provider, and however its news is lost, doubled and shuffled: in the end both sides agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegen.runtime.storage.database import Database
from generated.models.onboarding import DisputeStatus, ProviderDispute, TopUpStatus
from generated.models.onboarding import PaymentEventKind as Kind
from tests.server.payment_house import START, House, payment_house

NUMBERS = count(1)
MINOR = 10**7
STEPS = (
    "pay",
    "refund",
    "refund_fails",
    "dispute",
    "win",
    "lose",
    "tell",
    "tell_twice",
    "lose_news",
    "lose_all",
    "job",
    "janitor",
    "compare",
)


class Truth:
    """One payment as the provider knows it; news of each change waits until it is told."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.number = next(NUMBERS)
        self.user = house.user(self.number)
        self.top_up = house.top_up(self.user)
        self.paid = False
        self.refunds: list[int] = []
        self.dispute: str | None = None
        self.news: list[bytes] = []
        self.told = count(1)

    def _say(self, kind: Kind, minor: int, **fields: Any) -> None:
        self.news.append(self.house.told(self.top_up, kind, minor, f"_{next(self.told)}", **fields))

    def _changed(self) -> None:
        status = {"win": DisputeStatus.WON, "lose": DisputeStatus.LOST}.get(self.dispute or "", DisputeStatus.OPEN)
        dispute = ProviderDispute(
            dispute_ref=f"du_{self.top_up.sid}", status=status, amount_minor=400, currency="USD", occurred_at=START
        )
        self.house.truth(self.top_up, sum(self.refunds), [dispute] if self.dispute is not None else [])

    def do(self, step: str, pick: int) -> None:
        if step == "pay" and not self.paid:
            self.paid = True
            self._changed()
            self._say(Kind.PAYMENT_SUCCEEDED, 1000)
        elif step == "refund" and self.paid and sum(self.refunds) <= 800 and self.dispute is None:
            self.refunds.append(100 + pick % 100)
            self._changed()
            self._say(Kind.REFUND_CHANGED, sum(self.refunds))
            self._say(Kind.REFUND_CHANGED, self.refunds[-1], fetch_first=True)
        elif step == "refund_fails" and self.refunds:
            failed = self.refunds.pop(pick % len(self.refunds))
            self._changed()
            self._say(Kind.REFUND_FAILED, failed, fetch_first=True)
        elif step == "dispute" and self.paid and self.dispute is None and not self.refunds:
            self.dispute = "open"
            self._changed()
            self._say(Kind.DISPUTE_OPENED, 400)
        elif step in ("win", "lose") and self.dispute == "open":
            self.dispute = step
            self._changed()
            self._say(Kind.DISPUTE_WON if step == "win" else Kind.DISPUTE_LOST, 400)
        elif step.startswith("tell") and self.news:
            told = self.news.pop(pick % len(self.news))
            for _ in range(2 if step == "tell_twice" else 1):
                self.house.receive(told)
        elif step == "lose_news" and self.news:
            self.news.pop(pick % len(self.news))
        elif step == "lose_all":
            self.news.clear()
        elif step == "job":
            self.house.payments.inbox.run_once()
        elif step == "janitor":
            self._ask()
        elif step == "compare":
            self._compare()

    def _ask(self) -> None:
        self.house.payments.settlement.top_ups.patch(self.top_up.sid, {"next_check_at": self.house.clock.now()})
        self.house.payments.checks.run_once()

    def _compare(self) -> None:
        """Compare the day on which everything happens, as the nightly reconciliation does."""
        (found,) = self.house.payments.reconciler.day(START.date()).providers
        assert found.items == []

    def end(self) -> None:
        """All news that was not lost is told, the day is compared once more: what is left is what is true."""
        for told in self.news:
            self.house.receive(told)
        self.house.jobs()
        self._compare()
        self.house.clock.ahead = timedelta(0)
        found = self.house.payments.settlement.top_ups.get(self.top_up.sid)
        assert (found.status in (TopUpStatus.OPEN, TopUpStatus.EXPIRED)) is not self.paid
        if not self.paid:
            return
        held = 400 if self.dispute in ("open", "lose") else 0
        assert int(found.refunded) == sum(self.refunds) * MINOR
        balance, accounts = self.house.end(self.user)
        assert balance == (1000 - sum(self.refunds) - held) * MINOR
        assert accounts.get("held", 0) == (-400 * MINOR if self.dispute == "open" else 0)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    with payment_house(database, tmp_path) as found:
        yield found


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 10_000)), min_size=4, max_size=20))
def test_both_sides_agree(house: House, steps: list[tuple[str, int]]) -> None:
    truth = Truth(house)
    truth.do("pay", 0)
    for step, pick in steps:
        truth.do(step, pick)
    truth.end()
