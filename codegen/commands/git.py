"""What git keeps of a directory at a revision; nothing is checked out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click


def paths_at(revision: str, folder: Path) -> list[str]:
    """The files at and below a folder, relative to it. Raises `click.ClickException` for what is no revision."""
    if revision.startswith("-"):
        raise click.UsageError(f"{revision!r} is no revision")
    listed = _run(folder, revision, "ls-tree", "-r", "-z", "--name-only", revision, ".").decode()
    return [path for path in listed.split("\0") if path]


def read_at(revision: str, folder: Path, path: str) -> bytes:
    """The bytes of one of these files."""
    return _run(folder, revision, "show", f"{revision}:./{path}")


def prefix(folder: Path) -> str:
    """The way to a folder from the root of its repository, ending with a slash; empty at the root."""
    return _run(folder, "HEAD", "rev-parse", "--show-prefix").decode().strip()


def _run(folder: Path, revision: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    except OSError:
        raise click.ClickException("git is not installed") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise click.ClickException(f"{revision!r} is no git revision here: {said}")
    return done.stdout
