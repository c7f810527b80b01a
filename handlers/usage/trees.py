"""Whether the folders that a commit changes are as few and as flat as a node's are.

A tree of a few hundred bytes can name more files than there is memory for: its folders stand for each other. So the
folders are counted before anything lists their files.
"""

from __future__ import annotations

import re

import pygit2

from generated.models.onboarding import HaltReason
from handlers.usage.halt import Halt

DEEPEST = 3
"""Folders in one another, that of the repository apart: `nodes/<node>/usage` of the older layout."""
MOST_FOLDERS = 5_000
"""Folders that a commit may change."""
MOST_BYTES = 16 << 20
"""Of all lists of files that it changes, old and new; about 400 000 names."""
_files = re.compile(rb"(?:1[0-9]{5} [^\0]+\0[\0-\xff]{20})*").fullmatch
_NAME = re.compile(rb"1[0-9]{5} ([^\0]+)\0[\0-\xff]{20}")
_ENTRY = re.compile(rb"([0-9]+) ([^\0]+)\0([\0-\xff]{20})")
_FOLDER = (b"40000", b"040000")
Folders = dict[bytes, bytes]
"""The ids of folders by their names."""


def require_flat(mirror: pygit2.Repository, old: pygit2.Oid | None, new: pygit2.Oid) -> None:
    """Raises `Halt` where the trees of two commits differ in too many, too deep or too large folders, or the new one
    names something twice or out of order: git and we would not read the same of it."""
    waiting: list[tuple[bytes | None, bytes | None, int]] = [(None if old is None else old.raw, new.raw, 0)]
    folders = size = 0
    while waiting:
        before, after, depth = waiting.pop()
        folders += 1
        if depth > DEEPEST or folders > MOST_FOLDERS:
            raise _refused(f"it changes more than {MOST_FOLDERS} folders, or more than {DEEPEST} in one another")
        known, found = Folders(), Folders()
        for tree, into in ((before, known), (after, found)):
            if tree is not None:
                size += mirror.odb.read_header(pygit2.Oid(raw=tree))[1]
                if size > MOST_BYTES:
                    raise _refused(f"the lists of the files that it changes have more than {MOST_BYTES} bytes")
                into |= _folders(mirror, tree, judged=tree is after)
        waiting += [
            (known.get(name), found.get(name), depth + 1)
            for name in known.keys() | found.keys()
            if known.get(name) != found.get(name)
        ]


def _refused(detail: str) -> Halt:
    return Halt(HaltReason.FORBIDDEN_CHANGE, detail)


def _folders(mirror: pygit2.Repository, tree: bytes, judged: bool) -> Folders:
    """Those in a folder. PERF: one that has files only, as most have, is told by one match."""
    _, data = mirror.odb.read(pygit2.Oid(raw=tree))
    if _files(data):
        if judged:
            _require_order(_NAME.findall(data))
        return {}
    entries = _ENTRY.findall(data)
    if judged:  # folders stand as if their names ended so
        _require_order([name + b"/" if mode in _FOLDER else name for mode, name, _ in entries])
        _require_order(sorted(name for _, name, _ in entries))
    return {name: entry for mode, name, entry in entries if mode in _FOLDER}


def _require_order(names: list[bytes]) -> None:
    """Raises `Halt` unless each name is greater than the one before. PERF: sorting what is sorted costs a comparison
    each."""
    if names != sorted(names) or len(set(names)) != len(names):
        raise _refused("a folder has a name twice, or its names are out of order")
