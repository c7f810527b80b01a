"""Few packs in a mirror: each fetch adds one, and looking something up would take longer with each."""

from __future__ import annotations

from pathlib import Path

import pygit2

MOST = 32
"""Packs of a mirror before small ones are put together."""
MERGING = "merging"
"""Folder of a mirror in which a pack is written until it is whole."""
_HEAD, _FANOUT, _NAME = 8, 1024, 20


def merge_packs(mirror: Path, most_bytes: int) -> None:
    """Put the smallest packs of a mirror together where it has more than `MOST`, into one of at most `most_bytes`.

    A pack joins as long as it is no larger than those before it together: an object is written again only when as
    much has come after it, so the work grows with what is new, not with the history.
    """
    folder = mirror / "objects" / "pack"
    packs = sorted(folder.glob("pack-*.pack"), key=lambda pack: pack.stat().st_size)
    if len(packs) <= MOST:
        return
    chosen, size = packs[:2], sum(pack.stat().st_size for pack in packs[:2])
    for pack in packs[2:]:
        if pack.stat().st_size > size or size + pack.stat().st_size > most_bytes:
            break
        chosen.append(pack)
        size += pack.stat().st_size
    builder = pygit2.PackBuilder(pygit2.Repository(str(mirror)))
    for pack in chosen:
        for name in _objects(pack.with_suffix(".idx")):
            builder.add(pygit2.Oid(raw=name))
    merging = mirror.joinpath(MERGING)
    merging.mkdir(exist_ok=True)
    builder.write(str(merging))
    kept = set()
    for made in sorted(merging.iterdir(), key=lambda path: path.suffix, reverse=True):  # a pack before its index
        made.replace(folder.joinpath(made.name))
        kept.add(made.stem)
    for pack in chosen:
        if pack.stem not in kept:
            pack.unlink()
            pack.with_suffix(".idx").unlink()


def _objects(index: Path) -> list[bytes]:
    """The names of the objects in a pack, of its index of version 2."""
    data = index.read_bytes()
    start = _HEAD + _FANOUT
    count = int.from_bytes(data[start - 4 : start], "big")
    return [data[start + _NAME * at : start + _NAME * (at + 1)] for at in range(count)]
