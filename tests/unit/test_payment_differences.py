"""Wherein a provider and we differ: every kind of difference, its note and its amounts, and what is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from generated.models.onboarding import (
    DisputeStatus,
    PaymentState,
    ProviderDispute,
    ProviderPayment,
    ProviderRefund,
    ProviderSession,
    RefundStatus,
    SessionState,
)
from handlers.payments.differences import Ours, differences, net
from handlers.payments.provider_day import Shown, answered

AT = datetime(2026, 11, 20, tzinfo=UTC)
CENT = 10_000_000
REF = "pi_1"


def payment(**fields: Any) -> ProviderPayment:
    told = {"payment_ref": REF, "state": PaymentState.SUCCEEDED, "amount_minor": 1000, "currency": "USD"}
    return ProviderPayment.model_validate({**told, "occurred_at": AT, **fields})


def refund(**fields: Any) -> ProviderRefund:
    told = {"refund_ref": "re_1", "status": RefundStatus.SUCCEEDED, "amount_minor": 300, "currency": "USD"}
    return ProviderRefund.model_validate({**told, **fields})


def dispute(**fields: Any) -> ProviderDispute:
    told = {"dispute_ref": "du_1", "status": DisputeStatus.OPEN, "amount_minor": 400, "currency": "USD"}
    return ProviderDispute.model_validate({**told, "occurred_at": AT, **fields})


def ours(net: int = 1000, **fields: Any) -> Ours:
    return replace(Ours("0000TOPUP", asked=1000 * CENT, net=net * CENT, waits=False), **fields)


def found(mine: Ours | None, shown: Shown) -> list[tuple[str, str | None, str, int | None, int | None]]:
    """Kind, reference, note and cents of both sides of each difference."""
    items = differences(REF, mine, shown)
    assert all(item.payment_ref == REF for item in items)
    assert all(item.top_up_sid == (mine.top_up_sid if mine is not None else None) for item in items)
    return [
        (
            item.kind.value,
            item.ref,
            item.note,
            None if item.ours is None else item.ours.cents,
            None if item.theirs is None else item.theirs.cents,
        )
        for item in items
    ]


PAYMENTS: dict[str, tuple[Ours | None, Shown, tuple[str, int | None, int | None] | None]] = {
    "equal": (ours(), Shown(payment=payment()), None),
    "equal after a refund": (ours(700), Shown(payment=payment(refunded_minor=300)), None),
    "refunded whole": (ours(0), Shown(payment=payment(state=PaymentState.REFUNDED, refunded_minor=1000)), None),
    "disputed, and equal": (ours(), Shown(payment=payment(state=PaymentState.ON_HOLD)), None),
    "not paid, and not known": (None, Shown(payment=payment(state=PaymentState.PENDING)), None),
    "of another day": (ours(), Shown(), None),
    "not known": (None, Shown(payment=payment()), ("not known here", None, 1000)),
    "not there": (ours(), Shown(asked=True), ("not paid at the provider", 1000, None)),
    "failed there": (
        ours(),
        Shown(payment=payment(state=PaymentState.FAILED)),
        ("not paid at the provider", 1000, None),
    ),
    "amounts": (ours(900), Shown(payment=payment()), ("the amounts differ", 900, 1000)),
    "undecided": (ours(0, waits=True), Shown(payment=payment()), ("waits for a decision", 0, 1000)),
    "other money": (ours(0), Shown(payment=payment(currency="EUR")), ("paid in EUR", 0, None)),
    "other money, not known": (None, Shown(payment=payment(currency="EUR")), ("paid in EUR", None, None)),
    "other money, never paid": (None, Shown(payment=payment(currency="EUR", state=PaymentState.FAILED)), None),
}


@pytest.mark.parametrize("case", PAYMENTS.values(), ids=PAYMENTS.keys())
def test_payments(case: tuple[Ours | None, Shown, tuple[str, int | None, int | None] | None]) -> None:
    mine, shown, expected = case
    assert found(mine, shown) == ([] if expected is None else [("payment", REF, *expected)])


def test_net() -> None:
    assert net(payment(refunded_minor=1)) == 999 * CENT
    assert net(payment(currency="EUR")) is None
    assert net(payment(state=PaymentState.PENDING)) is None
    assert net(None) is None


HAD = (300 * CENT, RefundStatus.SUCCEEDED)
REFUNDS: dict[str, tuple[Any, dict[str, Any], tuple[str, int | None, int | None] | None]] = {
    "equal": (HAD, {}, None),
    "lost": (None, {}, ("not known here", None, 300)),
    "came back": (
        HAD,
        {"status": RefundStatus.FAILED},
        ("failed at the provider, succeeded here", 300, 300),
    ),
    "amounts": (HAD, {"amount_minor": 200}, ("the amounts differ", 300, 200)),
    "other money": (HAD, {"currency": "EUR"}, ("refunded in EUR", 300, None)),
}


@pytest.mark.parametrize("case", REFUNDS.values(), ids=REFUNDS.keys())
def test_refunds(case: tuple[Any, dict[str, Any], tuple[str, int | None, int | None] | None]) -> None:
    had, told, expected = case
    mine = ours(refunds={"re_1": had} if had is not None else {"re_2": HAD})
    assert found(mine, Shown(refunds={"re_1": refund(**told)})) == (
        [] if not expected else [("refund", "re_1", *expected)]
    )


HELD = (400 * CENT, DisputeStatus.OPEN)
DISPUTES: dict[str, tuple[Any, dict[str, Any], tuple[str, int | None, int | None] | None]] = {
    "equal": (HELD, {}, None),
    "never more than the payment": ((1000 * CENT, DisputeStatus.OPEN), {"amount_minor": 1001}, None),
    "in other money, of all of it": ((1000 * CENT, DisputeStatus.OPEN), {"currency": "EUR"}, None),
    "lost event": (None, {}, ("not known here", None, 400)),
    "lost": (HELD, {"status": DisputeStatus.LOST}, ("lost at the provider, open here", 400, 400)),
    "amounts": (HELD, {"amount_minor": 500}, ("the amounts differ", 400, 500)),
}


@pytest.mark.parametrize("case", DISPUTES.values(), ids=DISPUTES.keys())
def test_disputes(case: tuple[Any, dict[str, Any], tuple[str, int | None, int | None] | None]) -> None:
    had, told, expected = case
    mine = ours(disputes={"du_1": had} if had is not None else {})
    shown = Shown(disputes={"du_1": dispute(**told)})
    assert found(mine, shown) == ([] if not expected else [("dispute", "du_1", *expected)])


def test_nothing_is_known_here() -> None:
    shown = Shown(
        payment=payment(),
        refunds={"re_2": refund(refund_ref="re_2"), "re_1": refund()},
        disputes={"du_2": dispute(dispute_ref="du_2", currency="EUR"), "du_1": dispute()},
    )
    told = [(kind, ref, theirs) for kind, ref, _, _, theirs in found(None, shown)]
    assert told == [
        ("payment", REF, 1000),
        ("refund", "re_1", 300),
        ("refund", "re_2", 300),
        ("dispute", "du_1", 400),
        ("dispute", "du_2", None),
    ]


def test_what_has_to_be_asked_about() -> None:
    assert not Shown(payment=payment(), moved={REF}).unexplained(REF)
    assert Shown(moved={REF}).unexplained(REF)
    assert Shown(payment=payment(), moved={REF, "re_1"}).unexplained(REF)
    assert not Shown(refunds={"re_1": refund()}, disputes={"du_1": dispute()}, moved={"re_1", "du_1"}).unexplained(REF)
    assert not Shown(moved={"re_1"}, asked=True).unexplained(REF)


def test_an_answer_counts_before_a_list() -> None:
    listed = Shown(top_up_sid="0000TOPUP", payment=payment(), refunds={"re_1": refund(), "re_0": refund()})
    told = payment(refunds=[refund(status=RefundStatus.FAILED)], disputes=[dispute()])
    other = payment(payment_ref="pi_2")
    session = ProviderSession(session_ref="cs_1", state=SessionState.COMPLETE, payments=[other, told])
    shown = answered(listed, REF, session)
    assert shown.payment == told and shown.asked and shown.top_up_sid == "0000TOPUP"
    assert shown.refunds == {"re_0": refund(), "re_1": refund(status=RefundStatus.FAILED)}
    assert shown.disputes == {"du_1": dispute()}
    gone = answered(listed, REF, None)
    assert gone.payment is None and gone.asked and gone.refunds == listed.refunds
