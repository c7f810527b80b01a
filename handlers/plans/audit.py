"""Audit of plans: each was paid once, at its cost and time, those of a user do not overlap, and balances show them."""

from collections.abc import Iterator, Sequence

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.types import money_text
from generated.models.onboarding import AuditFinding
from generated.tables.onboarding import PLAN_PURCHASE
from handlers.audit import Audit, Carry
from handlers.plans import statements
from handlers.plans.rules import GRACE, period_end

_WIDTH = len(PLAN_PURCHASE.names)


def _purchases(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    decode = Store.of(PLAN_PURCHASE, database).decode
    for row in rows:
        purchase = decode(row[:_WIDTH])
        paid, posted, owner_before, overlapping = row[_WIDTH:]
        wrong = []
        if paid is None or int(paid) != purchase["cost"]:
            said = "nothing" if paid is None else money_text(int(paid))
            wrong.append(f"it costs {money_text(purchase['cost'])}; the ledger was charged {said}")
        if posted is not None and decode_otime(posted) != purchase["paid_at"]:
            wrong.append(f"it was paid at {purchase['paid_at']}; the ledger says at {decode_otime(posted)}")
        if purchase["period_end"] != period_end(purchase["period_start"], purchase["days"]):
            wrong.append(f"its period is not {purchase['days']} days long")
        if purchase["renewed_from"] is not None and owner_before != purchase["user_sid"]:
            wrong.append("it continues a purchase of another user")
        if overlapping is not None:
            wrong.append(f"its period overlaps that of {overlapping}")
        yield from (AuditFinding(check="plan", subject=purchase["sid"], detail=detail) for detail in wrong)


def _postings(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, key, purchase in rows:
        if not purchase:
            yield AuditFinding(check="plan", subject=sid, detail=f"the posting {key} has no purchase")


def _billed(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """What a balance shows of a plan is what was bought last; one whose period ended shows none, and its machines are
    kept for the whole grace."""
    for user_sid, sid, *shown in rows:
        plan, kept, bought = tuple(shown[:3]), shown[3], tuple(shown[4:])
        if plan not in ((None, None, None), bought):
            detail = f"the balance of user {user_sid} shows the plan {plan}, bought was {bought}"
            yield AuditFinding(check="plan", subject=sid, detail=detail)
        if kept is None:
            continue
        if plan[0] is not None or bought[0] is None:
            detail = f"machines of user {user_sid} are kept until {decode_otime(kept)}, but no plan of theirs ended"
            yield AuditFinding(check="plan", subject=sid, detail=detail)
        elif decode_otime(kept) < decode_otime(bought[2]) + GRACE:
            detail = f"machines of user {user_sid} are kept until {decode_otime(kept)} only, less than the grace"
            yield AuditFinding(check="plan", subject=sid, detail=detail)


PURCHASES = Audit(name="plans.purchases", statement=statements.PURCHASES_IN_ORDER, judge=_purchases)
POSTINGS = Audit(name="plans.postings", statement=statements.PLAN_POSTINGS_IN_ORDER, judge=_postings)
BILLED = Audit(name="plans.billed", statement=statements.BILLED_PLANS_IN_ORDER, judge=_billed)
