"""Making checkpoints: the root over all entries of now, signed, following the one before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codegen.runtime.context import Clock
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Duplicate, Restart
from codegen.runtime.storage.store import Store
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import CheckpointRoot
from generated.tables.onboarding import CHECKPOINT_ROOT
from handlers.audit import u64
from handlers.checkpoints import statements
from handlers.checkpoints.ledger_tree import LedgerTree
from handlers.checkpoints.signature import encoded, signed_bytes
from handlers.node.signing_key import SigningKey

SIGNER = "checkpoints"
"""The comment of the site's key, and the author of its commits."""


class LedgerChanged(Exception):
    """The ledger does not have what an earlier checkpoint says: nothing new is signed."""


class Checkpoints:
    """The checkpoints of a database. The key is made at the first one, in `folder`; it is this user's alone."""

    def __init__(self, database: Database, clock: Clock, folder: Path) -> None:
        self._database, self._clock, self._folder = database, clock, folder
        self._store, self.ledger = Store.of(CHECKPOINT_ROOT, database), LedgerTree(database)
        self._last = database.prepare(statements.LAST_CHECKPOINT)
        self._behind = database.prepare(statements.CHECKPOINTS_IN_ORDER)

    @property
    def key(self) -> SigningKey:
        """The site's key. Raises `NodeError` where its file holds none."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return SigningKey.make(self._folder / "key", SIGNER)

    def last(self) -> CheckpointRoot | None:
        """The newest checkpoint."""
        rows = self._database.execute(self._last)
        return self._store.object(self._store.decode(rows[0])) if rows else None

    def make(self) -> CheckpointRoot | None:
        """A checkpoint of all that is posted; None where nothing is, or where today's has it all.

        Costs what is new since the last one. Raises `LedgerChanged`, `Incomplete`, `NodeError`.
        """
        size = self.ledger.end()
        self.ledger.grow(size, self._clock)
        key = self.key
        return self._database.run(lambda: self._sign(size, key)) if size else None

    def run_once(self) -> int:
        """The day's checkpoint, when it was not made yet; how many entries are new below it, at least 1."""
        last = self.last()
        if last is not None and last.day >= self._clock.now().date():
            return 0
        made = self.make()
        return max(int(made.last_position - made.first_position) + 1, 1) if made is not None else 0

    def behind(self, day: str, position: int) -> Iterator[CheckpointRoot]:
        """The checkpoints behind a place, in their order."""
        while rows := self._database.execute(self._behind, (day, u64(self._database, position), 1)):
            found = self._store.object(self._store.decode(rows[0]))
            yield found
            day, position = str(found.day), int(found.last_position)

    def _sign(self, size: int, key: SigningKey) -> CheckpointRoot | None:
        now, last = self._clock.now().replace(microsecond=0), self.last()
        before = 0 if last is None else int(last.last_position)
        if last is not None:
            if before > size:  # another process made one meanwhile, of what was posted meanwhile
                size = min(before, self.ledger.end())
            if before > size or self.ledger.tree.root(before).hex() != last.root:
                raise LedgerChanged(f"the ledger is not what the checkpoint of {last.day} says; run the audit")
            if last.day >= now.date() and before == size:
                return None
        fields: dict[str, Any] = {
            # A clock that was set back makes no checkpoint that stands before the last one.
            "day": now.date() if last is None else max(now.date(), last.day),
            "first_position": before + 1,
            "last_position": size,
            "root": self.ledger.tree.root(size).hex(),
            "previous_root": None if last is None else last.root,
            "created_at": now,
        }
        fields["signature"] = encoded(key.sign_bare(signed_bytes(fields)))
        fields["public_key"] = encoded(key.public_bytes)
        try:
            return self._store.new({"sid": new_sid(), **fields}, now)  # type: ignore[typeddict-item]
        except Duplicate as error:
            raise Restart("another checkpoint was made meanwhile") from error
