"""What is posted of a payment, against its events and decisions: the audit takes each for what it tells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.storage.database import Database
from generated.models.onboarding import PaymentEventKind as Kind
from generated.models.onboarding import TopUp
from tests.server.audited import audit
from tests.server.forger import without_triggers
from tests.server.payment_house import House, payment_house


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    with payment_house(database, tmp_path) as found:
        yield found


def paid(house: House) -> TopUp:
    top_up = house.top_up(house.user(1))
    house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED))
    house.jobs()
    return top_up


@pytest.mark.parametrize("total", [0, 300])
def test_a_failed_refund_is_told_by_its_own_amount(house: House, total: int) -> None:
    """Nobody told of the refund before it failed; what was refunded is what the provider answers."""
    top_up = paid(house)
    house.truth(top_up, total)
    house.receive(house.told(top_up, Kind.REFUND_FAILED, 186))
    house.jobs()
    house.receive(house.told(top_up, Kind.REFUND_CHANGED, 186 + total))
    house.jobs()
    assert house.payments.settlement.top_ups.get(top_up.sid).refunded.cents == total
    assert audit(house.database) == []


BEFORE: dict[str, list[tuple[Kind, int]]] = {
    "refunded from the excess": [(Kind.REFUND_CHANGED, 200)],
    "refunded from both": [(Kind.REFUND_CHANGED, 700)],
    "disputed": [(Kind.DISPUTE_OPENED, 600)],
    "lost": [(Kind.DISPUTE_OPENED, 600), (Kind.DISPUTE_LOST, 600)],
    "won": [(Kind.DISPUTE_OPENED, 600), (Kind.DISPUTE_WON, 600)],
    "refunded and disputed": [(Kind.REFUND_CHANGED, 700), (Kind.DISPUTE_OPENED, 300)],
}
AFTER: dict[str, list[tuple[Kind, int]]] = {
    "nothing more": [],
    "refunded, and lost": [(Kind.REFUND_CHANGED, 800), (Kind.DISPUTE_LOST, 600)],
}


@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER.keys())
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
def test_what_came_before_a_decision_is_posted_by_it(
    house: House, before: list[tuple[Kind, int]], after: list[tuple[Kind, int]]
) -> None:
    """Money of a payment that waited for a person had gone back, or was contested, when it was credited."""
    top_up = house.top_up(house.user(1))
    house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED, 1500))
    for kind, minor in before:
        house.clock.ahead += timedelta(minutes=1)
        house.receive(house.told(top_up, kind, minor, at=house.clock.now()))
    house.jobs()
    operator = Context(ADMIN, house.clock, house.database, "test")
    house.payments.decisions.resolve_review(operator, top_up.sid, True, None, "more than asked for")
    assert audit(house.database) == []
    for kind, minor in after:
        house.clock.ahead += timedelta(minutes=1)
        house.receive(house.told(top_up, kind, minor, "_later", at=house.clock.now()))
    house.jobs()
    assert audit(house.database) == []


def test_an_amount_that_was_contested_before_a_decision(house: House) -> None:
    top_up = house.top_up(house.user(1))
    house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED, 1500), house.told(top_up, Kind.DISPUTE_OPENED, 600))
    house.jobs()
    operator = Context(ADMIN, house.clock, house.database, "test")
    house.payments.decisions.resolve_review(operator, top_up.sid, True, None, "more than asked for")
    without_triggers(house.database)
    house.database.execute("UPDATE payment_event SET amount_minor = 500 WHERE kind = 'dispute_opened'")
    [found] = audit(house.database)
    house.database.execute("UPDATE payment_event SET amount_minor = 600 WHERE kind = 'dispute_opened'")
    assert "tells of another amount than transaction" in found.detail
