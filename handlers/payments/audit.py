"""Audit of payments against the ledger: every settled top-up was credited exactly once, and nothing else was."""

from collections.abc import Iterator, Sequence

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.types import money_text
from generated.models.onboarding import AuditFinding, TransactionKind
from handlers.audit import Audit, Carry
from handlers.ledger.posting import payment_key
from handlers.payments import statements


def _top_ups(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """Each settled top-up has its posting: of the same user, amount and time."""
    for (
        sid,
        provider,
        ref,
        user,
        amount,
        review,
        settled_at,
        posted,
        kind,
        credited_user,
        effective_at,
        credited,
    ) in rows:
        if posted is None:
            detail = f"it was settled, but {provider}'s payment {ref} was not credited"
        elif kind != TransactionKind.TOP_UP or user != credited_user:
            detail = f"transaction {posted} credits another user, or is no top-up"
        elif not _agree(int(credited or 0), amount, review):
            detail = f"transaction {posted} credits {money_text(int(credited or 0))} instead of {money_text(amount)}"
        elif settled_at != effective_at:
            settled, effective = decode_otime(settled_at), decode_otime(effective_at)
            detail = f"it was settled at {settled}, by transaction {posted} at {effective}"
        else:
            continue
        yield AuditFinding(check="payment", subject=sid, detail=detail)


def _agree(credited: int, amount: int, review: str | None) -> bool:
    """Exactly what was asked for; after an operator's decision what was paid, where that was less."""
    return credited == amount or (review is not None and 0 < credited < amount)


def _postings(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """Each credited payment is a settled top-up's."""
    top_up = database.prepare(statements.SETTLED_TOP_UP)
    for sid, key in rows:
        provider, _, ref = key.removeprefix("payment:").partition(":")
        if key != payment_key(provider, ref) or not database.execute(top_up, (provider, ref)):
            yield AuditFinding(check="payment", subject=sid, detail=f"{key} was credited, but no top-up was settled so")


TOP_UPS = Audit(name="payments.top_ups", statement=statements.SETTLED_TOP_UPS_IN_ORDER, judge=_top_ups)
POSTINGS = Audit(name="payments.postings", statement=statements.CREDITED_PAYMENTS_IN_ORDER, judge=_postings)
