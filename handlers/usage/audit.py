"""Audit of usage: commits, their lines, postings for them, daily usage and cursors say the same of each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codegen.runtime.storage.database import Database, Row
from generated.models.onboarding import AuditFinding
from handlers.audit import Audit, Carry
from handlers.usage import statements
from handlers.usage.changes import BATCH


def _commits(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    accepted_of = database.prepare(statements.ACCEPTED_OF_COMMIT)
    for sid, node, commit, records, charge, found, charged, listed, revenue, discount in rows:
        [(accepted, later)] = database.execute(accepted_of, (node, commit))
        place = f"the commit {commit} of node {node}"
        cost, revenue = charge + _whole(later), -_whole(revenue)
        if found != records + accepted:
            yield _finding(sid, f"{place} had {records} records and {accepted} later, and there are {found}")
        if _whole(charged) != cost:
            yield _finding(sid, f"{place} cost {cost} nano-dollars, and its records {_whole(charged)}")
        if _whole(listed) != revenue:
            yield _finding(sid, f"{place} is {_whole(listed)} nano-dollars by its records, and {revenue} were posted")
        if _whole(listed) - _whole(charged) != _whole(discount):
            yield _finding(sid, f"the discount on {place} is not what was posted")


def _records(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, node, commit, path, line, user, _, listed, void, known, last, seq, posted, alone, left in rows:
        place = f"{node}@{commit}:{path}:{line}"
        if known is None:
            yield _finding(sid, f"{place} is of a commit that was not consumed")
        if not path.endswith(BATCH) and (last is None or int(last) < int(seq)):
            yield _finding(sid, f"{place} lies behind the cursor of its stream")
        if listed and posted is None and alone is None:
            yield _finding(sid, f"nothing was posted to user {user} for {place}")
        if void is not None and left != 0:
            yield _finding(sid, f"{place} takes back another amount than was charged")


def _users(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    """Users of whom there is no record are not judged: their days were brought along."""
    for sid, days, day_listed, day_charge, day_discount, records, listed, charge in rows:
        by_day = (_whole(days), _whole(day_listed), _whole(day_charge))
        by_record = (_whole(records), _whole(listed), _whole(charge))
        if records is not None and by_day != by_record:
            yield _finding(sid, f"days add up to {by_day} (records, list price, charge), and records to {by_record}")
        if _whole(day_listed) - _whole(day_charge) != _whole(day_discount):
            yield _finding(sid, "the discount of some day is not the difference of its prices")


def _nodes(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    for sid, node, last, records, known, found in rows:
        if last is not None and known is None:
            yield _finding(sid, f"node {node} was read up to {last}, which was not consumed")
        if int(records) != found:
            yield _finding(sid, f"node {node} counts {int(records)} records, and there are {found}")


def _whole(amount: object) -> int:
    """A sum as the databases give it: null over nothing, a decimal on PostgreSQL."""
    return 0 if amount is None else int(str(amount).partition(".")[0])


def _finding(sid: str, detail: str) -> AuditFinding:
    return AuditFinding(check="usage", subject=sid, detail=detail)


COMMITS = Audit(name="usage.commits", statement=statements.COMMITS_IN_ORDER, judge=_commits)
RECORDS = Audit(name="usage.records", statement=statements.RECORDS_IN_ORDER, judge=_records)
USERS = Audit(name="usage.users", statement=statements.USER_TOTALS_IN_ORDER, judge=_users)
NODES = Audit(name="usage.nodes", statement=statements.NODES_IN_ORDER, judge=_nodes)
