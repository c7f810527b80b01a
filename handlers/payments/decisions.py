"""What operators decide about payments: each decision in one transaction with its act, which keeps before and after."""

from __future__ import annotations

from datetime import date
from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.errors import Conflict
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import money_text
from generated.errors.onboarding import NotInReview
from generated.models.onboarding import (
    Reconciliation,
    ReconciliationReport,
    TopUp,
    TopUpStatus,
    WebhookInboxEntry,
    WebhookRetried,
)
from generated.tables.onboarding import TOP_UP, WEBHOOK_INBOX_ENTRY
from handlers.admin.acts import NO_REASON, Acts
from handlers.payments.checks import Checks
from handlers.payments.inbox import WAITING, Inbox
from handlers.payments.reconcile import Reconciler
from handlers.payments.settlement import Settlement

Shown = dict[str, Any]


class Decisions:
    def __init__(
        self, database: Database, settlement: Settlement, checks: Checks, inbox: Inbox, reconciler: Reconciler
    ) -> None:
        self._database, self._reconciler = database, reconciler
        self._settlement, self._checks, self._inbox = settlement, checks, inbox
        self._top_ups = Store.of(TOP_UP, database)
        self._entries = Store.of(WEBHOOK_INBOX_ENTRY, database)
        self._acts = Acts(database)

    def resolve_review(self, context: Context, top_up_sid: str, credit: bool, cents: int | None, reason: str) -> TopUp:
        """Raises what `PaymentsService.resolve_review` declares."""

        def work() -> TopUp:
            top_up = self._top_ups.get(top_up_sid)
            if top_up.status != TopUpStatus.NEEDS_REVIEW:
                # What was refunded in other money changes nothing by itself: it was seen, and no more is decided.
                if credit or not self._settlement.seen(top_up_sid):
                    raise NotInReview
                shown = self._shown(top_up_sid)
                asked = {"credit": False, "amount_cents": cents}
                self._record(context, "resolve_review", top_up_sid, asked, shown, shown, reason)
                return top_up
            before = self._shown(top_up_sid)
            after = self._settlement.decide(top_up_sid, credit, cents, f"decision:{context.request_id}")
            asked = {"credit": credit, "amount_cents": cents}
            self._record(context, "resolve_review", top_up_sid, asked, before, self._shown(top_up_sid), reason)
            return after

        return self._settlement.ledger.transaction(work)

    def recheck(self, context: Context, top_up_sid: str, reason: str) -> TopUp:
        """Raises what `PaymentsService.recheck` declares."""
        before = self._shown(top_up_sid)

        def record() -> None:
            self._record(context, "recheck", top_up_sid, {}, before, self._shown(top_up_sid), reason)

        return self._checks.recheck(top_up_sid, record)

    def close(self, context: Context, top_up_sid: str, reason: str) -> TopUp:
        """Raises what `PaymentsService.close` declares."""
        before = self._shown(top_up_sid)

        def record() -> None:
            self._record(context, "close", top_up_sid, {}, before, self._shown(top_up_sid), reason)

        return self._checks.give_up(top_up_sid, f"close:{context.request_id}", record)

    def retry_event(self, context: Context, entry_sid: str, reason: str) -> WebhookRetried:
        """Raises what `PaymentsService.retry_event` declares."""
        before = self._entries.get(entry_sid)
        if before.state not in WAITING:
            raise Conflict(f"this webhook is {before.state.value}")
        told: list[WebhookRetried] = []

        def record() -> None:
            after = self._entries.get(entry_sid)
            self._record(context, "retry_event", entry_sid, {}, _shown_entry(before), _shown_entry(after), reason)
            told.append(WebhookRetried(entry_sid=entry_sid, state=after.state, failure=after.failure))

        self._inbox.attempt(entry_sid, ask=True, also=record)
        if not told:
            raise Conflict("somebody else applied this webhook meanwhile")
        return told[-1]

    def reconcile(self, context: Context, day: date, reason: str | None) -> ReconciliationReport:
        """Raises what `PaymentsService.reconcile` declares."""

        def record(compared: list[Reconciliation]) -> None:
            after = {
                each.provider: {"difference": money_text(each.difference), "found": each.found} for each in compared
            }
            self._record(context, "reconcile", str(day), {}, None, {"providers": after}, reason or NO_REASON)

        return self._reconciler.day(day, record)

    def _record(
        self, context: Context, act: str, subject: str, asked: Shown, before: Shown | None, after: Shown, reason: str
    ) -> None:
        self._acts.record(context, f"payments.{act}", subject, asked, reason, before=before, after=after)

    def _shown(self, top_up_sid: str) -> Shown:
        top_up = self._top_ups.get(top_up_sid)
        credited = self._settlement.state(top_up).credited
        return {
            "status": top_up.status.value,
            "credited": money_text(credited),
            "refunded": money_text(top_up.refunded),
            "excess": money_text(top_up.excess),
            "held": money_text(top_up.held),
        }


def _shown_entry(entry: WebhookInboxEntry) -> Shown:
    return {"state": entry.state.value, "attempts": entry.attempts, "failure": entry.failure}
