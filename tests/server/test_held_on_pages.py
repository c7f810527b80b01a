"""Pages say what is held before KYC, why, and what to do; and no more of it once it is released."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.http.log import Log
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import KycStatus, PaymentEventKind, Receipt, TopUp
from generated.tables.onboarding import TOP_UP, USER
from handlers.payments.pages.receipt_paper import receipt_paper
from handlers.payments.providers import Providers
from handlers.payments.service import Payments
from handlers.payments.settings import PaymentSettings
from handlers.payments.settlement import ProviderEvent, Settlement
from handlers.payments.states import Observation
from handlers.settings import load
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


def paid(world: World, settlement: Settlement, name: str, cents: int = 1000, provider: str = "stripe") -> TopUp:
    """Ten dollars that were paid."""
    ref, now = f"pi_{name}", Clock().now()
    top_up = Store.of(TOP_UP, world.database).new(
        {
            "user_sid": world.user.sid,
            "provider": provider,
            "session_ref": f"cs_{name}",
            "amount": Money.from_cents(1000),
        },
        now,
    )
    told = Observation(PaymentEventKind.PAYMENT_SUCCEEDED, cents, "USD", now, fetched=True)
    event = ProviderEvent(f"check:{name}", ref, told, ref)
    return settlement.ledger.transaction(lambda: settlement.apply(top_up.sid, [event]))


@pytest.mark.parametrize(("provider", "title"), [("clickpesa", "ClickPesa"), ("stripe", "Stripe"), ("gone", "gone")])
def test_a_provider_is_called_as_it_calls_itself(world: World, provider: str, title: str) -> None:
    """One that is not installed any more is called by its name."""
    settlement = Settlement(world.database, Clock(), Money.from_cents(1500))
    top_up = paid(world, settlement, "1", provider=provider)
    assert f"Through {title} " in text_of(world, f"/receipts/{top_up.sid}")
    for path in ("/dashboard", "/ledger", f"/statements/{Clock().now():%Y-%m}"):
        assert f"Paid through {title} " in text_of(world, path), path
    assert world.get(f"/receipts/{top_up.sid}.pdf").status_code == 200
    told = Receipt(top_up=top_up, credited=top_up.amount, user=world.user, refunds=[], entries=[])
    assert ("Through", "As they say") in receipt_paper(told, {provider: "As they say"}).facts
    assert audit(world.database) == []


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


def test_a_receipt_says_what_became_credit(world: World, tmp_path: Path) -> None:
    """Not what was asked for, where a person decided about another amount; on paper as on the page."""
    settings = load(PaymentSettings, var_dir=tmp_path, database_url=world.database.url)
    payments = Payments.over(world.database, Clock(), settings, Providers({}), Log(lambda _: None))
    context, settlement = Context(ADMIN, Clock(), world.database, "test"), payments.settlement
    less, more, left = (paid(world, settlement, name, cents) for name, cents in (("1", 900), ("2", 1200), ("3", 100)))
    for top_up, credit in ((less, True), (more, True), (left, False)):
        payments.decisions.resolve_review(context, top_up.sid, credit, None, "seen")
    page = {each.sid: text_of(world, f"/receipts/{each.sid}") for each in (less, more, left)}
    assert "Hero credit $9 .00" in page[less.sid] and "Asked for $10.00" in page[less.sid]
    assert "Hero credit $10 .00" in page[more.sid] and "Beyond it $2.00 was paid more" in page[more.sid]
    assert "Asked for $10 .00" in page[left.sid] and "Hero credit" not in page[left.sid]
    assert text_of(world, "/topup").count("came otherwise than asked for") == 2
    facts = {}
    for top_up, credited in ((less, 900), (more, 1000), (left, 0)):
        known = Store.of(TOP_UP, world.database).get(top_up.sid)
        told = Receipt(top_up=known, credited=Money.from_cents(credited), user=world.user, refunds=[], entries=[])
        facts[top_up.sid] = receipt_paper(told, {}).facts
    assert {("Hero credit", "$9.00"), ("Asked for", "$10.00")} <= set(facts[less.sid])
    assert {("Hero credit", "$10.00"), ("Beyond it", "$2.00 was paid more")} <= set(facts[more.sid])
    assert ("Asked for", "$10.00") in facts[left.sid] and "Hero credit" not in dict(facts[left.sid])
    assert audit(world.database) == []
