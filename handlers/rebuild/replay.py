"""Do again, in a fresh database, what caused the postings of a live one: by the rules of the product, at its times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pygit2

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.errors import Conflict, DeclaredError, InvalidParams, NotFound
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import QuarantineDecided
from generated.models.onboarding import (
    ConsumedCommit,
    KycEvent,
    KycSession,
    OperatorAct,
    PaymentEvent,
    PlanPurchase,
    ProviderFee,
    TopUp,
    TransactionKind,
    User,
    VmAllocation,
)
from generated.tables.onboarding import CONSUMED_COMMIT, NODE
from handlers.ledger import wallet as rules
from handlers.ledger.adjusting import GRANT, SET_BALANCE
from handlers.ledger.expiry import GrantExpiry
from handlers.ledger.wallet import Wallet
from handlers.payments.fees import post_fee
from handlers.payments.settlement import Settlement
from handlers.plans.purchases import REVENUE, plan_source
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.rebuild import statements
from handlers.rebuild.inputs import Inputs
from handlers.rebuild.payments import Payments
from handlers.rebuild.registrations import ACTS as REGISTRATIONS
from handlers.rebuild.registrations import Registrations
from handlers.rebuild.timeline import Cause, every, expiries, timeline
from handlers.rebuild.verification import SET_ASIDE, Verification
from handlers.usage.consumption import Consumption, Overtaken
from handlers.usage.decisions import Decisions
from handlers.usage.halt import Halt
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes import Nodes
from handlers.usage.rates import CurrentRates
from handlers.usage.repository import Repositories

K = TransactionKind
ACCEPT, REJECT = "usage.quarantine_accept", "usage.quarantine_reject"
RESOLVE = "payments.resolve_review"
REASON = "as it was decided"
OVERDUE = timedelta(hours=1)
"""So long before the latest cause a grant must have ended that should have been posted: a job does so each minute."""
_LINE = re.compile(r"usage:(?P<node>[^@]+)@(?P<commit>[0-9a-f]+):(?P<path>.+):(?P<line>[0-9]+)")


class ReplayClock:
    """Shows the time of what is done again."""

    def __init__(self) -> None:
        self.time = datetime.fromtimestamp(0, UTC)

    def now(self) -> datetime:
        return self.time


class MirrorsAsTheyAre(Mirrors):
    """Mirrors that are only read: what a rebuild does not find, it neither keeps under a name nor fetches anew."""

    def keep(self, mirror: pygit2.Repository, name: str, commit: str) -> None:
        pass

    def discard(self, node_id: str) -> None:
        pass


class Replay:
    """Fills `fresh`, an empty database, from the causes that `live` keeps; its ledger is asked for no amount, and for
    times only where nothing else has them. What cannot be done again is told by `problems`."""

    def __init__(
        self, live: Database, fresh: Database, mirrors: Mirrors, prices: PriceSettings, kyc_free_cap: Money
    ) -> None:
        self._live, self._fresh, self._clock = live, fresh, ReplayClock()
        self._inputs, self._registrations = Inputs(live, fresh), Registrations(live, fresh)
        settlement = Settlement(fresh, self._clock, kyc_free_cap)
        self._ledger = settlement.ledger
        self._payments, self._verification = Payments(settlement), Verification(settlement, self._clock)
        rates = CurrentRates(PriceBooks(fresh, self._clock), prices.ladder, prices.discount_base)
        self._nodes = Nodes(fresh, self._clock, Log())
        self._repositories = Repositories(
            fresh,
            MirrorsAsTheyAre(mirrors.folder, mirrors.fetchers),
            Consumption(self._ledger, self._clock, rates),
        )
        self._decisions = Decisions(self._ledger, rates, mirrors, "rebuild")
        self._commits = Store.of(CONSUMED_COMMIT, fresh)
        self._stopped: set[str] = set()
        self.problems: list[tuple[str, str]] = []
        """What could not be done again (a node or a posting key), and why."""
        self.taken_over: Counter[str] = Counter()
        """Transactions by kind of which the time was taken from the live ledger: it is written nowhere else."""

    @property
    def _context(self) -> Context:
        return Context(ADMIN, self._clock, self._fresh, "rebuild")

    def run(self, now: datetime) -> None:
        """Do everything again that was done until now."""
        self._inputs.begin()
        self._fresh.run(self._registrations.begin)
        latest = self._clock.time
        for cause in timeline(self._live):
            self._telling(cause.sid, partial(self._again, cause))
            latest = max(latest, self._clock.time)
        for node in every(NODE, self._live):
            if node.last_commit is not None:
                self._consume(node.node_id, node.last_commit)
        for node_id, names in self._registrations.others():
            reason = f"it is registered otherwise than operators' acts say: {names}"
            self.problems.append((f"node {node_id}", reason))
        self._end_grants(latest - OVERDUE, now)

    def _end_grants(self, overdue: datetime, now: datetime) -> None:
        """What had expired by then was posted, whatever the ledger says; of what has expired since, what it says that a
        job has posted already. All that expired before something else of its user was posted before that."""
        self._clock.time = overdue
        GrantExpiry(self._ledger).run_once()
        for ended in expiries(self._live):
            self._clock.time = min(ended.posted_at, now)
            if count := self._ledger.transaction(partial(self._ledger.expire, ended.user_sid)):
                self.taken_over[K.GRANT_EXPIRY.value] += count

    def _telling(self, subject: str, work: Callable[[], None]) -> None:
        """Do `work`, or tell why the rules of the product do not let it be done again."""
        try:
            work()
        except (ValueError, ArithmeticError, LookupError, DeclaredError, InvalidParams) as error:
            self.problems.append((subject, f"{type(error).__name__}: {error}"))

    def _again(self, cause: Cause) -> None:
        match cause:
            case User():
                self._clock.time = cause.created_at
                self._inputs.user(self._context, cause)
            case VmAllocation():
                self._inputs.machine(cause.sid)
            case TopUp():
                self._inputs.top_up(cause.sid)
            case PaymentEvent():
                self._clock.time = cause.received_at
                self._payments.again(cause, self._inputs.event(cause))
            case ProviderFee():
                self._clock.time = cause.found_at
                self._ledger.transaction(partial(self._fee, cause))
            case KycSession():
                self._clock.time = cause.created_at
                self._verification.begin(cause, partial(self._inputs.attempt, cause.sid))
            case KycEvent():
                self._clock.time = cause.received_at
                self._verification.hear(cause)
            case ConsumedCommit():
                self._clock.time = cause.consumed_at
                self._consume(cause.node_id, cause.commit)
            case PlanPurchase():
                self._purchase(cause)
            case OperatorAct():
                self._clock.time = cause.occurred_at
                self._act(cause)

    # --- what was paid ----------------------------------------------------------------------------------------

    def _fee(self, fee: ProviderFee) -> None:
        self._inputs.fee(fee)
        post_fee(self._ledger, fee)

    def _purchase(self, bought: PlanPurchase) -> None:
        """A plan at its cost, when it was paid."""
        self._clock.time = bought.paid_at
        self._post(
            plan_source(bought.sid),
            lambda wallet: rules.charge(wallet, REVENUE, int(bought.cost)),
            user_sid=bought.user_sid,
            kind=K.PLAN,
            reason="Plan",
            effective_at=bought.paid_at,
        )

    def _post(self, key: str, draw: Callable[[Wallet], Any], **given: Any) -> None:
        """Post under a key, which is the source as well."""
        values: dict[str, Any] = {"key": key, "source": key, "draw": draw, **given}
        self._ledger.transaction(lambda: self._ledger.post(**values))

    # --- what operators did -----------------------------------------------------------------------------------

    def _act(self, act: OperatorAct) -> None:
        if act.act in (GRANT, SET_BALANCE):
            self._adjust(act)
        elif act.act in (ACCEPT, REJECT):
            self._decide(str(act.arguments["line"]), accepted=act.act == ACCEPT)
        elif act.act == RESOLVE:
            self._payments.decide(act)
        elif act.act in SET_ASIDE:
            self._verification.set_aside(act)
        elif act.act in REGISTRATIONS:
            self._fresh.run(partial(self._registrations.again, act))

    def _adjust(self, act: OperatorAct) -> None:
        given: Mapping[str, Any] = act.arguments
        draw: Callable[[Wallet], Any]
        if act.act == SET_BALANCE:
            target = int(Money.from_cents(given["balance_cents"]))
            self._ledger.transaction(partial(self._ledger.expire, act.subject))
            balances = self._ledger.balances(act.subject)
            if -(balances["purchased"] + balances["granted"] + balances["receivable"]) == target:
                return
            kind = K.ADJUSTMENT
            draw = partial(rules.adjust, target=target)
        else:
            until = datetime.fromisoformat(given["expires_at"]) if given["expires_at"] else None
            kind = K.GRANT
            draw = partial(rules.grant, amount=int(Money.parse(given["amount"])), expires_at=until)
        source = f"operator:{act.sid}"
        self._post(
            source,
            draw,
            user_sid=act.subject,
            kind=kind,
            reason=act.reason,
            effective_at=act.occurred_at,
        )

    def _decide(self, place: str, *, accepted: bool) -> None:
        """Accept or reject the line that stands there, if that was not done yet."""
        found = _LINE.fullmatch(place)
        assert found is not None, "the act names it"
        rows = self._fresh.execute(
            self._fresh.prepare(statements.SET_ASIDE_AT),
            (found["node"], found["commit"], found["path"], int(found["line"])),
        )
        if not rows:
            self.problems.append((place, "an operator decided about this line, which is not set aside"))
            return
        try:
            if accepted:
                self._decisions.accept(self._context, rows[0][0], REASON)
            else:
                self._decisions.reject(self._context, rows[0][0], REASON)
        except QuarantineDecided:
            return
        except (Conflict, NotFound) as error:
            self.problems.append((place, str(error)))

    # --- usage ------------------------------------------------------------------------------------------------

    def _consume(self, node_id: str, commit: str) -> None:
        """Read the repository up to this commit, as far as that was not done yet."""
        node = self._nodes.get(node_id)
        if node is None:
            self._stop(node_id, "the node is not registered")
        if node is None or node_id in self._stopped or self._commits.one({"node_id": node_id, "commit": commit}):
            return
        try:
            for _ in self._repositories.consume(node, commit, lambda: True):
                pass
        except Halt as halt:
            self._stop(node_id, f"{halt.reason.value} at commit {halt.commit or commit}: {halt.detail}")
        except Overtaken:
            self._stop(node_id, f"somebody else writes into the fresh database at commit {commit}")

    def _stop(self, node_id: str, reason: str) -> None:
        if node_id not in self._stopped:
            self._stopped.add(node_id)
            self.problems.append((f"node {node_id}", reason))
