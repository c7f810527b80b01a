"""A receipt on paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generated.models.onboarding import Receipt
from handlers.pages.paper import Paper
from handlers.pages.shown import TOP_UPS, account, money, provider


def receipt_paper(receipt: Receipt, titles: Mapping[str, str]) -> Paper:
    """What a receipt says, with the refunds of the payment and what it moved in the ledger; `titles` are those of
    providers."""
    paid = receipt.top_up
    facts = [
        ("Receipt", paid.sid),
        ("Hero credit" if receipt.credited else "Asked for", money(receipt.credited or paid.amount)),
        *_otherwise(receipt),
        ("Status", TOP_UPS[paid.status][0]),
        ("Paid", f"{paid.settled_at:%Y-%m-%d %H:%M} UTC" if paid.settled_at is not None else "not yet"),
        ("By", receipt.user.mycelium_address),
        ("Through", provider(titles, paid.provider)),
    ]
    if paid.payment_ref is not None:
        facts.append(("Payment", paid.payment_ref))
    for refund in receipt.refunds:
        day = refund.settled_at or refund.created_at
        facts.append(("Refund", f"{money(refund.amount)} on {day:%Y-%m-%d} ({refund.status.value})"))
    ours = [entry for entry in receipt.entries if entry.user_sid is not None]
    rows = [
        (f"{entry.posted_at:%Y-%m-%d}", account(entry.account), money(-entry.amount, exact=True, signed=True))
        for entry in ours
    ]
    at = max([entry.posted_at for entry in ours], default=paid.settled_at or paid.created_at)
    return Paper("Receipt", facts, ("Posted", "In your ledger", "Change"), rows, (30, 90, 50), 1, at)


def _otherwise(receipt: Receipt) -> Iterator[tuple[str, str]]:
    """What came otherwise than was asked for."""
    paid = receipt.top_up
    if receipt.credited and receipt.credited != paid.amount:
        yield "Asked for", money(paid.amount)
    if paid.excess:
        yield "Beyond it", f"{money(paid.excess)} was paid more"
    if paid.held:
        yield "Held", f"{money(paid.held)}, beyond what can be added before verification"
