"""Payments on a real database: every order of webhooks, killed at every statement, and many processes at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import (
    InboxState,
    KycStatus,
    PaymentEventKind,
    PaymentNotice,
    PaymentState,
    ProviderPayment,
    ProviderSession,
    SessionState,
    TopUp,
    TopUpStatus,
    User,
)
from generated.tables.onboarding import NOTICE, OPERATOR_ACT, TOP_UP, USER, WEBHOOK_INBOX_ENTRY
from handlers.ledger.billing import billings
from tests.crash.fuse import STEP, killed, stopped
from tests.server.payment_house import START, House, payment_house

Kind = PaymentEventKind
MANY_ORDERS = 120


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    with payment_house(database, tmp_path) as found:
        yield found


# --- every order ----------------------------------------------------------------------------------------------------


WAYS = {
    "won": (Kind.DISPUTE_OPENED, Kind.DISPUTE_WON, Kind.SESSION_EXPIRED),
    "lost": (Kind.DISPUTE_OPENED, Kind.DISPUTE_LOST, Kind.SESSION_EXPIRED),
    "lost after an inquiry": (Kind.DISPUTE_INQUIRY, Kind.DISPUTE_OPENED, Kind.DISPUTE_LOST),
    "won on appeal": (Kind.DISPUTE_OPENED, Kind.DISPUTE_LOST, Kind.DISPUTE_WON),
}
"""How a dispute may go, a second between its steps."""


@pytest.mark.parametrize("way", sorted(WAYS))
def test_every_order_through_the_database(house: House, way: str) -> None:
    ends = set()
    steps = (Kind.PAYMENT_SUCCEEDED, Kind.REFUND_CHANGED, *WAYS[way])
    orders = list(permutations(steps))
    assert len(orders) == MANY_ORDERS
    for number, order in enumerate(orders[::6] if house.database.dialect == "postgresql" else orders):
        user, began = house.user(number + 1), house.clock.now()
        top_up = house.top_up(user)
        house.truth(top_up, refunded=300)
        for kind in (*order, order[0]):
            minor = {Kind.REFUND_CHANGED: 300, Kind.PAYMENT_SUCCEEDED: 1000}.get(kind, 400)
            house.receive(house.told(top_up, kind, minor, at=began + timedelta(seconds=steps.index(kind))))
            house.payments.inbox.run_once()
        house.jobs()
        balance, accounts = house.end(user)
        kept = house.payments.settlement.top_ups.get(top_up.sid)
        frozen = billings(house.database).one({"user_sid": user.sid})
        assert frozen is not None
        ends.add((balance, tuple(sorted(accounts.items())), kept.status, kept.refunded, frozen.frozen))
    won = way.startswith("won")
    left = 7 * 10**9 if won else 3 * 10**9
    assert ends == {
        (left, (("purchased", -left),), TopUpStatus.SETTLED if won else TopUpStatus.DISPUTED, 3 * 10**9, not won)
    }
    inbox = Store.of(WEBHOOK_INBOX_ENTRY, house.database)
    for left_over in (InboxState.RECEIVED, InboxState.FAILED):
        assert inbox.find({"state": left_over})["items"] == []


def test_two_payments_on_one_checkout(house: House) -> None:
    user = house.user(1)
    top_up = house.top_up(user)
    house.truth(top_up, refunded=0)
    session = house.provider.sessions[top_up.session_ref]
    session.payments = [session.payments[0].model_copy(update={"payment_ref": ref}) for ref in ("pay_1", "pay_2")]
    for ref in ("pay_1", "pay_2", "pay_1", "pay_2"):
        notice = PaymentNotice(
            event_id=f"evt_{ref}",
            kind=Kind.PAYMENT_SUCCEEDED,
            external_ref=ref,
            payment_ref=ref,
            session_ref=top_up.session_ref,
            amount_minor=1000,
            currency="USD",
            occurred_at=START,
        )
        house.receive(notice.model_dump_json().encode())
    house.jobs()  # of the second payment the provider is asked
    assert house.end(user)[0] == 20 * 10**9
    both = Store.of(TOP_UP, house.database).find({"session_ref": top_up.session_ref})["items"]
    assert {(each.payment_ref, each.status) for each in both} == {
        ("pay_1", TopUpStatus.SETTLED),
        ("pay_2", TopUpStatus.SETTLED),
    }


@pytest.mark.parametrize("known", ["both", "first", "none"])
def test_what_goes_back_is_that_payments(house: House, known: str) -> None:
    """A refund and a dispute of the second payment on a checkout, whether or not we had heard of it."""
    user = house.user(1)
    top_up = house.top_up(user)

    def told(kind: Kind, ref: str, minor: int) -> None:
        notice = PaymentNotice(
            event_id=f"evt_{ref}_{kind}",
            kind=kind,
            external_ref="du_2" if kind == Kind.DISPUTE_OPENED else ref,
            payment_ref=ref,
            session_ref=top_up.session_ref,
            amount_minor=minor,
            currency="USD",
            occurred_at=START,
        )
        house.receive(notice.model_dump_json().encode())

    payments = [
        ProviderPayment(
            payment_ref=ref,
            session_ref=top_up.session_ref,
            state=PaymentState.SUCCEEDED,
            amount_minor=1000,
            currency="USD",
            refunded_minor=refunded,
            occurred_at=START,
        )
        for ref, refunded in (("pay_1", 0), ("pay_2", 300))
    ]
    house.provider.sessions[top_up.session_ref] = ProviderSession(
        session_ref=top_up.session_ref, state=SessionState.COMPLETE, payments=payments
    )
    for ref in {"both": ("pay_1", "pay_2"), "first": ("pay_1",), "none": ()}[known]:
        told(Kind.PAYMENT_SUCCEEDED, ref, 1000)
    told(Kind.DISPUTE_OPENED, "pay_2", 500)
    told(Kind.REFUND_CHANGED, "pay_2", 300)
    told(Kind.PAYMENT_FAILED, "pay_0", 1000)
    house.jobs()
    assert house.end(user) == (12 * 10**9, {"purchased": -12 * 10**9, "held": -5 * 10**9})
    both = Store.of(TOP_UP, house.database).find({"session_ref": top_up.session_ref})["items"]
    assert {(each.payment_ref, each.status, each.refunded) for each in both} == {
        ("pay_1", TopUpStatus.SETTLED, 0),
        ("pay_2", TopUpStatus.DISPUTED, 3 * 10**9),
    }


# --- killed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [killed, stopped])
def test_killed_while_a_webhook_is_applied(house: House, end: Callable[..., bool]) -> None:
    """Whatever was reached: told again, or left to the job, it is credited once and refunded once."""
    at = 0
    for at in range(1, 200, STEP):
        user = house.user(at)
        top_up = house.top_up(user)
        house.truth(top_up, refunded=300)
        paid = house.told(top_up, Kind.PAYMENT_SUCCEEDED)
        refunded = house.told(top_up, Kind.REFUND_CHANGED, 300)
        cut = end(house, at, partial(house.receive, paid, refunded))
        if at % 2:  # the provider tells again what was not answered
            house.receive(paid)
        house.receive(refunded)
        house.jobs()
        if not at % 2 and house.payments.settlement.top_ups.get(top_up.sid).status == TopUpStatus.OPEN:
            house.clock.ahead += timedelta(minutes=6)
            house.payments.checks.run_once()
        assert house.end(user) == (7 * 10**9, {"purchased": -7 * 10**9}), at
        if not cut:
            break
    assert at > 30, "the fuse was not where the work is"


def failed_entry(house: House, top_up: TopUp) -> str:
    """A webhook that told of a payment and could not be applied; its sid."""
    entry = Store.of(WEBHOOK_INBOX_ENTRY, house.database).new(
        {
            "provider": "stub",
            "provider_event_id": f"evt_{top_up.sid}_payment_succeeded",
            "event_type": "x",
            "headers": {"signed": "yes"},
            "body": house.told(top_up, Kind.PAYMENT_SUCCEEDED),
            "state": InboxState.FAILED,
            "next_attempt_at": house.clock.now() + timedelta(days=30),
        },
        house.clock.now(),
    )
    return entry.sid


@pytest.mark.parametrize("end", [killed, stopped])
def test_killed_while_an_operator_has_a_webhook_applied_again(house: House, end: Callable[..., bool]) -> None:
    """What came of it and the act are there together, or neither is."""
    at, decisions = 0, house.payments.decisions
    inbox, acts = Store.of(WEBHOOK_INBOX_ENTRY, house.database), Store.of(OPERATOR_ACT, house.database)
    for at in range(1, 200, STEP):
        user = house.user(at)
        top_up = house.top_up(user)
        house.truth(top_up, refunded=0)
        sid = failed_entry(house, top_up)
        context = Context(ADMIN, house.clock, house.database, f"request {at}")
        cut = end(house, at, partial(decisions.retry_event, context, sid, "again"))
        kept = inbox.get(sid)
        told = acts.find({"subject": sid})["items"]
        assert (kept.attempts > 0 or kept.state == InboxState.APPLIED) == (len(told) == 1), at
        if kept.state != InboxState.APPLIED:
            decisions.retry_event(context, sid, "and again")
        assert house.end(user) == whole(10), at
        assert inbox.get(sid).state == InboxState.APPLIED
        if not cut:
            break
    assert at > 30, "the fuse was not where the work is"


@pytest.mark.parametrize("end", [killed, stopped])
def test_killed_while_a_top_up_is_started(house: House, end: Callable[..., bool]) -> None:
    """A top-up that was written down is found again: by the same form, or by the janitor. None is lost or doubled."""
    at = 0
    for at in range(1, 60, STEP):
        user = house.user(at)

        def begin() -> Any:
            return house.start(user, f"form {at}")  # noqa: B023

        cut = end(house, at, begin)
        house.clock.ahead += timedelta(seconds=61)  # whoever was killed does not come back
        if at % 2:
            started = begin()
            assert started.url is not None
            top_ups = Store.of(TOP_UP, house.database).find({"user_sid": user.sid})["items"]
            assert [each.sid for each in top_ups] == [started.top_up_sid]
            house.truth(top_ups[0], refunded=0)
            house.receive(house.told(top_ups[0], Kind.PAYMENT_SUCCEEDED))
            assert house.end(user)[0] == 10**10
        else:
            for each in Store.of(TOP_UP, house.database).find({"user_sid": user.sid})["items"]:
                house.provider.open(each.session_ref)  # what the killed process had asked for is known there
            for _ in range(3):
                house.clock.ahead += timedelta(days=3)
                house.payments.checks.run_once()
            for each in Store.of(TOP_UP, house.database).find({"user_sid": user.sid})["items"]:
                assert each.status == TopUpStatus.EXPIRED
        if not cut:
            break
    assert at > 8, "the fuse was not where the work is"


# --- killed while money is held before KYC, or released -------------------------------------------------------------


@pytest.fixture
def capped(database: Database, tmp_path: Path) -> Iterator[House]:
    """Without KYC a user may add fifteen dollars; a top-up is of ten."""
    with payment_house(database, tmp_path, kyc_free_cap_cents=1500) as found:
        yield found


def two_checkouts(house: House, user: User) -> tuple[TopUp, TopUp]:
    """Both opened while KYC was completed, which it no longer is."""
    users = Store.of(USER, house.database)
    users.patch(user.sid, {"kyc_status": KycStatus.COMPLETED})
    found = house.top_up(user), house.top_up(user)
    users.patch(user.sid, {"kyc_status": KycStatus.EXPIRED})
    for each in found:
        house.truth(each, refunded=0)
    return found


def notices(house: House, user: User) -> list[str]:
    return sorted(each.kind for each in Store.of(NOTICE, house.database).find({"user_sid": user.sid})["items"])


@pytest.mark.parametrize("end", [killed, stopped])
def test_killed_while_money_is_held(capped: House, end: Callable[..., bool]) -> None:
    at = 0
    for at in range(1, 200, STEP):
        user = capped.user(at)
        first, second = two_checkouts(capped, user)
        capped.receive(capped.told(first, Kind.PAYMENT_SUCCEEDED))
        paid = capped.told(second, Kind.PAYMENT_SUCCEEDED)
        cut = end(capped, at, partial(capped.receive, paid))
        capped.receive(paid)
        capped.jobs()
        assert capped.end(user) == (15 * 10**9, {"purchased": -15 * 10**9, "held": -5 * 10**9}), at
        assert notices(capped, user) == ["payment_held", "payment_settled"]
        if not cut:
            break
    assert at > 30, "the fuse was not where the work is"


@pytest.mark.parametrize("end", [killed, stopped])
def test_killed_while_held_money_is_released(capped: House, end: Callable[..., bool]) -> None:
    """By the job: all of a user's payments, or none; the next run does what is left."""
    at, settlement = 0, capped.payments.settlement
    for at in range(1, 200, STEP):
        user = capped.user(at)
        top_ups = two_checkouts(capped, user)
        capped.receive(*(capped.told(each, Kind.PAYMENT_SUCCEEDED) for each in top_ups))
        Store.of(USER, capped.database).patch(user.sid, {"kyc_status": KycStatus.COMPLETED})
        cut = end(capped, at, settlement.release_due)
        assert capped.end(user) in ((15 * 10**9, {"purchased": -15 * 10**9, "held": -5 * 10**9}), whole(20)), at
        settlement.release_due()
        assert capped.end(user) == whole(20), at
        assert notices(capped, user) == ["payment_held", "payment_released", "payment_settled"]
        if not cut:
            break
    assert at > 12, "the fuse was not where the work is"


