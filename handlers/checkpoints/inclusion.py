"""The proof that entries stand below a signed root: JSON lines, which `verify-proof` checks offline.

First the `checkpoint`, then each `entry` with what its hash covers, its transaction, and the path from it to the root.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from generated.models.onboarding import CheckpointRoot
from handlers.checkpoints.ledger_tree import LedgerTree
from handlers.checkpoints.signature import SIGNED
from handlers.hash_chain import Shown, canonical


class NotBelow(Exception):
    """An entry is not there, or came after the checkpoint."""


def signed_row(shown: Shown) -> dict[str, Any]:
    """The line of a checkpoint as the API answers it."""
    return {"kind": "checkpoint", **{name: shown[name] for name in (*SIGNED, "signature", "public_key")}}


def inclusion(ledger: LedgerTree, checkpoint: CheckpointRoot, positions: Iterable[int]) -> Iterator[dict[str, Any]]:
    """The lines of the file for entries at these positions. Raises `NotBelow`, `Incomplete`."""
    size = int(checkpoint.last_position)
    yield signed_row(checkpoint.model_dump(mode="json"))
    for position in positions:
        hashed = ledger.leaves.hashed(position)
        if hashed is None or position > size:
            raise NotBelow(f"position {position} is not below the root of {checkpoint.day}, which ends at {size}")
        entry, transaction = (json.loads(canonical(each)) for each in hashed)
        path = [each.hex() for each in ledger.tree.inclusion(position - 1, size)]
        yield {"kind": "entry", "entry": entry, "transaction": transaction, "path": path}
