"""The inbox of webhooks: stored as they came in, applied at once where nobody has to be asked, and again until done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from codegen.runtime.context import Clock
from codegen.runtime.errors import DeclaredError, InvalidParams, NotFound
from codegen.runtime.http.log import Log, described
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import InvalidSignature, ProviderUnavailable, WebhookMalformed
from generated.models.onboarding import (
    InboxState,
    PaymentEventKind,
    PaymentNotice,
    ProviderSession,
    TopUp,
    WebhookEvent,
    WebhookHead,
    WebhookInboxEntry,
    WebhookRequest,
)
from generated.plugins.onboarding import PaymentProvider
from generated.tables.onboarding import WEBHOOK_INBOX_ENTRY
from handlers.payments import statements, states
from handlers.payments.fetching import PAID, fetch, fetched_events
from handlers.payments.providers import Providers
from handlers.payments.settlement import ProviderEvent, Settlement, Stale, Unmatched, reached
from handlers.payments.states import Observation
from handlers.work.alerts import alert, clear

RETRY_AFTER = (2, 10, 30, 120, 600, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
"""Seconds before the next attempt; after the last one an alert is raised, and the pause doubles each time."""
LONGEST_PAUSE = 30 * 24 * 3600
BATCH = 100
WAITING = (InboxState.RECEIVED, InboxState.FAILED)
TO_BE_CONFIRMED = frozenset({PaymentEventKind.PAYMENT_SUCCEEDED, PaymentEventKind.PAYMENT_FAILED})
Also = Callable[[], object]


class Unconfirmed(Exception):
    """An event tells of a payment that its provider, when asked, does not call paid."""


class Inbox:
    def __init__(
        self, database: Database, clock: Clock, providers: Providers, settlement: Settlement, log: Log
    ) -> None:
        self._database, self._clock, self._providers = database, clock, providers
        self._settlement, self._log = settlement, log
        self._store = Store.of(WEBHOOK_INBOX_ENTRY, database)
        self._due = database.prepare(statements.DUE_WEBHOOKS)

    # --- receiving --------------------------------------------------------------------------------------------

    def receive(self, provider: str, body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """Verify and store; what can be applied at once is. Raises `InvalidSignature`, `WebhookMalformed`."""
        if provider not in self._providers:
            raise InvalidSignature  # nobody here knows its key
        now = self._clock.now().replace(microsecond=0)
        request = WebhookRequest(headers=dict(headers), body=body, received_at=now)
        head = self._providers[provider].verify_webhook(request)
        kept = self._keep_entry(provider, head, request)
        event = WebhookEvent(provider=provider, event_id=head.event_id, duplicate=kept is None)
        entry = kept or self._store.one({"provider": provider, "provider_event_id": head.event_id})
        assert entry is not None, "a taken key is somebody's"
        if kept is not None and self._of_other_mode(provider, head):
            self._database.run(lambda: self._refuse_mode(entry))
        elif kept is not None:
            self.attempt(entry.sid, ask=False)
        elif entry.state == InboxState.FAILED:
            self._database.run(lambda: self._reopen(entry.sid))
            self.attempt(entry.sid, ask=False)
        return event

    def _keep_entry(self, provider: str, head: WebhookHead, request: WebhookRequest) -> WebhookInboxEntry | None:
        """The entry of a new event; None for one that is known."""
        try:
            return self._store.insert_once(
                {
                    "provider": provider,
                    "provider_event_id": head.event_id,
                    "event_type": head.event_type,
                    "headers": request.headers,
                    "body": request.body,
                    "received_at": request.received_at,
                },
                request.received_at,
                ("provider", "provider_event_id"),
            )
        except InvalidParams:
            raise WebhookMalformed(detail="the event's name cannot be kept") from None

    def _reopen(self, sid: str) -> None:
        """Have the job take up at once what had failed."""
        if self._store.locked(sid, None)["state"] == InboxState.FAILED:
            self._store.patch(sid, {"state": InboxState.RECEIVED, "next_attempt_at": None})

    def _of_other_mode(self, provider: str, head: WebhookHead) -> bool:
        """Whether it comes from a test account while ours is live, or the reverse."""
        return head.sandbox is not None and head.sandbox != self._providers[provider].capabilities().sandbox

    def _refuse_mode(self, entry: WebhookInboxEntry) -> None:
        self._settle(entry.sid, InboxState.IGNORED, "it comes from the provider's other mode, test or live")
        detail = f"{entry.event_type} {entry.provider_event_id}: check the keys and the webhook's address there"
        alert(self._database, self._clock, "webhook_mode_differs", entry.provider, detail)

    # --- applying ---------------------------------------------------------------------------------------------

    def run_once(self) -> int:
        """Apply what is due, asking providers where needed; how many entries were tried."""
        tried = 0
        for provider in self._providers:
            now = int(self._clock.now().timestamp())
            for (sid,) in self._database.execute(self._due, (provider, now, now + LONGEST_PAUSE + 1, BATCH)):
                tried += 1
                if isinstance(self.attempt(sid, ask=True), ProviderUnavailable):
                    break  # one that does not answer is not asked a hundred times in a row
        return tried

    def attempt(self, sid: str, *, ask: bool, also: Also = lambda: None) -> Exception | None:
        """Apply one entry; what fails is tried again later, and its error is given. Without `ask` providers are left
        alone. `also` is done in the transaction that writes down what came of it."""
        entry = self._store.get(sid)
        if entry.state not in WAITING:
            return None
        try:
            self._apply(entry, ask, also)
        except Exception as error:  # whatever it is, the entry stays and is tried again
            self._failed(entry, error, also)
            return error
        return None

    def _apply(self, entry: WebhookInboxEntry, ask: bool, also: Also) -> None:
        provider = self._providers[entry.provider]
        notice = provider.read_webhook(
            WebhookRequest(headers=entry.headers, body=entry.body, received_at=entry.received_at)
        )
        if notice is None:
            self._ignore(entry, also)
            return
        top_up = self._find(entry, notice)
        if not self._must_ask(notice, top_up):
            self._keep(entry, notice, [_event(notice)], top_up, None, also)
        elif ask:
            try:
                self._ask(entry, provider, notice, top_up, also)
            except NotFound:
                if top_up is not None or notice.session_ref is not None:
                    raise
                self._ignore(entry, also)  # a payment of another program

    def _find(self, entry: WebhookInboxEntry, notice: PaymentNotice) -> TopUp | None:
        return self._settlement.find(entry.provider, notice.session_ref, notice.payment_ref, notice.top_up_sid)

    def _must_ask(self, notice: PaymentNotice, top_up: TopUp | None) -> bool:
        if notice.fetch_first:
            return True
        if top_up is None:
            return notice.session_ref is None
        if _contradicts(notice, top_up) or self._cannot_say_when(notice, top_up):
            return True
        return states.doubtful(self._settlement.state(top_up), _observation(notice))

    def _cannot_say_when(self, notice: PaymentNotice, top_up: TopUp) -> bool:
        """Whether an event tells how a dispute stands, of which the latest status counts, at a time that cannot be."""
        return notice.kind in states.DISPUTE_STATUS and not states.can_be(
            notice.occurred_at, top_up.created_at, self._clock.now()
        )

    def _ask(
        self,
        entry: WebhookInboxEntry,
        provider: PaymentProvider,
        notice: PaymentNotice,
        top_up: TopUp | None,
        also: Also,
    ) -> None:
        rev = top_up.rev if top_up is not None else 0
        doubted = notice.fetch_first or (top_up is not None and _contradicts(notice, top_up))
        if top_up is not None:
            session = provider.fetch_session(notice.session_ref) if notice.session_ref else fetch(provider, top_up)
        elif notice.session_ref is None and notice.payment_ref is not None:
            session = provider.fetch_payment(notice.payment_ref)
        else:
            raise Unmatched
        if top_up is None:
            # What is known of it was read after it was asked about: only a second look is sure to be newer.
            top_up = self._settlement.find(entry.provider, session.session_ref, notice.payment_ref)
            if top_up is None:
                self._ignore(entry, also)
                return
            rev = top_up.rev
            session = provider.fetch_session(session.session_ref)
        events = fetched_events(session, self._clock.now())
        if doubted and notice.kind == PaymentEventKind.PAYMENT_SUCCEEDED and not _confirms(session, notice):
            raise Unconfirmed
        # A refund's total is that of the answer, and so is what became of a payment, or how a dispute stands, of which
        # the event does not tell, or is not believed.
        asked = (doubted and notice.kind in TO_BE_CONFIRMED) or self._cannot_say_when(notice, top_up)
        believed = notice.kind != PaymentEventKind.REFUND_CHANGED and not asked
        self._keep(entry, notice, [*events, _event(notice, believed=believed)], top_up, rev, also)

    def _keep(
        self,
        entry: WebhookInboxEntry,
        notice: PaymentNotice,
        events: list[ProviderEvent],
        top_up: TopUp | None,
        rev: int | None,
        also: Also,
    ) -> None:
        def work() -> None:
            if not self._waits(entry):
                return
            found = top_up or self._find(entry, notice)
            if found is None:
                raise Unmatched
            if notice.session_ref is not None:
                self._settlement.adopt(found, notice.session_ref)
            self._settlement.apply(found.sid, events, rev)
            self._settle(entry.sid, InboxState.APPLIED)
            also()

        self._settlement.ledger.transaction(work)

    def _ignore(self, entry: WebhookInboxEntry, also: Also) -> None:
        """It is of no concern to us; where somebody else has applied it meanwhile, that counts."""

        def work() -> None:
            if self._waits(entry):
                self._settle(entry.sid, InboxState.IGNORED)
                also()

        self._database.run(work)

    def _waits(self, entry: WebhookInboxEntry) -> bool:
        """Whether it is still to be applied; call it in the transaction that does so."""
        return self._store.locked(entry.sid, None)["state"] in WAITING

    def _settle(self, sid: str, state: InboxState, failure: str | None = None) -> None:
        now = self._clock.now().replace(microsecond=0)
        self._store.patch(sid, {"state": state, "next_attempt_at": None, "failure": failure, "applied_at": now})
        clear(self._database, self._clock, "webhook_failed", sid)

    def _failed(self, entry: WebhookInboxEntry, error: Exception, also: Also) -> None:
        """Try again later: soon at first, then ever more rarely while an alert has somebody look."""
        attempts = entry.attempts + 1
        given_up = isinstance(error, (WebhookMalformed, InvalidParams)) or attempts > len(RETRY_AFTER)
        failure = f"{type(error).__name__}: {error}".partition("\n")[0][:500]
        if not isinstance(error, (Stale, Unmatched, Unconfirmed, DeclaredError, InvalidParams)):
            self._log.line("webhook not applied", {"entry": entry.sid, **described(error)}, "error")
        wait = 0 if isinstance(error, Stale) else _pause(attempts, given_up)

        def work() -> None:
            if not self._waits(entry):
                return
            self._store.patch(
                entry.sid,
                {
                    "state": InboxState.FAILED if given_up else InboxState.RECEIVED,
                    "attempts": attempts,
                    "failure": failure,
                    "next_attempt_at": self._clock.now().replace(microsecond=0) + timedelta(seconds=wait),
                },
            )
            if given_up:
                detail = f"{entry.provider} {entry.event_type} {entry.provider_event_id}: {failure}"
                alert(self._database, self._clock, "webhook_failed", entry.sid, detail)
            also()

        self._database.run(work)


def _pause(attempts: int, given_up: bool) -> int:
    """Seconds until the next attempt."""
    if not given_up:
        return RETRY_AFTER[attempts - 1]
    doublings = min(max(attempts - len(RETRY_AFTER), 0), 10)
    return min(RETRY_AFTER[-1] << doublings, LONGEST_PAUSE)


def _contradicts(notice: PaymentNotice, top_up: TopUp) -> bool:
    """Whether an event bears another mark than its top-up, or is about another checkout or payment."""
    other_checkout = reached(top_up) and notice.session_ref not in (None, top_up.session_ref)
    other_payment = top_up.payment_ref is not None and notice.payment_ref not in (None, top_up.payment_ref)
    return other_checkout or other_payment or notice.top_up_sid not in (None, top_up.sid)


def _confirms(session: ProviderSession, notice: PaymentNotice) -> bool:
    """Whether what was fetched says that the payment of an event is paid."""
    paid = {payment.payment_ref for payment in session.payments if payment.state in PAID}
    return bool(paid) if notice.payment_ref is None else notice.payment_ref in paid


def _observation(notice: PaymentNotice) -> Observation:
    return Observation(notice.kind, notice.amount_minor, notice.currency, notice.occurred_at, notice.external_ref)


def _event(notice: PaymentNotice, believed: bool = True) -> ProviderEvent:
    return ProviderEvent(notice.event_id, notice.external_ref, _observation(notice), notice.payment_ref, believed)
