"""Pages say what is held before KYC, why, and what to do; and no more of it once it is released."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import KycStatus, PaymentEventKind, TopUp
from generated.tables.onboarding import TOP_UP, USER
from handlers.payments.settlement import ProviderEvent, Settlement
from handlers.payments.states import Observation
from tests.server.audited import audit
from tests.server.test_pages import House, World

HELD = (
    "$5.00 is held It is beyond what you can add before verification. "
    "Verify your identity , and it is yours to spend; or ask for it back."
)


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(House(tmp_path))


def text_of(world: World, path: str) -> str:
    """What is read on a page."""
    answer = world.get(path)
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def paid(world: World, settlement: Settlement, name: str) -> TopUp:
    """Ten dollars that were paid."""
    ref, now = f"pi_{name}", Clock().now()
    top_up = Store.of(TOP_UP, world.database).new(
        {
            "user_sid": world.user.sid,
            "provider": "stripe",
            "session_ref": f"cs_{name}",
            "amount": Money.from_cents(1000),
        },
        now,
    )
    told = Observation(PaymentEventKind.PAYMENT_SUCCEEDED, 1000, "USD", now, fetched=True)
    event = ProviderEvent(f"check:{name}", ref, told, ref)
    return settlement.ledger.transaction(lambda: settlement.apply(top_up.sid, [event]))


def test_what_is_held_is_said_until_it_is_released(world: World) -> None:
    settlement = Settlement(world.database, Clock(), Money.from_cents(1500))
    first, second = paid(world, settlement, "1"), paid(world, settlement, "2")
    for path in ("/dashboard", "/topup"):
        assert HELD in text_of(world, path)
    assert "$5.00 held until you are verified" in text_of(world, "/topup")
    back = text_of(world, f"/payment/return?top_up={second.sid}")
    assert "$10.00 arrived. $5.00 of it is held: it is beyond what you can add before verification." in back
    assert "$10.00 is in your balance." in text_of(world, f"/payment/return?top_up={first.sid}")
    receipt = text_of(world, f"/receipts/{second.sid}")
    assert "Held $5.00, beyond what can be added before verification" in receipt
    assert "Held" not in text_of(world, f"/receipts/{first.sid}")
    assert "Beyond what can be added before verification: held" in text_of(world, "/ledger")

    Store.of(USER, world.database).patch(world.user.sid, {"kyc_status": KycStatus.COMPLETED})
    assert settlement.release_due() == 1
    for path in ("/dashboard", "/topup"):
        assert HELD not in text_of(world, path) and "held until" not in text_of(world, path)
    assert "$10.00 is in your balance." in text_of(world, f"/payment/return?top_up={second.sid}")
    assert "beyond what can be added" not in text_of(world, f"/receipts/{second.sid}")
    assert "Held before verification: released" in text_of(world, "/ledger")
    assert audit(world.database) == []
