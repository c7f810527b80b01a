"""Audit of checkpoints: kept subtrees follow from the entries, signed roots from both, and each follows the one before.

Together they compute every root anew from every entry, and read each entry once.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.storage.store import Store
from generated.models.onboarding import AuditFinding
from generated.tables.onboarding import CHECKPOINT_ROOT
from handlers.audit import Audit, Carry
from handlers.checkpoints import merkle, statements
from handlers.checkpoints.ledger_tree import Incomplete, LedgerTree
from handlers.checkpoints.merkle import root_of
from handlers.checkpoints.signature import holds


def _subtrees(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    tree = LedgerTree(database)
    for row in rows:
        height, number, hash, sid = int(row[0]), int(row[1]), row[2], row[3]
        expected = carry["number"] + 1 if carry.get("height") == height else 0
        carry.update(height=height, number=number)
        if number != expected:
            yield _finding("subtree", sid, f"number {number} of height {height} follows {expected - 1}: there is a gap")
        try:
            root = root_of(tree.read(height - 1, number * merkle.WIDTH, merkle.WIDTH)).hex()
        except Incomplete as error:
            yield _finding("subtree", sid, f"number {number} of height {height}: {error}")
            continue
        if root != hash:
            detail = f"number {number} of height {height} is not the root of what is below it"
            yield _finding("subtree", sid, detail)


def _checkpoints(database: Database, rows: Sequence[Row], carry: Carry) -> Iterator[AuditFinding]:
    store, tree = Store.of(CHECKPOINT_ROOT, database), LedgerTree(database).tree
    for row in rows:
        shown = store.to_json(row)
        problems = [*_follows(shown, carry)]
        if not holds(shown):
            problems.append("its signature is not that of what it says")
        try:
            if tree.root(int(shown["last_position"])).hex() != shown["root"]:
                problems.append("its root is not that of the entries up to its last position")
        except Incomplete as error:
            problems.append(f"its root cannot be computed: {error}")
        for problem in problems:
            detail = f"checkpoint of {shown['day']} up to position {shown['last_position']}: {problem}"
            yield _finding("checkpoint", shown["sid"], detail)
        carry.update(last=int(shown["last_position"]), root=shown["root"])


def _follows(shown: dict[str, Any], carry: Carry) -> Iterator[str]:
    if int(shown["first_position"]) != carry.get("last", 0) + 1:
        yield f"it begins at {shown['first_position']}, the one before ends at {carry.get('last', 0)}"
    if int(shown["last_position"]) < carry.get("last", 0):
        yield "it ends before the one before it"
    if shown["previous_root"] != carry.get("root"):
        yield "its previous_root is not the root of the one before it"


def _finding(check: str, subject: str, detail: str) -> AuditFinding:
    return AuditFinding(check=check, subject=subject, detail=detail)


SUBTREES = Audit(
    name="checkpoints.subtrees",
    statement=statements.SUBTREES_IN_ORDER,
    key=(0, 1),
    first=("0", "0"),
    judge=_subtrees,
)
ROOTS = Audit(
    name="checkpoints.roots",
    statement=statements.CHECKPOINTS_IN_ORDER,
    key=tuple(CHECKPOINT_ROOT.names.index(name) for name in ("day", "last_position")),
    first=("0001-01-01", "0"),
    judge=_checkpoints,
)
