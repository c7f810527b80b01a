"""Compare a UTC day at a provider with ours; what only the provider knows is asked about, and posted as events are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from codegen.runtime.context import Clock
from codegen.runtime.errors import Conflict, NotFound
from codegen.runtime.http.log import Log, described
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.types import Money
from generated.errors.onboarding import DayOutOfRange, ProviderUnavailable
from generated.models.onboarding import (
    BalanceChange,
    ReconciledKind,
    Reconciliation,
    ReconciliationItem,
    ReconciliationReport,
    TopUp,
    TopUpStatus,
)
from generated.tables.onboarding import DISPUTE, RECONCILIATION, REFUND, TOP_UP, ReconciliationPatch
from handlers.ledger.amounts import dollars
from handlers.payments import statements
from handlers.payments.checks import Checks
from handlers.payments.differences import Ours, differences, net
from handlers.payments.fees import Fee, in_dollars, post_fees
from handlers.payments.provider_day import Shown, answered, gather
from handlers.payments.providers import Providers
from handlers.payments.schedule import next_comparison
from handlers.payments.settlement import Settlement, Stale
from handlers.work.alerts import alert, clear

FIRST_DAY = date(1970, 1, 1)
"""Providers count the seconds from 1970: of what was before they cannot be asked."""
DAYS_AT_ONCE = 31
"""Days of a provider that one run compares; the next run goes on. Days that fail do not count, for each run tries them
again: as many would keep it from all later ones."""
TRIES = 3
"""How often a payment is asked about that somebody else writes to at the same time."""


Also = Callable[[list[Reconciliation]], None]


@dataclass(slots=True)
class Comparison:
    """What came of one day. `ours` and `theirs` are nano-dollars, over the payments of the day."""

    ours: int = 0
    theirs: int = 0
    found: int = 0
    fees: int = 0
    items: list[ReconciliationItem] = field(default_factory=list)


class Reconciler:
    def __init__(
        self, database: Database, clock: Clock, providers: Providers, settlement: Settlement, checks: Checks, log: Log
    ) -> None:
        self._database, self._clock, self._providers = database, clock, providers
        self._settlement, self._checks, self._log = settlement, checks, log
        self._store = Store.of(RECONCILIATION, database)
        self._top_ups = Store.of(TOP_UP, database)
        self._refunds, self._disputes = Store.of(REFUND, database), Store.of(DISPUTE, database)
        self._settled_sql = database.prepare(statements.SETTLED_BETWEEN)
        self._first_sql = database.prepare(statements.FIRST_TOP_UP)
        self._compared_sql = database.prepare(statements.COMPARED_DAYS)

    def run_once(self) -> int:
        """Compare every day that is over and was not compared, and those that are due again; how many that were.

        Raises the first failure in the end: a day that failed stays due, and the others are compared all the same.
        """
        compared = 0
        failures: list[Exception] = []
        for name in self._providers:
            left = DAYS_AT_ONCE
            for day in self._due(name):
                if not left:
                    break
                try:
                    result = self._compare(name, day)
                    self._database.run(partial(self._keep, name, day, result))
                    compared += 1
                    left -= 1
                except Exception as error:
                    self._log.line("day not compared", {"provider": name, "day": str(day), **described(error)}, "error")
                    failures.append(error)
                    if isinstance(error, ProviderUnavailable):
                        break
        if failures:
            raise failures[0]
        return compared

    def day(self, day: date, also: Also = lambda _: None) -> ReconciliationReport:
        """All providers; where one fails the others are compared all the same, and its error is raised in the end.

        `also` is done with what was compared, in the transaction that writes it down. Raises what
        `PaymentsService.reconcile` declares.
        """
        today = self._clock.now().date()
        if not FIRST_DAY <= day <= today:
            raise DayOutOfRange(first=FIRST_DAY, last=today)
        results: dict[str, Comparison] = {}
        failure: Exception | None = None
        for name in self._providers:
            try:
                results[name] = self._compare(name, day)
            except Exception as error:
                failure = failure or error

        def keep() -> list[Reconciliation]:
            kept = [self._keep(name, day, result) for name, result in results.items()]
            also(kept)
            return kept

        compared = self._database.run(keep) if results or failure is None else []
        if failure is not None:
            raise Conflict if isinstance(failure, Stale) else failure
        return ReconciliationReport(
            day=day, providers=compared, difference=Money(sum(int(each.difference) for each in compared))
        )

    def _due(self, name: str) -> list[date]:
        """The days to compare now, from that of the first top-up on."""
        first = self._database.execute(self._first_sql, (name,))
        if not first:
            return []
        now = self._clock.now()
        due = set(_days(decode_otime(first[0][0]).date(), now.date()))
        for day, again_at in self._database.execute(self._compared_sql, (name,)):
            known = date.fromisoformat(str(day))
            due.discard(known)
            if again_at is not None and decode_otime(again_at) <= now:
                due.add(known)
        return sorted(due)

    # --- one day ----------------------------------------------------------------------------------------------

    def _compare(self, name: str, day: date) -> Comparison:
        """Compare a day; it counts as compared once all of it was, and is kept."""
        shown = gather(self._providers[name], day)
        settled = {top_up.payment_ref for top_up in self._settled(name, day) if top_up.payment_ref is not None}
        result = Comparison()
        failure: Exception | None = None
        for ref in sorted(shown.payments.keys() | settled):
            try:
                self._compare_payment(name, ref, shown.payments.get(ref, Shown()), ref in settled, result)
            except ProviderUnavailable:
                raise
            except Exception as error:  # the others of this day are compared, and the day stays due
                self._log.line("payment not compared", {"payment": ref, **described(error)}, "error")
                failure = failure or error
        self._post_fees(name, shown.changes, result)
        if failure is not None:
            raise failure
        return result

    def _compare_payment(self, name: str, ref: str, shown: Shown, settled: bool, result: Comparison) -> None:
        """Compare a payment with its refunds and disputes; what differs is asked about first."""
        session_ref = shown.payment.session_ref if shown.payment is not None else None
        top_up = self._settlement.find(name, session_ref, ref, shown.top_up_sid)
        if top_up is None and shown.top_up_sid is None:
            return  # another program's on the same account
        of_day = settled or shown.payment is not None
        ours = self._ours(name, ref)
        items = differences(ref, ours, shown)
        missing = settled and shown.payment is None  # it was begun on another day, or it is not there at all
        if top_up is not None and (items or missing or shown.unexplained(ref)):
            shown = self._ask(top_up, ref, shown)
            before = differences(ref, ours, shown)
            ours = self._ours(name, ref)
            items = differences(ref, ours, shown)
            result.found += len(_names(before) - _names(items))
        if of_day or items:
            result.ours += ours.net if ours is not None else 0
            result.theirs += net(shown.payment) or 0
        result.items += items

    def _ask(self, top_up: TopUp, ref: str, shown: Shown) -> Shown:
        """What the provider says of a payment, brought into the database. Raises `Stale`, and its errors."""
        for _ in range(TRIES):
            try:
                return answered(shown, ref, self._checks.look(top_up.sid))
            except NotFound:
                return answered(shown, ref, None)
            except Stale:
                continue
        raise Stale

    def _ours(self, name: str, ref: str) -> Ours | None:
        """What we hold of a payment; None for one that we do not know."""
        top_up = self._top_ups.one({"provider": name, "payment_ref": ref})
        if top_up is None:
            return None
        state = self._settlement.state(top_up)
        refunds = self._refunds.find({"top_up_sid": top_up.sid}, limit=1000)["items"]
        disputes = self._disputes.find({"top_up_sid": top_up.sid}, limit=1000)["items"]
        return Ours(
            top_up_sid=top_up.sid,
            asked=int(top_up.amount),
            net=max(state.credited + state.excess - state.refunded, 0),
            waits=top_up.status == TopUpStatus.NEEDS_REVIEW,
            refunds={row.refund_ref: (int(row.amount), row.status) for row in refunds if row.refund_ref is not None},
            disputes={row.dispute_ref: (int(row.amount), row.status) for row in disputes},
        )

    def _settled(self, name: str, day: date) -> list[TopUp]:
        since = int(datetime.combine(day, time(), UTC).timestamp())
        rows = self._database.execute(self._settled_sql, (name, since, since + 86_400))
        return list(self._top_ups.get_many(row[0] for row in rows).values())

    def _post_fees(self, name: str, changes: list[BalanceChange], result: Comparison) -> None:
        """Post what the provider keeps for payments of ours, and of the account. A fee in other money is a
        difference."""
        fees: list[Fee] = []
        for change in changes:
            of_account = change.payment_ref is None
            top_up = None if of_account else self._settlement.find(name, None, change.payment_ref, change.top_up_sid)
            if change.fee_minor == 0 or (top_up is None and not of_account):
                continue
            if in_dollars(change):
                fees.append((top_up, change))
            else:
                result.items.append(
                    ReconciliationItem(
                        kind=ReconciledKind.FEE,
                        ref=change.change_ref,
                        payment_ref=change.payment_ref,
                        top_up_sid=top_up.sid if top_up is not None else None,
                        note=f"a fee in {change.currency}",
                    )
                )
        result.fees = post_fees(self._settlement.ledger, name, fees)

    def _keep(self, name: str, day: date, result: Comparison) -> Reconciliation:
        """Write down what came of a day; call it in a transaction."""
        now = self._clock.now()
        found: ReconciliationPatch = {
            "ours": Money(result.ours),
            "theirs": Money(result.theirs),
            "difference": Money(result.ours - result.theirs),
            "items": result.items,
            "found": result.found,
            "fees": Money(result.fees),
            "checked_at": now,
            "compare_again_at": next_comparison(day, now),
        }

        kept = self._store.insert_once({"provider": name, "day": day, **found}, now, ("provider", "day"))  # type: ignore[typeddict-item]
        if kept is None:
            known = self._store.one({"provider": name, "day": day})
            assert known is not None, "a taken key is somebody's"
            kept = self._store.patch(known.sid, {**found, "found": known.found + result.found})
        subject = f"{name}:{day}"
        if result.items:
            amount = dollars(result.ours - result.theirs)
            detail = f"{len(result.items)} differences, {amount} in all: {result.items[0].note}"
            alert(self._database, self._clock, "reconciliation_differs", subject, detail)
        else:
            clear(self._database, self._clock, "reconciliation_differs", subject)
        return kept


def _days(first: date, end: date) -> Iterator[date]:
    """The days from `first` on, before `end`."""
    return (first + timedelta(days=number) for number in range((end - first).days))


def _names(items: list[ReconciliationItem]) -> set[tuple[ReconciledKind, str | None]]:
    return {(item.kind, item.ref) for item in items}
