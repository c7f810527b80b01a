"""Audit of what belongs to a credited payment: its status, refunds, disputes and events agree with what was posted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import money_text
from generated.models.onboarding import (
    AuditFinding,
    DisputeStatus,
    InboxState,
    OperatorAct,
    PaymentEventKind,
    PaymentEventStatus,
    RefundSource,
    TopUpStatus,
    TransactionKind,
)
from generated.tables.onboarding import OPERATOR_ACT
from handlers.audit import Audit, Carry
from handlers.ledger.posting import payment_key
from handlers.payments import statements
from handlers.payments.audit_events import Event, Payment, Step, problems
from handlers.payments.kyc_cap import FreedOfCap
from handlers.payments.moves import gone, held_of
from handlers.payments.refund_rows import AT_THE_PROVIDER
from handlers.payments.states import DISPUTE_STATUS, UNNAMED

IN_DISPUTE = (DisputeStatus.OPEN, DisputeStatus.LOST)
DISPUTE_KINDS = ("dispute_hold", "dispute_release", "dispute_loss", "dispute_reinstated")
KYC_KINDS = (TransactionKind.KYC_HOLD, TransactionKind.KYC_RELEASE)
JUDGED = (TransactionKind.TOP_UP, TransactionKind.REFUND, TransactionKind.OVERPAYMENT, *DISPUTE_KINDS)


@dataclass(slots=True)
class Posted:
    """What the ledger holds for one payment, in nano-dollars.

    `returned` is what went back of its credit, `excess` what was paid beyond it and is still there. By the disputes'
    references: `held` is on hold now, `contested` was put on hold at first, `times` are those of the postings.
    """

    returned: int = 0
    excess: int = 0
    held_for_kyc: int = 0
    held: dict[str, int] = field(default_factory=dict)
    contested: dict[str, int] = field(default_factory=dict)
    times: dict[str, set[int]] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)


def _records(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    freed = FreedOfCap(database)
    for sid, provider, ref, user_sid, status, refunded, credited, asked, excess, settled_at, review, held, over in rows:
        posted = _posted(database, provider, ref)
        disputes = _of(database, statements.DISPUTES_OF_TOP_UP, sid)
        refunds = _of(database, statements.REFUNDS_OF_TOP_UP, sid)
        events = [_event(row) for row in _of(database, statements.EVENTS_OF_TOP_UP, sid)]
        acts = Store.of(OPERATOR_ACT, database).find({"subject": sid}, limit=1000)["items"]
        payment = Payment(
            key=payment_key(provider, ref),
            ref=ref,
            asked=asked,
            credited=credited,
            excess=excess,
            refunded=refunded,
            settled_at=settled_at,
            reviewed=review is not None,
            events=events,
            steps=list(posted.steps.values()),
            decisions=[act for act in acts if act.act == "payments.resolve_review" and act.arguments["credit"]],
            dispute_refs=[UNNAMED if row[0] == ref else row[0] for row in disputes],
        )
        found = [
            *_status(payment, status, disputes),
            *_refunds(payment, refunds, posted, acts),
            *_disputes(payment, disputes, posted),
            *_held(payment, held, over, freed.before(user_sid, payment.key) if over else 0, disputes, posted),
            *problems(payment),
        ]
        owners = {(row[1], row[2]) for row in (*disputes, *refunds)}
        owners |= {(event.user_sid, event.provider) for event in events}
        if owners - {(user_sid, provider)}:
            found.append("a refund, dispute or event of it is another user's or provider's")
        for problem in found:
            yield AuditFinding(check="payment", subject=sid, detail=problem)


def _event(row: Row) -> Event:
    kind, user_sid, provider, event_id, ref, minor, currency, status, occurred_at, received_at = row
    known = PaymentEventStatus(status)
    return Event(
        PaymentEventKind(kind), user_sid, provider, event_id, ref, minor, currency, known, occurred_at, received_at
    )


def _of(database: Database, statement: str, top_up_sid: str) -> list[Row]:
    return database.execute(database.prepare(statement), (top_up_sid,))


def _posted(database: Database, provider: str, ref: str) -> Posted:
    source, cash = payment_key(provider, ref), f"cash:{provider}"
    posted = Posted()
    text = database.prepare(statements.POSTED_FOR_PAYMENT)
    for sid, kind, key, account, amount, effective_at in database.execute(text, (source,)):
        if kind in KYC_KINDS and account.endswith(":held"):
            posted.held_for_kyc -= amount
        if kind not in JUDGED:
            continue
        known = posted.steps.get(sid) or Step(sid, key, effective_at, 0, 0)
        came, held = amount if account == cash else 0, -amount if account.endswith(":held") else 0
        posted.steps[sid] = Step(sid, key, effective_at, known.cash + came, known.held + held)
        if kind == TransactionKind.REFUND:
            posted.returned -= came
        elif kind == TransactionKind.OVERPAYMENT:
            posted.excess += came
        elif kind in DISPUTE_KINDS:
            name = key.removeprefix(f"{source}:dispute:").partition(":")[0] or ref
            posted.held[name] = posted.held.get(name, 0) + held
            posted.times.setdefault(name, set()).add(effective_at)
            if held:
                posted.contested.setdefault(name, held)
    return posted


def _status(payment: Payment, status: str, disputes: list[Row]) -> Iterator[str]:
    if any(row[4] in IN_DISPUTE for row in disputes):
        expected = TopUpStatus.DISPUTED
    else:
        whole = payment.refunded >= payment.credited + payment.excess
        expected = TopUpStatus.REFUNDED if whole else TopUpStatus.SETTLED
    if status != expected:
        yield f"it is called {status}; by its refunds and disputes it is {expected}"


def _refunds(payment: Payment, refunds: list[Row], posted: Posted, acts: Sequence[OperatorAct]) -> Iterator[str]:
    of_excess = min(payment.refunded, payment.excess)
    of_credit = min(payment.refunded - of_excess, payment.credited)
    if (posted.excess, posted.returned) != (payment.excess - of_excess, of_credit):
        told = f"{money_text(payment.refunded)} of {money_text(payment.credited + payment.excess)} are called refunded"
        yield f"{told}, but {money_text(posted.returned)} of its credit were posted"
    listed = sum(row[0] for row in refunds if row[6])
    if listed != payment.refunded:
        yield f"its refunds add up to {money_text(listed)}, but {money_text(payment.refunded)} were refunded"
    ordered: Mapping[str, OperatorAct] = {
        str((act.after or {}).get("refund")): act for act in acts if act.act == "payments.refund"
    }
    for _, _, _, sid, started_by, reason, _ in refunds:
        act = ordered.get(sid)
        if (started_by == RefundSource.OPERATOR) != (act is not None):
            yield f"the refund {sid} is called started by the {started_by}, by the operators' acts it is not"
        elif reason != (act.reason if act is not None else AT_THE_PROVIDER):
            yield f"the refund {sid} has another reason than what started it"
    yield from (
        f"the refund {sid} of an operator's act is not there" for sid in ordered.keys() - {row[3] for row in refunds}
    )


def _disputes(payment: Payment, disputes: list[Row], posted: Posted) -> Iterator[str]:
    known = {row[0]: row for row in disputes}
    yield from (f"money moved for a dispute {name} that is not there" for name in posted.held.keys() - known.keys())
    for name, (_, _, _, amount, status, opened_at, closed_at) in known.items():
        held = posted.held.get(name, 0)
        if held != (amount if status == DisputeStatus.OPEN else 0):
            yield f"dispute {name} over {money_text(amount)} is {status}, but {money_text(held)} are held for it"
        if status == DisputeStatus.LOST and amount and name not in posted.held:
            yield f"dispute {name} is lost, but nothing was posted for it"
        if amount != posted.contested.get(name, amount):
            yield f"dispute {name} is over {money_text(amount)}, but {money_text(posted.contested[name])} were held"
        told = [event for event in payment.events if event.kind in DISPUTE_STATUS and event.ref == name]
        if not told:
            yield "no event told of its dispute"
        elif name != payment.ref and status not in {DISPUTE_STATUS[event.kind] for event in told}:
            yield f"no event told that dispute {name} is {status}"
        times = posted.times.get(name, set()) | {
            time for event in told for time in (event.occurred_at, event.received_at)
        }
        if not {opened_at, closed_at} - {None} <= times:
            yield f"dispute {name} was opened or closed when nothing told of it"


def _held(payment: Payment, held: int, over_cap: int, freed: int, disputes: list[Row], posted: Posted) -> Iterator[str]:
    if held != posted.held_for_kyc:
        yield f"{money_text(held)} of it are called held before KYC, but {money_text(posted.held_for_kyc)} were posted"
    contested = sum(row[3] for row in disputes if row[4] in IN_DISPUTE)
    if held != held_of(payment.credited, over_cap, freed, gone(payment.credited, posted.returned, contested)):
        told = f"its user is called {money_text(over_cap)} beyond the cap when it came"
        yield f"{told}, {money_text(freed)} were freed, but {money_text(held)} are held"


def _inbox(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """Each webhook that was applied left its event."""
    for sid, provider, event_id, event in rows:
        if not event:
            detail = f"{provider}'s webhook {event_id} was applied, but its event is not there"
            yield AuditFinding(check="payment", subject=sid, detail=detail)


def _events(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """Each event that was not learned by asking came with a webhook that was applied."""
    for sid, provider, event_id, state in rows:
        if state != InboxState.APPLIED:
            detail = f"{provider}'s webhook {event_id} with this event was not applied, or is not there"
            yield AuditFinding(check="payment", subject=sid, detail=detail)


RECORDS = Audit(name="payments.records", statement=statements.CREDITED_TOP_UPS_IN_ORDER, judge=_records)
INBOX = Audit(name="payments.inbox", statement=statements.APPLIED_INBOX_IN_ORDER, judge=_inbox)
EVENTS = Audit(name="payments.events", statement=statements.EVENTS_OF_WEBHOOKS_IN_ORDER, judge=_events)
