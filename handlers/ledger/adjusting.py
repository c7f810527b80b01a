"""What operators do to balances: set one, give credit, freeze spending; each with its act in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.errors import Conflict, NotFound
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money, money_text
from generated.errors.onboarding import AmountInvalid
from generated.models.onboarding import Billing, OperatorAct, TransactionKind
from generated.tables.onboarding import USER
from handlers.admin.acts import Acts
from handlers.ledger import wallet as rules
from handlers.ledger.drawing import LedgerOverflow
from handlers.ledger.freezing import FREEZE, freezing
from handlers.ledger.posting import Ledger
from handlers.ledger.wallet import Wallet

SET_BALANCE = "billing.set_credit_balance"
GRANT = "billing.grant"
_CENT = int(Money.from_cents(1))


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A balance before and after; `previous` is in cents, rounded down."""

    previous_cents: int
    billing: Billing


class Adjustments:
    """Operators' acts on the ledger. Each method is one transaction, or a part of the caller's."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._acts = Acts(ledger.database)
        self._users = Store.of(USER, ledger.database)
        self._is_frozen = freezing(ledger.database)

    def set_balance(
        self,
        context: Context,
        *,
        sid: str,
        balance_cents: int,
        reason: str | None = None,
        expected_prev_cents: int | None = None,
    ) -> Adjusted:
        """Bring the credit balance of a user (by its sid or that of its billing) to an amount, which may be negative.

        Raises `NotFound`; `Conflict` where the balance is not the expected one; `AmountInvalid` for what 64 bits of
        nano-dollars cannot hold.
        """

        def work() -> Adjusted:
            user_sid = self._user(sid)
            self._ledger.expire(user_sid)
            before = self._billing(context, user_sid)
            if expected_prev_cents is not None and expected_prev_cents != before.credit_balance_cents:
                raise Conflict(f"the balance is {before.credit_balance_cents} cents, not {expected_prev_cents}")
            arguments = {"balance_cents": balance_cents, "expected_prev_cents": expected_prev_cents}
            target = balance_cents * _CENT
            act = self._acts.record(
                context,
                SET_BALANCE,
                user_sid,
                arguments,
                reason or "Balance set by an operator",
                before=_balance(int(before.credit_balance)),
                after=_balance(target),
            )
            if target != before.credit_balance:
                self._post(act, user_sid, TransactionKind.ADJUSTMENT, lambda wallet: rules.adjust(wallet, target))
            return Adjusted(before.credit_balance_cents, self._billing(context, user_sid))

        return self._ledger.transaction(work)

    def grant(
        self,
        context: Context,
        *,
        user_sid: str,
        amount: Money,
        reason: str,
        expires_at: datetime | None = None,
    ) -> Billing:
        """Give credit that was not paid for.

        Raises `NotFound`; `AmountInvalid` for an amount that is not positive, or for an expiry in the past.
        """

        def work() -> Billing:
            self._user(user_sid)
            if amount <= 0 or (expires_at is not None and expires_at <= context.clock.now()):
                raise AmountInvalid
            self._ledger.expire(user_sid)
            balance = int(self._billing(context, user_sid).credit_balance)
            act = self._acts.record(
                context,
                GRANT,
                user_sid,
                {"amount": str(amount), "expires_at": expires_at.isoformat() if expires_at else None},
                reason,
                before=_balance(balance),
                after=_balance(balance + amount),
            )
            self._post(act, user_sid, TransactionKind.GRANT, lambda wallet: rules.grant(wallet, amount, expires_at))
            return self._billing(context, user_sid)

        return self._ledger.transaction(work)

    def freeze(self, context: Context, *, user_sid: str, on: bool, reason: str) -> Billing:
        """Freeze or unfreeze new spending; it stays frozen while money is held for a dispute. Raises `NotFound`."""

        def work() -> Billing:
            self._user(user_sid)
            billing = self._billing(context, user_sid)
            frozen = self._is_frozen(user_sid, on)
            self._acts.record(
                context,
                FREEZE,
                user_sid,
                {"on": on},
                reason,
                before={"frozen": billing.frozen},
                after={"frozen": frozen},
            )
            return self._ledger.billings.patch(billing.sid, {"frozen": frozen})

        return self._ledger.transaction(work)

    # --- parts ------------------------------------------------------------------------------------------------

    def _post(self, act: OperatorAct, user_sid: str, kind: TransactionKind, draw: Callable[[Wallet], Any]) -> None:
        source = f"operator:{act.sid}"
        try:
            self._ledger.post(
                user_sid=user_sid,
                kind=kind,
                key=source,
                source=source,
                reason=act.reason,
                effective_at=act.occurred_at,
                draw=draw,
            )
        except LedgerOverflow as error:
            raise AmountInvalid from error

    def _user(self, sid: str) -> str:
        """The user of a user's or a billing's sid."""
        if self._users.exists(sid):
            return sid
        try:
            return self._ledger.billings.get(sid).user_sid
        except NotFound:
            raise NotFound(f"no user and no billing has the sid {sid}") from None

    def _billing(self, context: Context, user_sid: str) -> Billing:
        return self._ledger.billings.one({"user_sid": user_sid}) or self._ledger.billings.new(
            {"user_sid": user_sid}, context.clock.now()
        )


def _balance(nano_dollars: int) -> dict[str, str]:
    """A balance as an act tells it."""
    return {"credit_balance": money_text(nano_dollars)}
