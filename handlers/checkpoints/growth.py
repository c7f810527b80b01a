"""The proof that the ledger only grew from one signed root to a later one (RFC 6962): JSON lines for `verify-proof`.

First both `checkpoint`s, then the `consistency` with the hashes that lead from one root to the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from generated.models.onboarding import CheckpointRoot
from handlers.checkpoints.inclusion import signed_row
from handlers.checkpoints.ledger_tree import LedgerTree
from handlers.checkpoints.signature import holds
from handlers.hash_chain import Shown


class NotGrown(Exception):
    """The ledger does not go on from a root; the message says how it is known."""


def read_kept(text: str | bytes) -> Shown:
    """A checkpoint as `checkpoint --json` prints it, or as its repository has it. Raises `NotGrown` for any other."""
    with suppress(ValueError, LookupError, TypeError, RecursionError):
        shown = json.loads(text)
        if isinstance(shown, dict) and holds(shown):
            return shown
    raise NotGrown("this is no checkpoint, or its signature is not that of what it says")


def growth(ledger: LedgerTree, kept: Shown, last: CheckpointRoot) -> Iterator[dict[str, Any]]:
    """The lines of the file. Raises `NotGrown`, `Incomplete`."""
    size, end = int(kept["last_position"]), int(last.last_position)
    told = f"the checkpoint that was kept, of {kept['day']},"
    if size > end:
        raise NotGrown(f"{told} has {size} entries, the last one has {end}: entries were taken away")
    if ledger.tree.root(size).hex() != kept["root"]:
        raise NotGrown(f"{told} has another root than the first {size} entries now: they were changed since")
    if ledger.tree.root(end).hex() != last.root:
        raise NotGrown(f"the ledger is not what the checkpoint of {last.day} says; run the audit")
    yield signed_row(kept)
    yield signed_row(last.model_dump(mode="json"))
    yield {"kind": "consistency", "path": [each.hex() for each in ledger.tree.consistency(size, end)]}
