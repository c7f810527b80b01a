"""Audit of the days that were compared: their sums agree, and the fees that they name were posted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.values.types import money_text
from generated.models.onboarding import AuditFinding
from handlers.audit import Audit, Carry
from handlers.payments import statements


def _days(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    posted_sql = database.prepare(statements.FEES_POSTED_BETWEEN)
    for sid, provider, day, ours, theirs, difference, fees in rows:
        told = f"{provider}'s day {day}"
        if ours - theirs != difference:
            detail = f"{told} is said to differ by {money_text(difference)}, its sums do by {money_text(ours - theirs)}"
            yield AuditFinding(check="payment", subject=sid, detail=detail)
        since = int(datetime.combine(date.fromisoformat(str(day)), time(), UTC).timestamp())
        (paid,) = database.execute(posted_sql, (since, since + 86_400, provider))[0]
        posted = -int(paid or 0)
        if posted < fees:  # more was posted where a later comparison was cut off
            detail = f"{told} had fees of {money_text(fees)}, but {money_text(posted)} were posted"
            yield AuditFinding(check="payment", subject=sid, detail=detail)


DAYS = Audit(name="payments.days", statement=statements.COMPARED_DAYS_IN_ORDER, judge=_days)