def whole(dollars: int) -> tuple[int, dict[str, int]]:
    """All of it is there to spend."""
    return dollars * 10**9, {"purchased": -dollars * 10**9}


@pytest.mark.parametrize("end", [killed, stopped])
def test_killed_while_a_refund_makes_room(capped: House, end: Callable[..., bool]) -> None:
    """What goes back of one payment and what is released of another are one step."""
    at = 0
    for at in range(1, 200, STEP):
        user = capped.user(at)
        first, second = two_checkouts(capped, user)
        capped.receive(*(capped.told(each, Kind.PAYMENT_SUCCEEDED) for each in (first, second)))
        capped.truth(first, refunded=400)
        refunded = capped.told(first, Kind.REFUND_CHANGED, 400)
        cut = end(capped, at, partial(capped.receive, refunded))
        capped.receive(refunded)
        capped.jobs()
        assert capped.end(user) == (15 * 10**9, {"purchased": -15 * 10**9, "held": -(10**9)}), at
        if not cut:
            break
    assert at > 30, "the fuse was not where the work is"


# --- at once --------------------------------------------------------------------------------------------------------


def at_once(works: list[Callable[[], object]]) -> None:
    """Do all of it at the same time, in a process each."""
    start_read, start_write = os.pipe()
    children = []
    for work in works:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(start_write)
                os.read(start_read, 1)  # ends when the parent opens the gate
                work()
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    os.close(start_read)
    os.close(start_write)
    for child in children:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_one_form_at_once(house: House) -> None:
    for number in range(1, 5):
        user = house.user(number)

        def start(user: User = user) -> None:
            house.start(user, "form")

        at_once([start] * 4)
        (top_up,) = Store.of(TOP_UP, house.database).find({"user_sid": user.sid})["items"]
        assert top_up.url is not None and top_up.session_ref == f"cs_{top_up.sid}"


