"""Where a user stands: what can be spent and where it came from, what is owed, what is blocked, which tier holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.models.onboarding import Billing, DiscountTier
from handlers.ledger.billing import billings
from handlers.ledger.posting import Ledger
from handlers.pricing.ladder import next_step, tier_at


@dataclass(frozen=True, slots=True)
class Standing:
    """Amounts are the user's: credit is positive, `debt` what is owed. `blocked` says that nothing new can be spent.

    `held_for_kyc` is the part of `held` that was paid beyond the cap before KYC; the rest is disputed.

    Granted credit that has expired is in none of them, whether its expiry was posted already or not.
    """

    balance: Money
    purchased: Money
    granted: Money
    held: Money
    held_for_kyc: Money
    debt: Money
    debt_since: datetime | None
    frozen: bool
    lifetime_paid: Money
    tier: DiscountTier
    next_tier: DiscountTier | None
    next_tier_at: datetime | None

    @property
    def disputed(self) -> Money:
        """What is held for disputes that are open."""
        return Money(self.held - self.held_for_kyc)

    @property
    def blocked(self) -> bool:
        return self.frozen or self.balance <= 0


class Standings:
    """Reads standings: a few reads by index each."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._billings, self._ledger, self._clock = billings(database), ledger, clock

    def of(self, user_sid: str) -> Standing:
        """The standing of a user now; of one who never paid, all zero."""
        billing = self._billings.one({"user_sid": user_sid}) or Billing.model_construct(
            credit_balance=Money(0), lifetime_paid=Money(0), first_paid_at=None, debt_since=None, frozen=False
        )
        balances = self._ledger.balances(user_sid)
        expired = self._ledger.expired_credit(user_sid) if balances["granted"] else 0
        now = self._clock.now()
        follows = next_step(now, billing.first_paid_at)
        return Standing(
            balance=Money(billing.credit_balance - expired),
            purchased=Money(-balances["purchased"]),
            granted=Money(-balances["granted"] - expired),
            held=Money(-balances["held"]),
            held_for_kyc=Money(self._ledger.held_for_kyc(user_sid) if balances["held"] else 0),
            debt=Money(balances["receivable"]),
            debt_since=billing.debt_since,
            frozen=billing.frozen,
            lifetime_paid=Money(billing.lifetime_paid),
            tier=tier_at(now, billing.first_paid_at),
            next_tier=follows[0].tier if follows else None,
            next_tier_at=follows[1] if follows else None,
        )
