"""Roots and proofs are those of RFC 6962: by its published vectors, and by its definition on trees of any size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.checkpoints import merkle
from handlers.checkpoints.merkle import (
    ProofWrong,
    Tree,
    leaf_hash,
    root_by_inclusion,
    root_of,
    roots_by_consistency,
)
from handlers.proofs import verify_proof

# The vectors of Certificate Transparency's reference implementation (merkle_tree_test.cc).
DATA = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
PATH_OF_0_IN_8 = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
)
FROM_6_TO_8 = (
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
)

FROM_2_TO_5 = (
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
)
CONSISTENCY = {(1, 1): (), (1, 8): PATH_OF_0_IN_8, (6, 8): FROM_6_TO_8, (2, 5): FROM_2_TO_5}
"""The published proofs of consistency, by both sizes."""


@pytest.fixture(autouse=True, scope="module")
def narrow() -> Iterator[None]:
    """Subtrees of 4, 16, 64 … leaves, so that small trees are of several heights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merkle, "WIDTH", 4)
        yield


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4)) for number in range(count)]


def tree_over(hashes: list[bytes]) -> Tree:
    """A tree that reads full subtrees only, as the one that is kept does."""

    def read(height: int, first: int, count: int) -> list[bytes]:
        if height == 0:
            assert first + count <= len(hashes)
            return hashes[first : first + count]
        return [root_of(read(height - 1, number * 4, 4)) for number in range(first, first + count)]

    return Tree(read)


def defined(hashes: list[bytes]) -> bytes:
    """MTH of section 2.1, word for word."""
    if not hashes:
        return sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = max(1 << bit for bit in range(32) if 1 << bit < len(hashes))
    return sha256(b"\1" + defined(hashes[:k]) + defined(hashes[k:])).digest()


def test_the_published_vectors() -> None:
    hashes = [leaf_hash(bytes.fromhex(each)) for each in DATA]
    tree = tree_over(hashes)
    assert tuple(tree.root(size).hex() for size in range(9)) == ROOTS
    assert tuple(each.hex() for each in tree.inclusion(0, 8)) == PATH_OF_0_IN_8
    for (old, size), path in CONSISTENCY.items():
        assert tuple(each.hex() for each in tree.consistency(old, size)) == path


@given(st.integers(0, 300))
@settings(max_examples=50)
def test_a_root_from_kept_subtrees_is_the_defined_one(size: int) -> None:
    hashes = leaves(size)
    assert tree_over(hashes).root(size) == defined(hashes)


@given(st.data(), st.integers(1, 300))
@settings(max_examples=50)
def test_each_leaf_leads_to_the_root_and_no_other_does(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    tree = tree_over(hashes)
    path, root = tree.inclusion(index, size), tree.root(size)
    assert root_by_inclusion(hashes[index], index, size, path) == root
    assert root_by_inclusion(leaf_hash(b"other"), index, size, path) != root
    for place in range(len(path)):
        changed = [*path[:place], sha256(path[place]).digest(), *path[place + 1 :]]
        assert root_by_inclusion(hashes[index], index, size, changed) != root
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        with suppress(ProofWrong):
            assert root_by_inclusion(hashes[index], other, size, path) != root
    for wrong in ([*path, root], path[:-1]):
        if wrong != path:
            with pytest.raises(ProofWrong):
                root_by_inclusion(hashes[index], index, size, wrong)


@given(st.data(), st.integers(1, 300))
@settings(max_examples=50)
def test_a_root_goes_on_from_every_earlier_one_and_from_nothing_else(data: st.DataObject, size: int) -> None:
    old = data.draw(st.integers(1, size))
    tree = tree_over(leaves(size))
    before, after, path = tree.root(old), tree.root(size), tree.consistency(old, size)
    assert roots_by_consistency(before, old, size, path) == (before, after)
    for place in range(len(path)):
        changed = [*path[:place], sha256(path[place]).digest(), *path[place + 1 :]]
        assert roots_by_consistency(before, old, size, changed) != (before, after)
    forged = leaves(size)
    forged[data.draw(st.integers(0, old - 1))] = leaf_hash(b"other")
    rewritten = tree_over(forged)
    assert roots_by_consistency(before, old, size, rewritten.consistency(old, size)) != (before, rewritten.root(size))
    with pytest.raises(ProofWrong):
        roots_by_consistency(before, old, size, [*path, before])


def test_there_is_no_proof_of_what_is_not_there() -> None:
    tree = tree_over(leaves(5))
    for index, size in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(IndexError):
            tree.inclusion(index, size)
    for old, size in ((0, 5), (6, 5)):
        with pytest.raises(IndexError):
            tree.consistency(old, size)
        with pytest.raises(ProofWrong):
            roots_by_consistency(b"", old, size, [])


# --- the program of a stranger --------------------------------------------------------------------------------------


def goes_on(old: int, size: int, path: list[bytes], before: bytes, after: bytes) -> bool:
    return verify_proof._goes_on((before, after), (old, size), path)


def test_a_stranger_accepts_the_published_proofs_and_no_change_of_them() -> None:
    for (old, size), path in CONSISTENCY.items():
        roots = bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[size])
        hashes = [bytes.fromhex(each) for each in path]
        assert goes_on(old, size, hashes, *roots)
        for place in range(len(hashes)):
            changed = [*hashes[:place], sha256(hashes[place]).digest(), *hashes[place + 1 :]]
            assert not goes_on(old, size, changed, *roots)
            assert not goes_on(old, size, hashes[:place] + hashes[place + 1 :], *roots)
        assert not goes_on(old, size, [*hashes, roots[0]], *roots)
        assert not goes_on(old, size, [roots[0], *hashes], *roots)
        for wrong in ((0, size), (size + 1, size), (-1, size)):
            assert not goes_on(*wrong, hashes, *roots)


@given(st.data(), st.integers(1, 300))
@settings(max_examples=100)
def test_a_stranger_judges_growth_as_the_tree_does(data: st.DataObject, size: int) -> None:
    old = data.draw(st.integers(1, size))
    hashes = leaves(size)
    tree = tree_over(hashes)
    path = tree.consistency(old, size)
    assert goes_on(old, size, path, tree.root(old), tree.root(size))
    forged = [*hashes]
    forged[data.draw(st.integers(0, old - 1))] = leaf_hash(b"other")
    rewritten = tree_over(forged)
    assert not goes_on(old, size, rewritten.consistency(old, size), tree.root(old), rewritten.root(size))
    index = data.draw(st.integers(0, size - 1))
    climbed = verify_proof._climbed(hashes[index], index, size, tree.inclusion(index, size))
    assert climbed == tree.root(size)
