"""What one commit changes: files of usage that grew, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pygit2
from pygit2.enums import DeltaStatus, DiffOption, FileMode

from generated.models.onboarding import HaltReason, UsageLayout
from handlers.usage.halt import Halt
from handlers.usage.trees import require_flat
from handlers.usage_format.files import LARGEST, MOST_CHANGED, read_name

LARGEST_BATCH = 8 << 20
"""Bytes; a batch is read as a whole."""
USAGE_FILE = re.compile(r"usage/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.jsonl")
SHARED_FILE = re.compile(r"nodes/[^/]+/(usage/)?[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(jsonl|otoml)")
"""Of the older layout: a folder for each node in one repository; batches of records that may be merged later."""
BATCH = ".otoml"
NODE_FILE = "node.json"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Grown:
    """A file that a commit made or appended to: its new bytes begin at `start`, in line `line` (from 1), which an
    earlier commit may have begun."""

    path: str
    blob: pygit2.Blob
    start: int
    line: int


def grown_files(
    mirror: pygit2.Repository, commit: str, node_id: str, layout: UsageLayout = UsageLayout.REPOSITORY
) -> list[Grown] | None:
    """The files that a commit changed, in the order in which they were written; None where it changes other nodes'
    folders only. Raises `Halt`.

    New files, or old ones that keep their bytes and go on; in `usage/`, regular, not too large. The root commit may
    bring `node.json`, which names the node. Nothing is deleted, renamed, linked, or changes its mode. In a shared
    repository, a node's commits change its own folder only; batches there are read anew from their beginning.
    """
    here = mirror[commit].peel(pygit2.Commit)
    before = mirror[here.parent_ids[0]].peel(pygit2.Commit) if here.parent_ids else None
    flags = DiffOption.INCLUDE_TYPECHANGE
    try:
        require_flat(mirror, before and before.tree_id, here.tree_id)
        if before is not None:
            diff = before.tree.diff_to_tree(here.tree, flags)
        else:
            diff = here.tree.diff_to_tree(flags=flags, swap=True)
        deltas = list(diff.deltas)
        if layout == UsageLayout.SHARED and not any(_in_folder(delta, node_id) for delta in deltas):
            return None
        found, size = list[Grown](), 0
        for each in _grown(mirror, deltas, node_id, layout, root=before is None):
            found.append(each)
            if (size := size + each.blob.size) > MOST_CHANGED:
                raise _forbidden("", f"the files that it changes have more than {MOST_CHANGED} bytes")
    except Halt as halt:
        halt.commit = commit
        raise
    return sorted(found, key=_place)


def _place(grown: Grown) -> tuple[str, int]:
    """By hour and part: in the order of names, `.10` stands before `.2`, and both before the first file of the hour."""
    name = grown.path.rpartition("/")[2]
    file = read_name(name)
    return (name, 0) if file is None else (f"usage_{file.hour}", file.part)


def _in_folder(delta: pygit2.DiffDelta, node_id: str) -> bool:
    folder = f"nodes/{node_id}/".encode()
    return delta.new_file.raw_path.startswith(folder) or delta.old_file.raw_path.startswith(folder)


def _grown(
    mirror: pygit2.Repository, deltas: list[pygit2.DiffDelta], node_id: str, layout: UsageLayout, root: bool
) -> Iterator[Grown]:
    shared = layout == UsageLayout.SHARED
    for delta in deltas:
        old, new = delta.old_file, delta.new_file
        path = _path(new.raw_path)
        if delta.status not in (DeltaStatus.ADDED, DeltaStatus.MODIFIED):
            raise _forbidden(path, "it was deleted, or became something else than a file")
        if new.mode != FileMode.BLOB or (delta.status == DeltaStatus.MODIFIED and old.mode != FileMode.BLOB):
            raise _forbidden(path, "it is no regular file, or its mode was changed")
        largest = LARGEST_BATCH if path.endswith(BATCH) else LARGEST
        if mirror.odb.read_header(new.id)[1] > largest:  # told before it is unpacked: a small pack may hold much
            raise _forbidden(path, f"it is larger than {largest} bytes")
        blob = mirror[new.id].peel(pygit2.Blob)
        if path == NODE_FILE and root and not shared:
            _require_node(blob, node_id)
        elif shared and not (_in_folder(delta, node_id) and SHARED_FILE.fullmatch(path)):
            raise _forbidden(path, f"only files nodes/{node_id}/….jsonl and .otoml may be changed with it")
        elif not shared and not USAGE_FILE.fullmatch(path):
            raise _forbidden(path, "only files usage/….jsonl may be changed")
        elif delta.status == DeltaStatus.ADDED or path.endswith(BATCH):
            yield Grown(path, blob, 0, 1)
        else:
            yield _appended(path, mirror[old.id].peel(pygit2.Blob), blob)


def _path(raw: bytes) -> str:
    """A name as it may be shown: whatever it is made of, it breaks no line."""
    return "".join(each if each.isprintable() else "?" for each in raw.decode("utf-8", "replace"))[:200]


def _forbidden(path: str, detail: str) -> Halt:
    return Halt(HaltReason.FORBIDDEN_CHANGE, detail, path=path)


def _appended(path: str, old: pygit2.Blob, new: pygit2.Blob) -> Grown:
    """Where a file goes on, if it keeps its old bytes. Compares a chunk at a time: neither file is copied whole."""
    before, after = memoryview(old), memoryview(new)
    size, start, lines = len(before), 0, 1
    if len(after) < size:
        raise Halt(HaltReason.EDITED_BYTES, "it became shorter", path=path)
    for at in range(0, size, _CHUNK):
        chunk = bytes(before[at : min(at + _CHUNK, size)])
        if chunk != bytes(after[at : at + len(chunk)]):
            raise Halt(HaltReason.EDITED_BYTES, "bytes that were consumed are others now", path=path)
        if ended := chunk.rfind(b"\n") + 1:
            start = at + ended
            lines += chunk.count(b"\n")
    return Grown(path, new, start, lines)


def _require_node(blob: pygit2.Blob, node_id: str) -> None:
    try:
        said = json.loads(blob.data)
        named = said["node_id"] if isinstance(said, dict) else None
    except (ValueError, KeyError, RecursionError):
        raise Halt(HaltReason.PARSE_ERROR, "it does not say which node's repository this is", path=NODE_FILE) from None
    if named != node_id:
        raise Halt(
            HaltReason.WRONG_NODE, f"the repository says that it is another node's than {node_id}", path=NODE_FILE
        )
