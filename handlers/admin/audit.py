"""Audit of the audit log: every act follows the one before, and its hash is that of what is stored."""

from collections.abc import Iterator
from typing import Any

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AuditFinding
from generated.tables.onboarding import OPERATOR_ACT
from handlers.admin.acts import act_hash
from handlers.hash_chain import GENESIS, breaks
from handlers.reading import pages, selected, u64


def acts(database: Database) -> Iterator[AuditFinding]:
    """The chain of operators' acts."""
    store = Store.of(OPERATOR_ACT, database)
    place = OPERATOR_ACT.names.index("position")
    text = (
        f"SELECT {selected(OPERATOR_ACT, 'a')} FROM operator_act a"  # noqa: S608
        " WHERE a.position > ? ORDER BY a.position LIMIT ?"
    )
    before: dict[str, Any] = {"position": 0, "hash": GENESIS}
    for row in pages(database, text, (u64(database, 0),), place):
        act = store.to_json(row)
        problems = list(breaks(before, act))
        if act_hash(act) != act["hash"]:
            problems.append("the act or its hash was changed")
        for problem in problems:
            detail = f"act at position {act['position']}: {problem}"
            yield AuditFinding(check="act", subject=act["sid"], detail=detail)
        before = act
