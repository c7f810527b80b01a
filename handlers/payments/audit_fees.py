"""Audit of providers' fees: each that was told is posted as it was told, and nothing else is posted as a fee."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.values.types import money_text
from generated.models.onboarding import AuditFinding
from handlers.audit import Audit, Carry
from handlers.ledger.posting import payment_key
from handlers.payments import statements


def _fees(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, provider, ref, payment, user, amount, at, posted, source, owner, effective_at, fees in rows:
        if posted is None:
            detail = f"{provider}'s fee {ref} was told, but is not posted"
        elif source != payment_key(provider, payment or ref) or user != owner or at != effective_at:
            detail = f"transaction {posted} posts {provider}'s fee {ref} for another user, payment or time"
        elif int(fees or 0) != amount:
            detail = f"transaction {posted} posts {money_text(int(fees or 0))} instead of {money_text(amount)}"
        else:
            continue
        yield AuditFinding(check="payment", subject=sid, detail=detail)


def _postings(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    known = database.prepare(statements.KNOWN_FEE)
    for sid, key in rows:
        provider, _, ref = key.removeprefix("fee:").partition(":")
        if not database.execute(known, (provider, ref)):
            yield AuditFinding(check="payment", subject=sid, detail=f"{key} was posted, but no provider told of it")


FEES = Audit(name="payments.fees", statement=statements.FEES_IN_ORDER, judge=_fees)
POSTINGS = Audit(name="payments.fee_postings", statement=statements.FEE_POSTINGS_IN_ORDER, judge=_postings)
