"""The Merkle tree of RFC 6962 (section 2.1) over leaves that are only ever appended, and its proofs.

A tree is read in whole subtrees of 256, 256², … leaves, which never change again once they are full: whoever keeps
their roots (`Read`) makes a root or a proof from a few hundred hashes however many leaves there are.

tree = Tree(read)
path = tree.inclusion(index, size)
assert root_by_inclusion(leaf, index, size, path) == tree.root(size)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

WIDTH = 256
"""How many subtrees of a height make one of the next; those of height 0 are the leaves."""

Read = Callable[[int, int, int], Sequence[bytes]]
"""`read(height, first, count)`: the roots of so many subtrees of 256^height leaves, from subtree number `first` on."""


class ProofWrong(ValueError):
    """A proof has more or fewer hashes than one of its size."""


def leaf_hash(data: bytes) -> bytes:
    """The leaf of some data; its prefix tells it from a node."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node above two others."""
    return sha256(b"\1" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over these leaves, or over subtrees that are all of one size but for the last one."""
    if not hashes:
        return sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    middle = _middle(len(hashes))
    return node_hash(root_of(hashes[:middle]), root_of(hashes[middle:]))


class Tree:
    """Roots and proofs of a tree whose full subtrees `read` knows. Indexes of leaves count from 0."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves."""
        return self._part(0, size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The path from a leaf to the root over the first `size` leaves, from below."""
        if not 0 <= index < size:
            raise IndexError(f"there is no leaf {index} below a root over {size}")
        path, start, end = list[bytes](), 0, size
        while end - start > 1:
            middle = start + _middle(end - start)
            if index < middle:
                path.append(self._part(middle, end))
                end = middle
            else:
                path.append(self._part(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, old: int, size: int) -> list[bytes]:
        """What shows that the root over `size` leaves goes on from that over the first `old` of them."""
        if not 0 < old <= size:
            raise IndexError(f"a root over {size} leaves does not go on from one over {old}")
        path, start, end = list[bytes](), 0, size
        while end != old:
            middle = start + _middle(end - start)
            if old <= middle:
                path.append(self._part(middle, end))
                end = middle
            else:
                path.append(self._part(start, middle))
                start = middle
        return ([self._part(start, end)] if start else []) + path[::-1]

    def _part(self, start: int, end: int) -> bytes:
        """The root over the leaves of a branch. PERF: it begins where a subtree of the highest height in it does."""
        if start == end:
            return root_of([])
        height, width = 0, 1
        while width * WIDTH <= end - start:
            height, width = height + 1, width * WIDTH
        full = (end - start) // width
        hashes = list(self._read(height, start // width, full))
        rest = start + full * width
        return root_of([*hashes, self._part(rest, end)] if rest < end else hashes)


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root over `size` leaves to which a path leads from a leaf. Raises `ProofWrong`."""
    sides, start, end = list[bool](), 0, size
    while end - start > 1:
        middle = start + _middle(end - start)
        sides.append(index < middle)
        start, end = (start, middle) if index < middle else (middle, end)
    if start != index or len(sides) != len(path):
        raise ProofWrong(f"no path of {len(path)} hashes leads from leaf {index} to a root over {size}")
    for other, left in zip(path, reversed(sides), strict=True):
        leaf = node_hash(leaf, other) if left else node_hash(other, leaf)
    return leaf


def roots_by_consistency(root: bytes, old: int, size: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots over `old` and over `size` leaves that a proof leads to; `root` is the old one. Raises `ProofWrong`."""
    if not 0 < old <= size:
        raise ProofWrong(f"a root over {size} leaves does not go on from one over {old}")
    sides, start, end = list[bool](), 0, size
    while end != old:
        middle = start + _middle(end - start)
        sides.append(old <= middle)
        start, end = (start, middle) if old <= middle else (middle, end)
    if len(path) != len(sides) + (start > 0):
        raise ProofWrong(f"no proof of {len(path)} hashes leads from a root over {old} leaves to one over {size}")
    before = after = path[0] if start else root
    for other, left in zip(path[start > 0 :], reversed(sides), strict=True):
        if left:
            after = node_hash(after, other)
        else:
            before, after = node_hash(other, before), node_hash(other, after)
    return before, after


def _middle(size: int) -> int:
    """Where a tree of more than one leaf is divided: at the largest power of two below its size."""
    return 1 << (size - 1).bit_length() - 1
