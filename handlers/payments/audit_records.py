"""Audit of what belongs to a credited payment: its status, refunds, disputes and events agree with what was posted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.values.types import money_text
from generated.models.onboarding import AuditFinding, DisputeStatus, PaymentEventKind, TopUpStatus, TransactionKind
from handlers.audit import Audit, Carry
from handlers.ledger.posting import payment_key
from handlers.payments import statements

IN_DISPUTE = (DisputeStatus.OPEN, DisputeStatus.LOST)
DISPUTE_KINDS = ("dispute_hold", "dispute_release", "dispute_loss", "dispute_reinstated")
KYC_KINDS = (TransactionKind.KYC_HOLD, TransactionKind.KYC_RELEASE)
REFUND_EVENTS = (PaymentEventKind.REFUND_CHANGED, PaymentEventKind.REFUND_FAILED)


@dataclass(frozen=True, slots=True)
class Posted:
    """What the ledger holds for one payment. `returned` and `held` are nano-dollars; `held` by the dispute's reference.

    `came_back`: some refund did, so that single refunds no longer add up to what was returned.
    """

    returned: int
    came_back: bool
    overpaid: bool
    held: dict[str, int]
    held_for_kyc: int


def _records(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, provider, ref, user_sid, status, refunded, credited, held in rows:
        posted = _posted(database, provider, ref)
        disputes = _of(database, statements.DISPUTES_OF_TOP_UP, sid)
        refunds = _of(database, statements.REFUNDS_OF_TOP_UP, sid)
        events = _of(database, statements.EVENTS_OF_TOP_UP, sid)
        owners = {(row[1], row[2]) for row in (*disputes, *refunds)} | {(row[1], provider) for row in events}
        problems = [
            *_status(status, refunded, credited, disputes, posted),
            *_refunds(refunded, credited, refunds, posted),
            *_disputes(ref, disputes, posted),
            *_events(disputes, events, posted),
            *_held(held, posted),
        ]
        if owners - {(user_sid, provider)}:
            problems.append("a refund, dispute or event of it is another user's or provider's")
        for problem in problems:
            yield AuditFinding(check="payment", subject=sid, detail=problem)


def _of(database: Database, statement: str, top_up_sid: str) -> list[Row]:
    return database.execute(database.prepare(statement), (top_up_sid,))


def _posted(database: Database, provider: str, ref: str) -> Posted:
    source = payment_key(provider, ref)
    returned, came_back, overpaid = 0, False, False
    held: dict[str, int] = {}
    held_for_kyc = 0
    text = database.prepare(statements.POSTED_FOR_PAYMENT)
    for _, kind, key, account, amount in database.execute(text, (source,)):
        overpaid |= kind == "overpayment"
        if kind == TransactionKind.REFUND and account == f"cash:{provider}":
            returned -= amount
            came_back |= amount > 0
        if kind in KYC_KINDS and account.endswith(":held"):
            held_for_kyc -= amount
        if kind in DISPUTE_KINDS:
            name = key.removeprefix(f"{source}:dispute:").partition(":")[0]
            held.setdefault(name or ref, 0)
            if account.endswith(":held"):
                held[name or ref] -= amount
    return Posted(returned, came_back, overpaid, held, held_for_kyc)


def _status(status: str, refunded: int, credited: int, disputes: list[Row], posted: Posted) -> Iterator[str]:
    if any(row[4] in IN_DISPUTE for row in disputes):
        expected = {TopUpStatus.DISPUTED}
    elif posted.overpaid:  # what was paid beyond the credit is refunded first
        expected = {TopUpStatus.SETTLED, TopUpStatus.REFUNDED}
    else:
        expected = {TopUpStatus.REFUNDED if refunded >= credited else TopUpStatus.SETTLED}
    if status not in expected:
        yield f"it is called {status}; by its refunds and disputes it is {' or '.join(sorted(expected))}"


def _refunds(refunded: int, credited: int, refunds: list[Row], posted: Posted) -> Iterator[str]:
    expected = min(refunded, credited)
    if posted.returned != expected and not (posted.overpaid and 0 <= posted.returned <= expected):
        told = f"{money_text(refunded)} of {money_text(credited)} are called refunded"
        yield f"{told}, but {money_text(posted.returned)} were posted"
    listed = sum(row[0] for row in refunds)
    if listed < posted.returned or (listed > posted.returned and not (posted.came_back or posted.overpaid)):
        yield f"its refunds add up to {money_text(listed)}, but {money_text(posted.returned)} were posted"


def _disputes(ref: str, disputes: list[Row], posted: Posted) -> Iterator[str]:
    known = {row[0]: row for row in disputes}
    yield from (f"money moved for a dispute {name} that is not there" for name in posted.held.keys() - known.keys())
    for name, (_, _, _, amount, status) in known.items():
        held = posted.held.get(name, 0)
        if held != (amount if status == DisputeStatus.OPEN else 0):
            yield f"dispute {name} over {money_text(amount)} is {status}, but {money_text(held)} are held for it"
        if status == DisputeStatus.LOST and amount and name not in posted.held:
            yield f"dispute {name} is lost, but nothing was posted for it"


def _held(held: int, posted: Posted) -> Iterator[str]:
    if held != posted.held_for_kyc:
        yield f"{money_text(held)} of it are called held before KYC, but {money_text(posted.held_for_kyc)} were posted"


def _events(disputes: list[Row], events: list[Row], posted: Posted) -> Iterator[str]:
    kinds = {row[0] for row in events}
    if PaymentEventKind.PAYMENT_SUCCEEDED not in kinds:
        yield "no event told that it was paid"
    if posted.returned and not kinds & set(REFUND_EVENTS):
        yield "no event told of its refund"
    if disputes and not any(kind.startswith("dispute_") for kind in kinds):
        yield "no event told of its dispute"


def _inbox(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """Each webhook that was applied left its event."""
    for sid, provider, event_id, event in rows:
        if not event:
            detail = f"{provider}'s webhook {event_id} was applied, but its event is not there"
            yield AuditFinding(check="payment", subject=sid, detail=detail)


RECORDS = Audit(name="payments.records", statement=statements.CREDITED_TOP_UPS_IN_ORDER, judge=_records)
INBOX = Audit(name="payments.inbox", statement=statements.APPLIED_INBOX_IN_ORDER, judge=_inbox)
