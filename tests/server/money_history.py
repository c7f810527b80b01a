"""A database in which money moved in every way that there is, for audits to be tried on."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.values.types import Money
from generated.models.onboarding import BalanceChange, PaymentEventKind, TopUp, User
from handlers.ledger.adjusting import Adjustments
from handlers.ledger.expiry import GrantExpiry
from handlers.payments.service import PaymentsHandler
from handlers.payments.settings import PaymentSettings
from handlers.settings import load
from tests.server.bought_plan import buy_plan
from tests.server.payment_house import House
from tests.server.verified import verdict

Kind = PaymentEventKind
DOLLAR = 10**9


class History:
    """What happens at `house`, one thing after the other."""

    def __init__(self, house: House, directory: Path) -> None:
        self.house, self._marks = house, count()
        self.context = Context(ADMIN, house.clock, house.database, "test")
        settings = load(PaymentSettings, var_dir=directory, database_url=house.database.url, rate_limits=False)
        self.handler = PaymentsHandler(house.payments, settings)

    def everything(self) -> None:
        """A user to whom everything happens that moves money, or leaves it where it is,
        one who pays, and one who does nothing."""
        user = self.house.user(1)
        verdict(self.house.database, self.house.clock, self.house.payments.settlement, user.sid)
        self._payments(user)
        self._disputes(user)
        self._adjustments(user)
        self._fees(self._paid(self.house.user(2)))
        self.house.user(3)
        self.house.clock.ahead += timedelta(days=40)
        GrantExpiry(self.house.payments.settlement.ledger).run_once()
        self.handler.reconcile(self.context, day=self.house.clock.now().date() - timedelta(days=40))

    def _payments(self, user: User) -> None:
        self._tell(self.house.top_up(user), Kind.SESSION_EXPIRED)
        self._tell(self.house.top_up(user), Kind.PAYMENT_FAILED)
        self._paid(user)
        for refunded in ((400,), (400, 1000)):
            top_up = self._paid(user)
            for total in refunded:
                self._tell(top_up, Kind.REFUND_CHANGED, total)
        failed = self._paid(user)
        self._tell(failed, Kind.REFUND_CHANGED, 400)
        self._asked(failed, 0)
        ours = self._paid(user)
        self.handler.refund(self.context, top_up_sid=ours.sid, amount_cents=300, reason="asked for")
        self._asked(ours, 300)
        pending = self._paid(user)
        self.handler.refund(self.context, top_up_sid=pending.sid, amount_cents=200, reason="asked for")
        overpaid = self._paid(user, 1500)
        self.handler.resolve_review(self.context, top_up_sid=overpaid.sid, credit=True, reason="more than asked for")
        self._tell(overpaid, Kind.REFUND_CHANGED, 700)
        self.house.top_up(user)

    def _disputes(self, user: User) -> None:
        for kinds in (
            (Kind.DISPUTE_INQUIRY,),
            (Kind.DISPUTE_OPENED,),
            (Kind.DISPUTE_OPENED, Kind.DISPUTE_WON),
            (Kind.DISPUTE_OPENED, Kind.DISPUTE_LOST),
            (Kind.DISPUTE_OPENED, Kind.DISPUTE_LOST, Kind.DISPUTE_WON),
        ):
            top_up = self._paid(user)
            for kind in kinds:
                self._tell(top_up, kind, 600)

    def _adjustments(self, user: User) -> None:
        ledger = self.house.payments.settlement.ledger
        adjustments = Adjustments(ledger)
        for days in (30, 90):
            adjustments.grant(
                self.context,
                user_sid=user.sid,
                amount=Money(2 * DOLLAR),
                reason="welcome",
                expires_at=self.house.clock.now() + timedelta(days=days),
            )
        buy_plan(ledger, user.sid, 3 * DOLLAR, self.house.clock.now())
        adjustments.set_balance(self.context, sid=user.sid, balance_cents=1234)

    def _fees(self, top_up: TopUp) -> None:
        """What the provider keeps of a payment, and for the account."""
        at = self.house.clock.now()
        for ref, of, minor in (("txn_1", f"pi_{top_up.sid}", 59), ("txn_2", None, 200)):
            self.house.provider.changes.append(
                BalanceChange(
                    change_ref=ref,
                    external_ref=of or ref,
                    payment_ref=of,
                    fee_minor=minor,
                    currency="USD",
                    occurred_at=at,
                )
            )

    # --- one by one -------------------------------------------------------------------------------------------

    def _paid(self, user: User, minor: int = 1000) -> TopUp:
        top_up = self.house.top_up(user)
        self._tell(top_up, Kind.PAYMENT_SUCCEEDED, minor)
        return top_up

    def _tell(self, top_up: TopUp, kind: Kind, minor: int = 1000) -> None:
        at = self.house.clock.now()
        self.house.receive(self.house.told(top_up, kind, minor, mark=f"_{next(self._marks)}", at=at))
        self.house.jobs()

    def _asked(self, top_up: TopUp, refunded: int) -> None:
        self.house.truth(top_up, refunded)
        self.house.payments.checks.recheck(top_up.sid, lambda *_: None)
