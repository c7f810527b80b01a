"""Compare a UTC day at a provider with ours, payment by payment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from codegen.runtime.context import Clock
from codegen.runtime.errors import NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import (
    ProviderPayment,
    Reconciliation,
    ReconciliationItem,
    ReconciliationReport,
    TopUp,
)
from generated.plugins.onboarding import PaymentProvider
from generated.tables.onboarding import RECONCILIATION, TOP_UP
from handlers.payments import statements
from handlers.payments.fetching import PAID
from handlers.payments.providers import Providers
from handlers.payments.settlement import Settlement
from handlers.payments.states import CURRENCY, NANO_PER_MINOR
from handlers.work.alerts import alert, clear


class Reconciler:
    def __init__(self, database: Database, clock: Clock, providers: Providers, settlement: Settlement) -> None:
        self._database, self._clock, self._providers, self._settlement = database, clock, providers, settlement
        self._store = Store.of(RECONCILIATION, database)
        self._top_ups = Store.of(TOP_UP, database)
        self._ours = database.prepare(statements.SETTLED_BETWEEN)

    def run_once(self) -> int:
        """Compare yesterday, where that was not done; how many providers were compared."""
        day = (self._clock.now() - timedelta(days=1)).date()
        missing = [name for name in self._providers if self._store.one({"provider": name, "day": day}) is None]
        for name in missing:
            self._compare(name, day)
        return len(missing)

    def day(self, day: date) -> ReconciliationReport:
        """All providers. Raises `ProviderUnavailable`."""
        compared = [self._compare(name, day) for name in self._providers]
        return ReconciliationReport(
            day=day, providers=compared, difference=Money(sum(int(each.difference) for each in compared))
        )

    def _compare(self, name: str, day: date) -> Reconciliation:
        provider = self._providers[name]
        theirs = {payment.payment_ref: payment for payment in _payments(provider, day)}
        ours = {top_up.payment_ref: top_up for top_up in self._settled(name, day) if top_up.payment_ref is not None}
        for ref in theirs.keys() - ours.keys():  # begun on this day, settled on another
            found = self._top_ups.one({"provider": name, "payment_ref": ref})
            if found is not None:
                ours[ref] = found
        for ref in ours.keys() - theirs.keys():  # settled on this day, begun on another
            theirs |= {
                payment.payment_ref: payment
                for payment in _session(provider, ours[ref].session_ref)
                if payment.payment_ref == ref
            }
        items = []
        sums = [0, 0]
        for ref in sorted(ours.keys() | theirs.keys()):
            mine, other = self._net(ours.get(ref)), _net(theirs.get(ref))
            sums[0] += mine or 0
            sums[1] += other or 0
            if note := _difference(mine, other, theirs.get(ref)):
                items.append(
                    ReconciliationItem(
                        payment_ref=ref,
                        top_up_sid=ours[ref].sid if ref in ours else None,
                        note=note,
                        ours=None if mine is None else Money(mine),
                        theirs=None if other is None else Money(other),
                    )
                )
        return self._keep(name, day, sums, items)

    def _settled(self, name: str, day: date) -> list[TopUp]:
        since = int(datetime.combine(day, time(), UTC).timestamp())
        rows = self._database.execute(self._ours, (name, since, since + 86_400))
        return list(self._top_ups.get_many(row[0] for row in rows).values())

    def _net(self, top_up: TopUp | None) -> int | None:
        """What we hold of a payment: credited, less refunded; None for one that we do not know."""
        if top_up is None:
            return None
        state = self._settlement.state(top_up)
        return state.credited - min(state.refunded, state.credited)

    def _keep(self, name: str, day: date, sums: list[int], items: list[ReconciliationItem]) -> Reconciliation:
        ours, theirs = sums

        def work() -> Reconciliation:
            known = self._store.one({"provider": name, "day": day})
            found = {
                "ours": Money(ours),
                "theirs": Money(theirs),
                "difference": Money(ours - theirs),
                "items": items,
                "checked_at": self._clock.now().replace(microsecond=0),
            }
            if known is not None:
                kept = self._store.patch(known.sid, found)  # type: ignore[arg-type]
            else:
                kept = self._store.new({"provider": name, "day": day, **found}, self._clock.now())  # type: ignore[typeddict-item]
            if items:
                alert(
                    self._database,
                    self._clock,
                    "reconciliation_differs",
                    f"{name}:{day}",
                    f"{len(items)} payments differ, by ${Money(ours - theirs)} in all",
                )
            else:
                clear(self._database, self._clock, "reconciliation_differs", f"{name}:{day}")
            return kept

        return self._database.run(work)


def _payments(provider: PaymentProvider, day: date) -> Iterator[ProviderPayment]:
    cursor: str | None = None
    while True:
        page = provider.list_payments(day, cursor=cursor)
        yield from page.payments
        cursor = page.next_cursor
        if cursor is None:
            return


def _session(provider: PaymentProvider, session_ref: str) -> list[ProviderPayment]:
    try:
        return provider.fetch_session(session_ref).payments
    except NotFound:
        return []


def _net(payment: ProviderPayment | None) -> int | None:
    """What the provider holds of a payment for us; None where no dollars were paid."""
    if payment is None or payment.state not in PAID or payment.currency != CURRENCY:
        return None
    return (payment.amount_minor - payment.refunded_minor) * NANO_PER_MINOR


def _difference(ours: int | None, theirs: int | None, payment: ProviderPayment | None) -> str | None:
    """Why a payment needs a look; None where both sides agree."""
    if payment is not None and payment.state in PAID and payment.currency != CURRENCY:
        return f"paid in {payment.currency}"
    if (ours or 0) == (theirs or 0):
        return None
    if ours is None:
        return "not known here"
    if theirs is None:
        return "not paid at the provider"
    return "the amounts differ"
