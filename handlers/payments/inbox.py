"""The inbox of webhooks: stored as they came in, applied at once where nobody has to be asked, and again until done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from codegen.runtime.context import Clock
from codegen.runtime.errors import NotFound
from codegen.runtime.http.log import Log, described
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import InvalidSignature, UnknownProvider, WebhookMalformed
from generated.models.onboarding import (
    InboxState,
    PaymentEventKind,
    PaymentNotice,
    TopUp,
    WebhookEvent,
    WebhookInboxEntry,
    WebhookRequest,
)
from generated.plugins.onboarding import PaymentProvider
from generated.tables.onboarding import WEBHOOK_INBOX_ENTRY
from handlers.payments import states
from handlers.payments.fetching import told_by
from handlers.payments.providers import Providers
from handlers.payments.settlement import Settlement, Stale, Told, Unmatched, strange
from handlers.payments.states import News
from handlers.work.alerts import alert

RETRY_AFTER = (2, 10, 30, 120, 600, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
"""Seconds before the next attempt; after the last one somebody has to look."""
BATCH = 100


class Inbox:
    def __init__(
        self, database: Database, clock: Clock, providers: Providers, settlement: Settlement, log: Log
    ) -> None:
        self._database, self._clock, self._providers = database, clock, providers
        self._settlement, self._log = settlement, log
        self._store = Store.of(WEBHOOK_INBOX_ENTRY, database)
        self._due = database.prepare(
            "SELECT sid FROM webhook_inbox_entry WHERE state = 'received' AND provider = ?"
            " AND (next_attempt_at IS NULL OR next_attempt_at <= ?) ORDER BY sid LIMIT ?"
        )

    # --- receiving --------------------------------------------------------------------------------------------

    def receive(self, provider: str, body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """Verify and store; what can be applied at once is. Raises `InvalidSignature`, `WebhookMalformed`."""
        if provider not in self._providers:
            raise InvalidSignature  # nobody here knows its key
        now = self._clock.now().replace(microsecond=0)
        request = WebhookRequest(headers=dict(headers), body=body, received_at=now)
        head = self._providers[provider].verify_webhook(request)
        kept = self._store.insert_once(
            {
                "provider": provider,
                "provider_event_id": head.event_id,
                "event_type": head.event_type,
                "headers": request.headers,
                "body": body,
                "received_at": now,
            },
            now,
            ("provider", "provider_event_id"),
        )
        if kept is not None:
            self.apply(kept.sid, ask=False)
        return WebhookEvent(provider=provider, event_id=head.event_id, duplicate=kept is None)

    # --- applying ---------------------------------------------------------------------------------------------

    def run_once(self) -> int:
        """Apply what is due, asking providers where needed; how many entries were tried."""
        tried = 0
        for provider in self._providers:
            now = int(self._clock.now().timestamp())
            for (sid,) in self._database.execute(self._due, (provider, now, BATCH)):
                self.apply(sid, ask=True)
                tried += 1
        return tried

    def apply(self, sid: str, *, ask: bool) -> InboxState:
        """Apply one entry; what fails is tried again later. Without `ask` providers are left alone."""
        entry = self._store.get(sid)
        if entry.state != InboxState.RECEIVED:
            return entry.state
        try:
            return self._apply(entry, ask)
        except Exception as error:  # whatever it is, the entry stays and is tried again
            return self._failed(entry, error)

    def _apply(self, entry: WebhookInboxEntry, ask: bool) -> InboxState:
        provider = self._providers[entry.provider]
        notice = provider.read_webhook(
            WebhookRequest(headers=entry.headers, body=entry.body, received_at=entry.received_at)
        )
        if notice is None:
            return self._settle(entry.sid, InboxState.IGNORED)
        top_up = self._settlement.find(entry.provider, notice.session_ref, notice.payment_ref)
        if not self._must_ask(notice, top_up):
            return self._store_news(entry, notice, [_told(notice)], top_up, rev=None)
        if not ask:
            return InboxState.RECEIVED
        try:
            return self._ask(entry, provider, notice, top_up)
        except NotFound:
            if top_up is None and notice.session_ref is None:  # a payment that is none of ours
                return self._settle(entry.sid, InboxState.IGNORED)
            raise

    def _must_ask(self, notice: PaymentNotice, top_up: TopUp | None) -> bool:
        if notice.fetch_first:
            return True
        if top_up is None:
            return notice.session_ref is None
        return strange(top_up, notice.payment_ref, notice.kind) or states.doubtful(
            self._settlement.state(top_up), _news(notice)
        )

    def _ask(
        self, entry: WebhookInboxEntry, provider: PaymentProvider, notice: PaymentNotice, top_up: TopUp | None
    ) -> InboxState:
        rev = top_up.rev if top_up is not None else 0
        if top_up is not None:
            session = provider.fetch_session(top_up.session_ref)
        elif notice.payment_ref is not None:
            session = provider.fetch_payment(notice.payment_ref)
        else:
            raise Unmatched
        if top_up is None:
            # What is known of it was read after it was asked about: only a second look is sure to be newer.
            top_up = self._settlement.find(entry.provider, session.session_ref, notice.payment_ref)
            if top_up is None:
                return self._settle(entry.sid, InboxState.IGNORED)
            rev = top_up.rev
            session = provider.fetch_session(session.session_ref)
        told = told_by(session, self._clock.now())
        # A refund's total is that of the answer.
        believed = notice.kind != PaymentEventKind.REFUND_CHANGED
        return self._store_news(entry, notice, [*told, _told(notice, believed=believed)], top_up, rev)

    def _store_news(
        self, entry: WebhookInboxEntry, notice: PaymentNotice, told: list[Told], top_up: TopUp | None, rev: int | None
    ) -> InboxState:
        def work() -> InboxState:
            if self._store.locked(entry.sid, None)["state"] != InboxState.RECEIVED:
                return InboxState.APPLIED
            found = top_up or self._settlement.find(entry.provider, notice.session_ref, notice.payment_ref)
            if found is None:
                raise Unmatched
            self._settlement.apply(found.sid, told, rev)
            return self._settle(entry.sid, InboxState.APPLIED)

        return self._settlement.ledger.transaction(work)

    def _settle(self, sid: str, state: InboxState) -> InboxState:
        self._store.patch(
            sid,
            {
                "state": state,
                "next_attempt_at": None,
                "failure": None,
                "applied_at": self._clock.now().replace(microsecond=0),
            },
        )
        return state

    def _failed(self, entry: WebhookInboxEntry, error: Exception) -> InboxState:
        """Try again later, or after the last attempt have somebody look."""
        attempts = entry.attempts + 1
        hopeless = isinstance(error, WebhookMalformed)
        given_up = hopeless or attempts > len(RETRY_AFTER)
        wait = 0 if isinstance(error, Stale) or given_up else RETRY_AFTER[attempts - 1]
        state = InboxState.FAILED if given_up else InboxState.RECEIVED
        failure = f"{type(error).__name__}: {error}".partition("\n")[0][:500]
        expected = isinstance(error, (Stale, Unmatched, UnknownProvider)) or hasattr(error, "slug")
        if not expected:
            self._log.line("webhook not applied", {"entry": entry.sid, **described(error)}, "error")

        def work() -> None:
            if self._store.locked(entry.sid, None)["state"] != InboxState.RECEIVED:
                return
            self._store.patch(
                entry.sid,
                {
                    "state": state,
                    "attempts": attempts,
                    "failure": failure,
                    "next_attempt_at": None
                    if given_up
                    else self._clock.now().replace(microsecond=0) + timedelta(seconds=wait),
                },
            )
            if given_up:
                alert(
                    self._database,
                    self._clock,
                    "webhook_failed",
                    entry.sid,
                    f"{entry.provider} {entry.event_type} {entry.provider_event_id}: {failure}",
                )

        self._database.run(work)
        return state


def _news(notice: PaymentNotice) -> News:
    return News(notice.kind, notice.amount_minor, notice.currency, notice.occurred_at, notice.external_ref)


def _told(notice: PaymentNotice, believed: bool = True) -> Told:
    return Told(notice.event_id, notice.external_ref, _news(notice), notice.payment_ref, believed)
