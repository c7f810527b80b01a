"""Which answer of a provider is about a top-up, and what it says, as events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from codegen.runtime.errors import NotFound
from codegen.runtime.values.types import Money
from generated.models.onboarding import (
    DisputeStatus,
    PaymentState,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    ProviderSession,
    RefundStatus,
    SessionState,
    TopUp,
    TopUpStatus,
)
from generated.models.onboarding import PaymentEventKind as Kind
from handlers.payments.fetching import LONGEST_NAME, fetch, fetched_events
from handlers.payments.settlement import ProviderEvent
from handlers.payments.states import UNNAMED, Observation
from tests.server.stub_provider import StubProvider

PAID_AT = datetime(2026, 11, 20, tzinfo=UTC)
NOW = PAID_AT + timedelta(days=3)


def payment(state: PaymentState = PaymentState.SUCCEEDED, **fields: Any) -> ProviderPayment:
    told = {"payment_ref": "pi", "state": state, "amount_minor": 1000, "currency": "USD", "occurred_at": PAID_AT}
    return ProviderPayment.model_validate({**told, **fields})


def dispute(status: DisputeStatus, **fields: Any) -> ProviderDispute:
    told = {"dispute_ref": "du", "status": status, "amount_minor": 400, "currency": "USD", "occurred_at": PAID_AT}
    return ProviderDispute.model_validate({**told, **fields})


def events(*payments: ProviderPayment, state: SessionState = SessionState.COMPLETE) -> list[ProviderEvent]:
    return fetched_events(ProviderSession(session_ref="cs", state=state, payments=list(payments)), NOW)


def said(*payments: ProviderPayment, state: SessionState = SessionState.COMPLETE) -> list[tuple[Kind, int]]:
    return [(each.observation.kind, each.observation.minor) for each in events(*payments, state=state)]


PAID_IN_FULL = [(Kind.PAYMENT_SUCCEEDED, 1000), (Kind.REFUND_CHANGED, 0)]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (PaymentState.PENDING, []),
        (PaymentState.FAILED, [(Kind.PAYMENT_FAILED, 1000)]),
        (PaymentState.SUCCEEDED, [*PAID_IN_FULL, (Kind.DISPUTE_WON, 1000)]),
        (PaymentState.ON_HOLD, [*PAID_IN_FULL, (Kind.DISPUTE_OPENED, 1000)]),
        (PaymentState.REVERSED, [*PAID_IN_FULL, (Kind.DISPUTE_LOST, 1000)]),
        (PaymentState.REFUNDED, PAID_IN_FULL),
    ],
)
def test_what_each_state_says(state: PaymentState, expected: list[tuple[Kind, int]]) -> None:
    assert said(payment(state)) == expected


def test_a_payment_may_be_tried_again_while_its_checkout_is_open() -> None:
    assert said(payment(PaymentState.FAILED), state=SessionState.OPEN) == []
    assert said(payment(), state=SessionState.OPEN)[0] == (Kind.PAYMENT_SUCCEEDED, 1000)


def test_what_was_refunded_is_not_contested() -> None:
    assert said(payment(PaymentState.ON_HOLD, refunded_minor=300))[1:] == [
        (Kind.REFUND_CHANGED, 300),
        (Kind.DISPUTE_OPENED, 700),
    ]
    assert said(payment(PaymentState.ON_HOLD, refunded_minor=999))[2:] == [(Kind.DISPUTE_OPENED, 1)]
    assert said(payment(PaymentState.ON_HOLD, refunded_minor=1000))[2:] == []


def test_a_checkout_that_expired() -> None:
    (event,) = events(state=SessionState.EXPIRED)
    expired = Observation(Kind.SESSION_EXPIRED, 0, "XXX", NOW, UNNAMED, fetched=True)
    assert event == ProviderEvent("check:cs:session_expired", "cs", expired)
    assert said(payment(), state=SessionState.EXPIRED)[-1] == (Kind.SESSION_EXPIRED, 0)
    assert said(state=SessionState.OPEN) == []


def test_everything_that_is_known_of_a_payment() -> None:
    refund = ProviderRefund(refund_ref="re", status=RefundStatus.SUCCEEDED, amount_minor=300, currency="EUR")
    failed, paid, refunded, contested = (
        *events(payment(PaymentState.FAILED)),
        *events(payment(currency="EUR", refunded_minor=300, refunds=[refund])),
    )
    assert failed.observation == Observation(Kind.PAYMENT_FAILED, 1000, "USD", PAID_AT, UNNAMED, fetched=True)
    assert paid == ProviderEvent(
        "check:pi:payment_succeeded",
        "pi",
        Observation(Kind.PAYMENT_SUCCEEDED, 1000, "EUR", PAID_AT, UNNAMED, fetched=True),
        "pi",
    )
    assert refunded == ProviderEvent(
        "check:pi:refund_changed",
        "pi",
        Observation(Kind.REFUND_CHANGED, 300, "EUR", NOW, UNNAMED, fetched=True),
        "pi",
        refunds=(refund,),
    )
    assert contested.observation == Observation(Kind.DISPUTE_WON, 700, "EUR", NOW, UNNAMED, fetched=True)
    assert events(payment())[1].refunds == (), "asked, and there are none"


@pytest.mark.parametrize(
    ("status", "kind", "at"),
    [
        (DisputeStatus.INQUIRY, Kind.DISPUTE_INQUIRY, PAID_AT),
        (DisputeStatus.OPEN, Kind.DISPUTE_OPENED, PAID_AT),
        (DisputeStatus.WON, Kind.DISPUTE_WON, NOW),
        (DisputeStatus.LOST, Kind.DISPUTE_LOST, NOW),
    ],
)
def test_disputes_by_name(status: DisputeStatus, kind: Kind, at: datetime) -> None:
    """When one was opened is told; when it was closed is not."""
    told = events(payment(PaymentState.ON_HOLD, disputes=[dispute(status, currency="EUR")]))
    assert told[2:] == [
        ProviderEvent(f"check:du:{kind.value}", "du", Observation(kind, 400, "EUR", at, "du", fetched=True), "pi")
    ]


def test_long_names_are_shortened() -> None:
    def name(ref: str) -> str:
        return events(payment(PaymentState.FAILED, payment_ref=ref))[0].event_id

    longest = "x" * (LONGEST_NAME - len("check::payment_failed"))
    assert name(longest) == f"check:{longest}:payment_failed"
    shortened = name(f"{longest}x")
    assert shortened.startswith("check:") and shortened.endswith(":payment_failed") and len(shortened) < 100
    assert name(f"{longest}y") != shortened
    assert 255 - len(":4294967295") >= LONGEST_NAME, "the rev of the top-up stands behind it"


# --- which answer is about a top-up ---------------------------------------------------------------------------------


class Bank(StubProvider):
    def fetch_payment(self, payment_ref: str) -> ProviderSession:
        assert payment_ref, "nobody asks for a payment that has no name yet"
        return super().fetch_payment(payment_ref)


@pytest.mark.parametrize(
    ("known", "payment_ref", "answer"),
    [
        ({"cs": []}, None, "cs"),
        ({"cs": ["pi"]}, "pi", "cs"),
        ({"cs": ["pi_2", "pi"]}, "pi", "cs"),
        ({"cs": [], "cs_first": ["pi"]}, "pi", "cs_first"),
        ({"cs": ["pi_2"], "cs_first": ["pi"]}, "pi", "cs_first"),
        ({"cs": ["pi_2"]}, "pi", "cs"),
        ({"cs_first": ["pi"]}, "pi", "cs_first"),
        ({"cs_first": ["pi"]}, None, None),
        ({}, "pi", None),
    ],
)
def test_the_answer_about_a_top_up(known: dict[str, list[str]], payment_ref: str | None, answer: str | None) -> None:
    """That about its checkout; where its payment is not there, that about the payment."""
    provider = Bank()
    for ref, payments in known.items():
        provider.sessions[ref] = ProviderSession(
            session_ref=ref, state=SessionState.OPEN, payments=[payment(payment_ref=each) for each in payments]
        )
    top_up = TopUp(
        sid="TOPUP1",
        user_sid="USER1",
        provider="stub",
        session_ref="cs",
        payment_ref=payment_ref,
        amount=Money(10**10),
        status=TopUpStatus.OPEN,
        created_at=PAID_AT,
        rev=1,
    )
    if answer is None:
        with pytest.raises(NotFound):
            fetch(provider, top_up)
    else:
        assert fetch(provider, top_up).session_ref == answer
