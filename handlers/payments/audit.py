"""Audit of payments against the ledger: every settled top-up was credited exactly once, and nothing else was."""

from collections.abc import Iterator

from codegen.runtime.storage.database import Database
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.types import money_text
from generated.models.onboarding import AuditFinding, TopUpStatus, TransactionKind
from handlers.ledger.posting import payment_key
from handlers.reading import pages

PAID = (TopUpStatus.SETTLED, TopUpStatus.REFUNDED, TopUpStatus.DISPUTED)
"""What becomes of a top-up that was settled."""


def top_ups(database: Database) -> Iterator[AuditFinding]:
    """Each settled top-up has its posting: of the same user, amount and time."""
    paid = ", ".join(f"'{status}'" for status in PAID)
    text = (
        "SELECT t.sid, t.provider, t.payment_ref, t.user_sid, t.amount, t.review_reason, t.settled_at,"  # noqa: S608
        " l.sid, l.kind,"
        " l.user_sid, l.effective_at, (SELECT SUM(e.amount) FROM ledger_entry e WHERE e.transaction_sid = l.sid"
        " AND e.account = 'cash:' || t.provider) FROM top_up t LEFT JOIN ledger_transaction l"
        " ON l.posting_key = 'payment:' || t.provider || ':' || t.payment_ref"
        f" WHERE t.settled_at IS NOT NULL AND t.status IN ({paid}) AND t.sid > ? ORDER BY t.sid LIMIT ?"
    )
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
    ) in pages(database, text, ("",), 0):
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


def postings(database: Database) -> Iterator[AuditFinding]:
    """Each credited payment is a settled top-up's."""
    paid = ", ".join(f"'{status}'" for status in PAID)
    text = (
        "SELECT l.sid, l.posting_key FROM ledger_transaction l"  # noqa: S608
        f" WHERE l.kind = '{TransactionKind.TOP_UP}' AND l.sid > ? ORDER BY l.sid LIMIT ?"
    )
    top_up = database.prepare(
        "SELECT 1 FROM top_up WHERE provider = ? AND payment_ref = ? AND settled_at IS NOT NULL"  # noqa: S608
        f" AND status IN ({paid})"
    )
    for sid, key in pages(database, text, ("",), 0):
        provider, _, ref = key.removeprefix("payment:").partition(":")
        if key != payment_key(provider, ref) or not database.execute(top_up, (provider, ref)):
            yield AuditFinding(check="payment", subject=sid, detail=f"{key} was credited, but no top-up was settled so")
