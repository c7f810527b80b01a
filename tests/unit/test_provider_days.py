"""What a provider shows of a day, gathered from the pages of its lists; and what an answer adds to it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from generated.models.onboarding import (
    BalanceChange,
    BalanceChangePage,
    DisputeStatus,
    PaymentState,
    ProviderDispute,
    ProviderDisputePage,
    ProviderPayment,
    ProviderPaymentPage,
    ProviderRefund,
    ProviderRefundPage,
    ProviderSession,
    RefundStatus,
    SessionState,
)
from handlers.payments.provider_day import Shown, answered, gather
from tests.server.stub_provider import StubProvider

AT = datetime(2026, 11, 20, tzinfo=UTC)
DAY = AT.date()


def payment(ref: str, **fields: Any) -> ProviderPayment:
    told = {"payment_ref": ref, "state": PaymentState.SUCCEEDED, "amount_minor": 1000, "currency": "USD"}
    return ProviderPayment.model_validate({**told, "occurred_at": AT, **fields})


def refund(ref: str, payment_ref: str | None = None, top_up_sid: str | None = None) -> ProviderRefund:
    return ProviderRefund(
        refund_ref=ref,
        payment_ref=payment_ref,
        top_up_sid=top_up_sid,
        status=RefundStatus.SUCCEEDED,
        amount_minor=300,
        currency="USD",
    )


def dispute(ref: str, payment_ref: str | None = None, top_up_sid: str | None = None) -> ProviderDispute:
    return ProviderDispute(
        dispute_ref=ref,
        payment_ref=payment_ref,
        top_up_sid=top_up_sid,
        status=DisputeStatus.OPEN,
        amount_minor=400,
        currency="USD",
        occurred_at=AT,
    )


def change(external_ref: str, payment_ref: str, top_up_sid: str | None = None) -> BalanceChange:
    return BalanceChange(
        change_ref=f"txn_{external_ref}",
        external_ref=external_ref,
        payment_ref=payment_ref,
        top_up_sid=top_up_sid,
        currency="USD",
        occurred_at=AT,
    )


class Paged(StubProvider):
    """One item on each page; the cursor is the place of the next."""

    def __init__(self, *shown: ProviderPayment | ProviderRefund | ProviderDispute | BalanceChange) -> None:
        super().__init__()
        self.shown, self.asked, self.pages = shown, set[date](), 0

    def _page(self, kind: type, day: date, cursor: str | None) -> tuple[list[Any], str | None]:
        self.asked.add(day)
        self.pages += 1
        assert self.pages < 100, "the same page again and again"
        items, place = [each for each in self.shown if isinstance(each, kind)], int(cursor or 0)
        return items[place : place + 1], str(place + 1) if place + 1 < len(items) else None

    def list_payments(self, day: date, *, cursor: str | None = None) -> ProviderPaymentPage:
        items, following = self._page(ProviderPayment, day, cursor)
        return ProviderPaymentPage(payments=items, next_cursor=following)

    def list_refunds(self, day: date, *, cursor: str | None = None) -> ProviderRefundPage:
        items, following = self._page(ProviderRefund, day, cursor)
        return ProviderRefundPage(refunds=items, next_cursor=following)

    def list_disputes(self, day: date, *, cursor: str | None = None) -> ProviderDisputePage:
        items, following = self._page(ProviderDispute, day, cursor)
        return ProviderDisputePage(disputes=items, next_cursor=following)

    def list_balance_changes(self, day: date, *, cursor: str | None = None) -> BalanceChangePage:
        items, following = self._page(BalanceChange, day, cursor)
        return BalanceChangePage(changes=items, next_cursor=following)


def test_all_pages_of_all_lists_by_payment() -> None:
    one, two = payment("pi_1", top_up_sid="0000A"), payment("pi_2")
    refunds, disputes = (
        [refund("re_1", "pi_1"), refund("re_2", "pi_1")],
        [dispute("du_1", "pi_2"), dispute("du_2", "pi_2")],
    )
    changes = [change("pi_1", "pi_1"), change("re_1", "pi_1"), change("pi_3", "pi_3", "0000C")]
    provider = Paged(one, two, *refunds, *disputes, *changes)
    found = gather(provider, DAY)
    assert provider.asked == {DAY}
    assert found.changes == changes
    assert found.payments == {
        "pi_1": Shown("0000A", one, {"re_1": refunds[0], "re_2": refunds[1]}, {}, {"pi_1", "re_1"}),
        "pi_2": Shown(None, two, {}, {"du_1": disputes[0], "du_2": disputes[1]}),
        "pi_3": Shown("0000C", moved={"pi_3"}),
    }


@pytest.mark.parametrize(
    "marked", [refund("re", "pi", "0000A"), dispute("du", "pi", "0000A"), change("pi", "pi", "0000A")], ids=str
)
def test_our_mark_is_found_wherever_it_stands(marked: ProviderRefund | ProviderDispute | BalanceChange) -> None:
    assert gather(Paged(marked), DAY).payments["pi"].top_up_sid == "0000A"
    assert gather(Paged(payment("pi", top_up_sid="0000B"), marked), DAY).payments["pi"].top_up_sid == "0000B"
    assert gather(Paged(payment("pi"), marked), DAY).payments["pi"].top_up_sid == "0000A"


def test_what_names_no_payment_belongs_to_none() -> None:
    assert gather(Paged(refund("re"), dispute("du")), DAY).payments == {}


def test_what_an_answer_adds() -> None:
    known = Shown("0000A", payment("pi", amount_minor=5), {"re_1": refund("re_1")}, {"du_1": dispute("du_1")}, {"re_9"})
    told = payment("pi", refunds=[refund("re_2")], disputes=[dispute("du_2")])
    session = ProviderSession(session_ref="cs", state=SessionState.COMPLETE, payments=[payment("pi_other"), told])
    assert answered(known, "pi", session) == Shown(
        "0000A",
        told,
        {"re_1": refund("re_1"), "re_2": refund("re_2")},
        {"du_1": dispute("du_1"), "du_2": dispute("du_2")},
        {"re_9"},
        asked=True,
    )
    for nothing in (None, session.model_copy(update={"payments": []})):
        assert answered(known, "pi", nothing) == Shown("0000A", None, known.refunds, known.disputes, {"re_9"}, True)
    changed = refund("re_1").model_copy(update={"status": RefundStatus.FAILED})
    told = payment("pi", refunds=[changed])
    assert answered(known, "pi", session.model_copy(update={"payments": [told]})).refunds == {"re_1": changed}


def test_what_the_lists_do_not_explain() -> None:
    whole = Shown(None, payment("pi"), {"re": refund("re")}, {"du": dispute("du")}, {"pi", "re", "du"})
    assert not whole.unexplained("pi")
    assert not Shown(moved=set()).unexplained("pi")
    for without in (
        Shown(None, None, whole.refunds, whole.disputes, whole.moved),
        Shown(None, whole.payment, {}, whole.disputes, whole.moved),
        Shown(None, whole.payment, whole.refunds, {}, whole.moved),
    ):
        assert without.unexplained("pi")
        assert not answered(without, "pi", None).unexplained("pi")
