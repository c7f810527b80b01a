"""A clock that was set back: what payments wait for comes all the same, and is not asked for without a pause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import ProviderUnavailable
from generated.models.onboarding import InboxState
from generated.models.onboarding import PaymentEventKind as Kind
from generated.tables.onboarding import REFUND, WEBHOOK_INBOX_ENTRY
from tests.server.payment_house import House, payment_house

AHEAD = timedelta(days=400)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    with payment_house(database, tmp_path) as found:
        yield found


def test_a_top_up_of_next_year(house: House) -> None:
    house.clock.ahead = AHEAD
    top_up = house.top_up(house.user(1))
    house.clock.ahead = timedelta(0)
    assert [house.payments.checks.run_once() for _ in range(3)] == [1, 0, 0]
    next_check_at = house.payments.settlement.top_ups.get(top_up.sid).next_check_at
    assert next_check_at == house.clock.now() + timedelta(minutes=5)
    house.clock.ahead = timedelta(minutes=6)
    assert house.payments.checks.run_once() == 1


def test_a_long_wait_is_no_mistake(house: House) -> None:
    """Of a top-up that is open for a year the provider is asked every few months."""
    top_up = house.top_up(house.user(1))
    house.provider.sessions.pop(top_up.session_ref, None)
    house.payments.settlement.top_ups.patch(top_up.sid, {"next_check_at": house.clock.now() + timedelta(days=430)})
    house.clock.ahead = timedelta(days=365)
    assert house.payments.checks.run_once() == 0


def test_a_webhook_of_next_year(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    user = house.user(1)
    top_up = house.top_up(user)
    house.clock.ahead = AHEAD
    with monkeypatch.context() as patch:
        patch.setattr(house.payments.settlement, "apply", lambda *_: 1 / 0)
        house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED))
    house.clock.ahead = timedelta(0)
    house.payments.inbox.run_once()
    (entry,) = Store.of(WEBHOOK_INBOX_ENTRY, house.database).list_full()["items"]
    assert entry.state == InboxState.APPLIED
    assert house.end(user)[0] == 10 * 10**9


def test_a_refund_of_next_year(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    user = house.user(1)
    top_up = house.top_up(user)
    house.truth(top_up, refunded=0)
    house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED))
    house.clock.ahead = AHEAD

    def silent(order: object) -> object:
        raise ProviderUnavailable(provider="stub")

    context = Context(ADMIN, house.clock, house.database, "test")
    with monkeypatch.context() as patch, pytest.raises(ProviderUnavailable):
        patch.setattr(house.provider, "refund", silent)
        house.payments.refunds.start(context, top_up.sid, 300, "asked for")
    house.clock.ahead = timedelta(0)
    assert house.payments.refunds.run_once() == 1
    (refund,) = Store.of(REFUND, house.database).find({"top_up_sid": top_up.sid})["items"]
    assert refund.refund_ref == f"re_{refund.sid}"
