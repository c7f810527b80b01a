"""Audit of the audit log: every act follows the one before, its hash is that of what is stored, and none is missing."""

from collections.abc import Iterator, Sequence

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AuditFinding
from generated.tables.onboarding import CHAIN_HEAD, OPERATOR_ACT
from handlers.admin import statements
from handlers.admin.acts import act_hash
from handlers.audit import Audit, Carry
from handlers.hash_chain import GENESIS, breaks


def _links(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    store = Store.of(OPERATOR_ACT, database)
    for row in rows:
        act = store.to_json(row)
        before = {"position": carry.get("position", 0), "hash": carry.get("hash", GENESIS)}
        problems = list(breaks(before, act))
        if act_hash(act) != act["hash"]:
            problems.append("the act or its hash was changed")
        for problem in problems:
            yield _finding(act["sid"], f"act at position {act['position']}: {problem}")
        carry.update(position=act["position"], hash=act["hash"], sid=act["sid"])


def _head(database: Database, carry: Carry) -> Iterator[AuditFinding]:
    """The last act is the one that the head of the chain was moved to."""
    store = Store.of(CHAIN_HEAD, database)
    rows = database.execute(database.prepare(statements.HEAD_OF_ACTS))
    head = store.to_json(rows[0]) if rows else {"position": 0, "hash": GENESIS}
    if (head["position"], head["hash"]) != (carry.get("position", 0), carry.get("hash", GENESIS)):
        last = f"the last act is at position {carry.get('position', 0)}"
        yield _finding(carry.get("sid", ""), f"{last}, the head of the chain at {head['position']}: acts came or went")


def _finding(subject: str, detail: str) -> AuditFinding:
    return AuditFinding(check="act", subject=subject, detail=detail)


ACTS = Audit(
    name="admin.acts",
    statement=statements.ACTS_IN_ORDER,
    key=(OPERATOR_ACT.names.index("position"),),
    first=("0",),
    judge=_links,
    finish=_head,
)
