"""Plans over a ledger to test with: users who are verified, machines in memory, and a clock that jumps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from codegen.runtime.context import Caller, Context
from codegen.runtime.rpc.local import local
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import Billing, KycStatus, Notice, PlanPurchase
from generated.routes import SERVICES
from generated.services.onboarding import BillingService
from generated.tables.onboarding import NOTICE, PLAN_PURCHASE, USER
from handlers.ledger.followers import followers
from handlers.ledger.standing import Standings
from handlers.plans.balance_watch import BalanceWatch
from handlers.plans.machines import PlanMachines
from handlers.plans.period_ends import PeriodEnds
from handlers.plans.plan_catalogue import PlanCatalogue, read_plans
from handlers.plans.purchases import Purchases
from handlers.plans.service import PlansHandler
from tests.server.audited import audit
from tests.server.book import Book, create_tables

DOLLAR = 10**9
DEBT_LIMIT = Money.from_cents(500)


@dataclass
class Machines(PlanMachines):
    """Notes what plans say; `places` machines are free."""

    places: int = 100
    told: list[tuple[Any, ...]] = field(default_factory=list)
    asked: int = 0
    asked_in_transaction: bool = False
    database: Database | None = None

    def free(self, sku: str) -> int:
        self.asked += 1
        self.asked_in_transaction |= self.database is not None and self.database.in_transaction
        return self.places

    def period_renewed(self, user_sid: str, purchase: PlanPurchase) -> None:
        self.told.append(("renewed", user_sid, purchase.sid))

    def period_ended(self, user_sid: str, at: datetime) -> None:
        self.told.append(("ended", user_sid, at))

    def suspend(self, user_sid: str, at: datetime) -> None:
        self.told.append(("suspend", user_sid))

    def resume(self, user_sid: str, at: datetime) -> None:
        self.told.append(("resume", user_sid))

    def at_once(self, user_sid: str) -> None:
        self.asked_in_transaction |= self.database is not None and self.database.in_transaction
        self.told.append(("at once", user_sid))


class PlanWorld:
    """`plans` is the setting `PLANS_JSON`."""

    def __init__(self, database: Database, plans: str | None = None) -> None:
        create_tables(database)
        self.database, self.book = database, Book(database)
        self.clock, self.ledger = self.book.clock, self.book.ledger
        self._payments = count(1)
        self.machines = Machines(database=database)
        self.offer(plans)

    def offer(self, plans: str | None) -> None:
        """From now on these plans are on offer."""
        catalogue = PlanCatalogue(read_plans(plans))
        self.purchases = Purchases(self.ledger, self.clock, catalogue, lambda: self.machines)
        watch = BalanceWatch(self.database, self.clock, self.purchases, DEBT_LIMIT, lambda: self.machines)
        followers(self.database)["plans"] = watch.follow
        standings = Standings(self.database, self.ledger, self.clock)
        self.ends = PeriodEnds(self.database, self.clock, self.purchases, catalogue, standings)
        self.service = local(BillingService, PlansHandler(catalogue, self.purchases), SERVICES)

    # --- what people do ---------------------------------------------------------------------------------------

    def user(self, dollars: int = 0, verified: bool = True) -> str:
        """The sid of a new user who has paid so much."""
        user = self.book.user()
        if verified:
            Store.of(USER, self.database).patch(user, {"kyc_status": KycStatus.COMPLETED})
        if dollars:
            self.pay(user, dollars)
        return user

    def pay(self, user: str, dollars: int) -> None:
        self.book.top_up(user, f"pi_{user}_{next(self._payments)}", dollars * DOLLAR)

    def context(self, user: str) -> Context:
        return Context(Caller("user", user), self.clock, self.database, "test")

    def buy(self, user: str, plan_id: str = "vm5", form_token: str | None = None) -> Billing:
        return self.service.plan_buy(self.context(user), plan_id=plan_id, form_token=form_token)

    def renew(self, user: str, on: bool = True) -> Billing:
        return self.service.renew(self.context(user), on=on)

    def jump(self, **time: float) -> None:
        self.clock.time += timedelta(**time)

    def jump_to(self, moment: datetime) -> None:
        self.clock.time = moment

    # --- what can be seen -------------------------------------------------------------------------------------

    def billing(self, user: str) -> Billing:
        found = self.ledger.billings.one({"user_sid": user})
        assert found is not None
        return found

    def dollars(self, user: str) -> float:
        return self.book.balance(user) / DOLLAR

    def bought(self, user: str) -> list[PlanPurchase]:
        """The purchases, the oldest first."""
        return Store.of(PLAN_PURCHASE, self.database).find({"user_sid": user})["items"]

    def notices(self, user: str) -> list[Notice]:
        return Store.of(NOTICE, self.database).find({"user_sid": user})["items"]

    def kinds(self, user: str) -> list[str]:
        return [notice.kind for notice in self.notices(user)]

    def audit(self) -> None:
        assert audit(self.database) == []
