"""Check that generated Python is Python, and format it with ruff: at one width whatever the project has set."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ruff import find_ruff_bin  # type: ignore[import-untyped]  # it has no stubs

WIDTH = 120
_OPTIONS = ("--isolated", "--no-cache", "--target-version", "py311")
_NO_CODE = ("F404", "F406", "F407", "F62", "F70", "PLE0115", "PLE0116", "PLE0117", "PLE0118", "PLE1142")
"""Rules for what Python's compiler refuses though its grammar allows it; what the grammar forbids ruff names anyway."""


class NoPython(RuntimeError):
    """A generated file is no Python: a fault of the generator. `path` is below the output directory."""

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} is no Python, please report this: {reason}")


def formatted(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts by their paths, formatted. Raises `NoPython` where one is none."""
    if not texts:
        return {}
    with tempfile.TemporaryDirectory(prefix="oschema-") as folder:
        # Numbered, because ruff passes over some names of directories.
        files = {path: Path(folder, f"{number}.py") for number, path in enumerate(texts)}
        for path, file in files.items():
            if "\0" in texts[path]:
                raise NoPython(path, "it has a null byte")
            file.write_text(texts[path], encoding="utf-8", newline="")
        _check(folder, {file.name: path for path, file in files.items()})
        subprocess.run(
            [find_ruff_bin(), "format", *_OPTIONS, "--quiet", "--line-length", str(WIDTH), folder], check=True
        )
        return {path: _linted(file.read_text(encoding="utf-8")) for path, file in files.items()}


def _check(folder: str, paths: Mapping[str, str]) -> None:
    """Raise `NoPython` for the first file that Python could not compile; `paths` by the names in the folder.

    PERF: compiling the files themselves takes eight times as long.
    """
    command = [find_ruff_bin(), "check", *_OPTIONS, "--select", ",".join(_NO_CODE), "--output-format", "json"]
    done = subprocess.run([*command, folder], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    if done.returncode != 1:
        raise RuntimeError(f"ruff ended with {done.returncode}: {done.stderr}")
    first = min(json.loads(done.stdout), key=lambda each: (each["filename"], each["location"]["row"]))
    raise NoPython(paths[Path(first["filename"]).name], f"{first['message']} (line {first['location']['row']})")


def _linted(text: str) -> str:
    """Patterns, docs and lists of sources can be longer than a line of Python should be."""
    if not any(map(_too_long, text.splitlines())):
        return text
    first, _, rest = text.partition("\n")
    return f"{first}\n# ruff: noqa: E501\n{rest}"


def _too_long(line: str) -> bool:
    """As ruff's E501 has it: a line that no space divides is not, nor one that ends with a URL."""
    words = line.split()
    if len(line) <= WIDTH or len(words) < 2:
        return False
    return "://" not in words[-1] or len(line) - len(words[-1]) > WIDTH
