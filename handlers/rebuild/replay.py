"""Do again, in a fresh database, what caused the postings of a live one: by the rules of the product, at its times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.errors import Conflict, NotFound
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import QuarantineDecided
from generated.models.onboarding import (
    ConsumedCommit,
    OperatorAct,
    PlanPurchase,
    TransactionKind,
    User,
    VmAllocation,
)
from generated.tables.onboarding import CONSUMED_COMMIT, OPERATOR_ACT, PLAN_PURCHASE, TOP_UP
from handlers.ledger import wallet as rules
from handlers.ledger.adjusting import GRANT, SET_BALANCE
from handlers.ledger.posting import Ledger
from handlers.ledger.wallet import Wallet, user_account
from handlers.payments.postings import Postings
from handlers.plans.purchases import REVENUE, plan_source
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.rebuild import statements
from handlers.rebuild.inputs import Inputs
from handlers.rebuild.payment_moves import PaymentMoves, Posting
from handlers.rebuild.timeline import Cause, Transaction, every, timeline
from handlers.usage.consumption import Consumption, Overtaken
from handlers.usage.decisions import Decisions
from handlers.usage.halt import Halt
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes import Nodes
from handlers.usage.rates import CurrentRates
from handlers.usage.repository import Repositories

K = TransactionKind
ACCEPT, REJECT = "usage.quarantine_accept", "usage.quarantine_reject"
REASON = "as it was decided"
_USAGE = re.compile(r"usage:(?P<node>[^@]+)@(?P<commit>[0-9a-f]{40,64}):")
_LINE = re.compile(r"usage:(?P<node>[^@]+)@(?P<commit>[0-9a-f]+):(?P<path>.+):(?P<line>[0-9]+)")


class ReplayClock:
    """Shows the time of what is done again."""

    def __init__(self) -> None:
        self.time = datetime.fromtimestamp(0, UTC)

    def now(self) -> datetime:
        return self.time


class MirrorsAsTheyAre(Mirrors):
    """Mirrors that are only read: what a rebuild does not find, it neither keeps under a name nor fetches anew."""

    def keep(self, node_id: str, name: str, commit: str) -> None:
        pass

    def discard(self, node_id: str) -> None:
        pass


class Replay:
    """Fills `fresh`, an empty database, from `live`. What cannot be done again is told by `problems`."""

    def __init__(self, live: Database, fresh: Database, mirrors: Mirrors, prices: PriceSettings) -> None:
        self._live, self._fresh, self._clock = live, fresh, ReplayClock()
        self._inputs = Inputs(live, fresh)
        self._ledger = Ledger(fresh, self._clock)
        self._postings, self._moves = Postings(self._ledger), PaymentMoves(live)
        self._acts, self._purchases = Store.of(OPERATOR_ACT, live), Store.of(PLAN_PURCHASE, live)
        rates = CurrentRates(PriceBooks(fresh, self._clock), prices.ladder, prices.discount_base)
        self._nodes = Nodes(fresh, self._clock, Log())
        self._repositories = Repositories(
            fresh,
            MirrorsAsTheyAre(mirrors.folder, mirrors.fetchers),
            Consumption(self._ledger, self._clock, rates),
        )
        self._decisions = Decisions(self._ledger, rates, "rebuild")
        self._commits = Store.of(CONSUMED_COMMIT, fresh)
        self._stopped: set[str] = set()
        self.problems: list[tuple[str, str]] = []
        """What could not be done again (a node or a posting key), and why."""
        self.taken_over: Counter[str] = Counter()
        """Transactions by kind of which the amount was taken from the live ledger: it is written nowhere else."""

    @property
    def _context(self) -> Context:
        return Context(ADMIN, self._clock, self._fresh, "rebuild")

    def run(self) -> None:
        """Do everything again."""
        self._inputs.begin()
        for cause in timeline(self._live):
            self._again(cause)
        for top_up in every(TOP_UP, self._live):
            for key, posting in self._moves.of(top_up).items():
                if not self._is_posted(self._fresh, key):  # the live ledger lacks it
                    self._telling(key, partial(self._payment, posting))

    def _again(self, cause: Cause) -> None:
        if isinstance(cause, Transaction):
            self._clock.time = cause.posted_at
            self._telling(cause.key, partial(self._transaction, cause))
        elif isinstance(cause, User):
            self._clock.time = max(self._clock.time, cause.created_at)
            self._inputs.user(self._context, cause)
        elif isinstance(cause, VmAllocation):
            self._inputs.machine(cause)
        elif isinstance(cause, ConsumedCommit):
            self._clock.time = cause.consumed_at
            self._consume(cause.node_id, cause.commit)
        elif isinstance(cause, PlanPurchase):
            if not self._is_posted(self._live, plan_source(cause.sid)):
                self._clock.time = max(self._clock.time, cause.period_start)
                self._purchase(cause)
        else:
            self._act(cause)

    def _telling(self, key: str, work: Callable[[], None]) -> None:
        """Do `work`, or tell why the rules of the ledger do not let it be done again."""
        try:
            work()
        except (ValueError, ArithmeticError, Conflict, NotFound) as error:
            self.problems.append((key, str(error)))

    # --- transactions -----------------------------------------------------------------------------------------

    def _transaction(self, done: Transaction) -> None:
        if done.kind in (K.USAGE, K.USAGE_VOID):
            self._usage(done)
        elif done.kind == K.GRANT_EXPIRY:
            assert done.user_sid is not None, "credit is granted to users"
            self._ledger.transaction(partial(self._ledger.expire, done.user_sid))
        elif done.kind in (K.GRANT, K.ADJUSTMENT):
            act = self._acts.get_many([sid := done.source.removeprefix("operator:")]).get(sid)
            if act is None:
                self.problems.append((done.key, "there is no such act of an operator"))
            else:
                self._adjust(act)
        elif done.kind == K.PLAN:
            purchase = self._purchases.get_many([sid := done.source.removeprefix("plan:")]).get(sid)
            if purchase is None:
                self.problems.append((done.key, "there is no such purchase"))
            else:
                self._purchase(purchase, done.effective_at)
        elif done.kind in _TAKEN_OVER:
            self._take_over(done)
        elif (posting := self._moves.posting(done.source, done.key)) is not None:
            self._payment(posting)
        else:
            self.problems.append((done.key, "no event of a provider and no operator's decision asks for it"))

    def _post(self, key: str, draw: Callable[[Wallet], Any], **given: Any) -> None:
        """Post under a key, which is the source as well where no other is given."""
        values: dict[str, Any] = {"key": key, "source": key, "draw": draw, **given}
        self._ledger.transaction(lambda: self._ledger.post(**values))

    def _payment(self, posting: Posting) -> None:
        self._ledger.transaction(lambda: self._postings.post(posting.top_up, posting.move, posting.cause, posting.at))

    def _purchase(self, bought: PlanPurchase, at: datetime | None = None) -> None:
        source = plan_source(bought.sid)
        self._post(
            source,
            lambda wallet: rules.charge(wallet, REVENUE, int(bought.cost)),
            user_sid=bought.user_sid,
            kind=K.PLAN,
            reason="Plan",
            effective_at=at or self._clock.time,
        )

    def _take_over(self, done: Transaction) -> None:
        """A fee, or what is held before KYC: known from the live ledger alone."""
        self.taken_over[done.kind.value] += 1
        held = user_account(done.user_sid or "", "held")
        draw: Callable[[Wallet], Any]
        if done.kind == K.PROVIDER_FEE:
            provider = done.source.split(":", 2)[1]
            draw = partial(rules.provider_fee, provider=provider, amount=done.lines.get("fees", 0))
        elif done.kind == K.KYC_HOLD:
            draw = partial(rules.hold, amount=-done.lines.get(held, 0), lot=self._ledger.lot_of(done.source))
        else:
            draw = partial(rules.release, amount=done.lines.get(held, 0), lot=self._ledger.lot_of(done.source))
        self._post(
            done.key,
            draw,
            source=done.source,
            user_sid=done.user_sid,
            kind=done.kind,
            reason=done.reason,
            effective_at=done.effective_at,
        )

    # --- what operators did -----------------------------------------------------------------------------------

    def _act(self, act: OperatorAct) -> None:
        """An act that posted nothing in the live ledger; those that did are done when they were posted."""
        if act.act in (GRANT, SET_BALANCE) and not self._is_posted(self._live, f"operator:{act.sid}"):
            self._clock.time = max(self._clock.time, act.occurred_at)
            self._adjust(act)
        elif act.act in (ACCEPT, REJECT):
            self._clock.time = max(self._clock.time, act.occurred_at)
            self._decide(str(act.arguments["line"]), accepted=act.act == ACCEPT)

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

    def _usage(self, done: Transaction) -> None:
        if done.key.startswith(f"{done.source}:"):  # of one line, which was set aside before
            self._decide(done.source, accepted=True)
        elif (found := _USAGE.match(done.key)) is not None:
            self._consume(found["node"], found["commit"])
        else:
            self.problems.append((done.key, "it names no commit"))

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

    def _is_posted(self, database: Database, key: str) -> bool:
        return bool(database.execute(database.prepare(statements.IS_POSTED), (key,)))


_TAKEN_OVER = (K.PROVIDER_FEE, K.KYC_HOLD, K.KYC_RELEASE)
