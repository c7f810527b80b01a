"""What the domains' demo data need: secrets that are made once and found again, and hints of what to try."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Hint(NamedTuple):
    """Something to try: a word for it, and a line to copy into a terminal or a browser."""

    name: str
    line: str


class DemoSecrets:
    """Secrets in `demo.json` of a directory, the same at every start; readable by nobody else."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._path = directory / "demo.json"

    def get(self, name: str, make: Callable[[], str], good: Callable[[str], bool] = lambda _: True) -> str:
        """The secret of a name; made where there is none yet, or where the one there is no `good` any more."""
        found = self._load()
        if name not in found or not good(found[name]):
            found[name] = make()
            self._keep(found)
        return found[name]

    def _load(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self._path.read_bytes()) if self._path.exists() else {}
        return found

    def _keep(self, secrets: dict[str, str]) -> None:
        """Whole or not at all."""
        self.directory.mkdir(parents=True, exist_ok=True)
        part = self.directory / f"demo.json.{os.getpid()}"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(secrets, file, indent=2)
        part.replace(self._path)


def call(public_url: str, method: str, header: str = "") -> str:
    """A call of a method as a shell command."""
    body = f'{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{}}}}'
    credentials = f"-H '{header}' " if header else ""
    return f"curl -s {public_url}/rpc -H 'Content-Type: application/json' {credentials}-d '{body}'"


def this_program() -> str:
    """This program as a shell finds it from here, wherever it is installed."""
    script = Path(sys.executable).with_name("hero-onboarding.exe" if os.name == "nt" else "hero-onboarding")
    if script.exists():
        return shlex.quote(near(script))
    return f"{shlex.quote(sys.executable)} -m handlers"


def near(path: Path) -> str:
    """A path as short as it can be said from here."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a link is not followed: an environment's program is one
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