def test_many_at_once(house: House) -> None:
    """The same webhook twice, the job, the janitor and a refund, all in their own processes: credited once."""
    for number in range(1, 9):
        user = house.user(number)
        top_up = house.top_up(user)
        house.truth(top_up, refunded=300)
        paid = house.told(top_up, Kind.PAYMENT_SUCCEEDED)
        house.payments.inbox._store.insert_once(
            {
                "provider": "stub",
                "provider_event_id": f"evt_{top_up.sid}_payment_succeeded",
                "event_type": "x",
                "headers": {"signed": "yes"},
                "body": paid,
            },
            house.clock.now(),
            ("provider", "provider_event_id"),
        )
        again = house.told(top_up, Kind.PAYMENT_SUCCEEDED, mark="_2")

        def check(sid: str = top_up.sid) -> None:
            try:
                house.payments.checks.ask(sid, limited=False)
            except Exception as error:
                assert type(error).__name__ in ("Conflict", "Stale"), error

        at_once(
            [
                house.payments.inbox.run_once,
                house.payments.inbox.run_once,
                lambda: house.receive(again),  # noqa: B023
                lambda: house.receive(again),  # noqa: B023
                lambda: house.receive(house.told(top_up, Kind.REFUND_CHANGED, 300)),  # noqa: B023
                check,
            ]
        )
        house.jobs()
        assert house.end(user) == (7 * 10**9, {"purchased": -7 * 10**9})
