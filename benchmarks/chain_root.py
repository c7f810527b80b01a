"""Many chains under one root: a prototype of docs/decisions/0016-many-chains.md, pure, used by no product yet.

A user's accounts stand in one chain, those of the house in each. A root notes the heads of all chains at one time and
follows the root before it, so whoever knows a root knows of every chain that nothing before its head was changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from handlers.hash_chain import GENESIS, digest


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain."""

    position: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Root:
    """The heads of chains 0, 1, … at one time. `number` counts the roots from 1."""

    number: int
    previous: str
    heads: tuple[Head, ...]

    @property
    def hash(self) -> str:
        """SHA-256 over canonical JSON, as everywhere in the ledger."""
        heads = [[head.position, head.hash] for head in self.heads]
        return digest({"heads": heads, "number": self.number, "previous_hash": self.previous})


def first(chains: int) -> Root:
    """The root of so many empty chains."""
    return Root(1, GENESIS, (Head(),) * chains)


def follow(before: Root, heads: Sequence[Head]) -> Root:
    """The next root."""
    return Root(before.number + 1, before.hash, tuple(heads))


def chain_of(user_sid: str, chains: int) -> int:
    """The chain of a new user; it is kept with the user, so that chains can be added."""
    return int.from_bytes(sha256(user_sid.encode()).digest()[:8]) % chains


def breaks(before: Root, root: Root, added: Sequence[Sequence[Mapping[str, object]]]) -> Iterator[str]:
    """How a root does not follow the one before it, with the entries that were `added` to each chain in between.

    An entry holds `previous_hash` and `hash`, which is the digest of all its other fields.
    """
    if root.number != before.number + 1 or root.previous != before.hash:
        yield f"root {root.number} does not follow root {before.number}"
    if len(root.heads) < len(before.heads):
        yield "a chain is gone"
    for number, head in enumerate(root.heads):
        link = before.heads[number] if number < len(before.heads) else Head()
        for entry in added[number]:
            if entry["previous_hash"] != link.hash or digest({**entry, "hash": None}) != entry["hash"]:
                yield f"chain {number} breaks behind position {link.position}"
            link = Head(link.position + 1, str(entry["hash"]))
        if link != head:
            yield f"chain {number} does not end where the root says"
