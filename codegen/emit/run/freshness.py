"""Compare an output directory with what should be in it, in four words: changed, missing, orphan, edited."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from codegen.emit.run.manifest import MARK, NAME, Entry, Manifest, digest, read_manifest

State = Literal["changed", "missing", "orphan", "edited", "in the way"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One path (relative to the output directory) that is not as it should be."""

    state: State
    path: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file as it should be."""

    kind: str
    data: bytes

    @property
    def entry(self) -> Entry:
        return Entry(self.kind, digest(self.data))


def touched(out: Path, manifest: Manifest, kinds: Collection[str]) -> list[Difference]:
    """Generated files that are gone or were edited, by the manifest alone."""
    found: list[Difference] = []
    for path, entry in manifest.files.items():
        if entry.kind in kinds:
            data = _read(out / path)
            if data is None:
                found.append(Difference("missing", path))
            elif not entry.has(data):
                found.append(Difference("edited", path))
    return found


def compare(out: Path, manifest: Manifest, wanted: Mapping[str, Wanted], kinds: Collection[str]) -> list[Difference]:
    """Every difference between the output directory and what is wanted of these kinds, by path."""
    return sorted(_differences(out, manifest, wanted, kinds), key=lambda difference: difference.path)


def _differences(
    out: Path, manifest: Manifest, wanted: Mapping[str, Wanted], kinds: Collection[str]
) -> Iterable[Difference]:
    blocking: set[str] = set()
    for path, want in wanted.items():
        if (obstacle := _obstacle(out, path)) is not None:
            blocking.add(obstacle)
            continue
        data = _read(out / path)
        if data == want.data:
            continue
        entry = manifest.files.get(path)
        if data is None:
            yield Difference("missing", path)
        elif entry is None:
            yield Difference("changed" if MARK.encode() in data[:1000] else "in the way", path)
        else:
            yield Difference("changed" if entry.has(data) else "edited", path)
    yield from (Difference("in the way", path) for path in blocking)
    for path, entry in manifest.files.items():
        if path not in wanted and entry.kind in kinds:
            data = _read(out / path)
            if data is not None:
                yield Difference("orphan" if entry.has(data) else "edited", path)


def _obstacle(out: Path, path: str) -> str | None:
    """A directory where a file should be, or a file where one of its directories should be."""
    if (out / path).is_dir():
        return path
    directories = (parent.as_posix() for parent in PurePosixPath(path).parents if parent.name)
    return next((parent for parent in directories if (out / parent).exists() and not (out / parent).is_dir()), None)


def stale_manifest(out: Path, manifest: Manifest) -> Difference | None:
    """Whether the list of files is not the one wanted; which generator wrote it does not matter."""
    data = _read(out / NAME)
    if data is None:
        return Difference("missing", NAME)
    return None if read_manifest(out).files == manifest.files else Difference("changed", NAME)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except PermissionError:
        return b""  # somebody took it away from us: not what was generated
