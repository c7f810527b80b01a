"""The tree over the ledger's entries: its leaves are their hashes, the roots of full subtrees are kept as they fill."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import LEDGER_SUBTREE, LedgerSubtreeNew
from handlers.audit import u64
from handlers.checkpoints import merkle, statements
from handlers.checkpoints.merkle import Tree, leaf_hash, root_of
from handlers.ledger.leaves import Leaves

AT_ONCE = 64
"""Subtrees that are made in one transaction, so that no posting waits long for it."""


class Incomplete(Exception):
    """An entry or a subtree is not there."""


class LedgerTree:
    """The tree in a database; `tree` makes roots and proofs over what `grow` has reached."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.leaves, self._store = Leaves(database), Store.of(LEDGER_SUBTREE, database)
        self._subtrees = database.prepare(statements.SUBTREES)
        self._last = database.prepare(statements.LAST_SUBTREE)
        self.tree = Tree(self.read)

    def end(self) -> int:
        """How many leaves there are."""
        return self.leaves.end()

    def read(self, height: int, first: int, count: int) -> Sequence[bytes]:
        """The roots of subtrees of 256^height leaves. Raises `Incomplete`."""
        if height:
            numbers = u64(self._database, first), u64(self._database, first + count)
            rows = self._database.execute(self._subtrees, (height, *numbers))
            found = [bytes.fromhex(row[0]) for row in rows]
        else:
            found = [leaf_hash(bytes.fromhex(each)) for each in self.leaves.hashes(first, count)]
        if len(found) != count:
            what = "entries" if height == 0 else f"subtrees of height {height}"
            raise Incomplete(f"of {count} {what} behind number {first} only {len(found)} are there")
        return found

    def grow(self, size: int, clock: Clock) -> int:
        """Keep the subtrees that the first `size` leaves fill; how many were new.

        Reads what is new, and nothing that is in a full subtree already. Raises `Incomplete`.
        """
        height = made = 0
        while full := size // merkle.WIDTH ** (height + 1):
            height += 1
            rows = self._database.execute(self._last, (height,))
            for first in range(int(rows[0][0]) + 1 if rows else 0, full, AT_ONCE):
                made += self._keep(height, first, min(AT_ONCE, full - first), clock)
        return made

    def _keep(self, height: int, first: int, count: int, clock: Clock) -> int:
        below = self.read(height - 1, first * merkle.WIDTH, count * merkle.WIDTH)
        roots = [root_of(below[start : start + merkle.WIDTH]) for start in range(0, len(below), merkle.WIDTH)]
        now = clock.now()
        rows: list[LedgerSubtreeNew] = [
            {"height": height, "number": first + place, "hash": root.hex()} for place, root in enumerate(roots)
        ]
        # Another process may be quicker; it comes to the same.
        return self._database.run(lambda: self._store.insert_many(rows, now, ("height", "number")))
