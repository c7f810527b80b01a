"""Events that say less than what is true of a payment: the audit takes none of them for more than it tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from generated.models.onboarding import PaymentEventKind as Kind
from generated.models.onboarding import TopUp
from tests.server.audited import audit
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
