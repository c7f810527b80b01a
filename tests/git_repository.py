"""Repositories that tests make with stock git, as a node's or a forge's git would."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

QUIET = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    **{f"GIT_{who}_{what}": "node@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
"""Git without the settings of whoever runs the tests."""


@dataclass(frozen=True)
class GitRepository:
    """A bare repository on disk, written to without a work tree."""

    path: Path

    @classmethod
    def new(cls, path: Path, branch: str = "main") -> GitRepository:
        git("init", "--quiet", "--bare", "-b", branch, str(path))
        return cls(path)

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def git(self, *arguments: str, given: bytes = b"") -> str:
        return git("--git-dir", str(self.path), *arguments, given=given, index=self.path / "index-of-a-test")

    def commit(self, files: Mapping[str, bytes] | None = None, branch: str = "main", onto: str | None = "") -> str:
        """A new commit with these files besides those before it; `onto` another commit, or None for a root commit."""
        parents = self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}") if onto == "" else onto
        self.git("read-tree", *([parents] if parents else ["--empty"]))
        for name, content in (files or {}).items():
            blob = self.git("hash-object", "-w", "--stdin", given=content)
            self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
        tree = self.git("write-tree")
        made = self.git("commit-tree", tree, "-m", "usage", *(["-p", parents] if parents else []))
        self.git("update-ref", f"refs/heads/{branch}", made)
        return made


def git(*arguments: str, given: bytes = b"", index: Path | None = None) -> str:
    """What git says, without blanks around it."""
    environment = {**os.environ, **QUIET, **({"GIT_INDEX_FILE": str(index)} if index else {})}
    done = subprocess.run(["git", *arguments], input=given, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode()}"
    return done.stdout.decode().strip()
