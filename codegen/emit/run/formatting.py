"""Compile generated Python, and format it with ruff: all in one call, at one width whatever the project has set."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ruff import find_ruff_bin  # type: ignore[import-untyped]  # it has no stubs

WIDTH = 120
_OPTIONS = ("--isolated", "--no-cache", "--quiet", "--line-length", str(WIDTH), "--target-version", "py311")


class NoPython(RuntimeError):
    """A generated file is no Python: a fault of the generator. `path` is below the output directory."""

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} is no Python, please report this: {reason}")


def formatted(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts by their paths, formatted. Raises `NoPython` where one is none."""
    if not texts:
        return {}
    for path, text in texts.items():
        _compile(path, text)
    with tempfile.TemporaryDirectory(prefix="oschema-") as folder:
        # Numbered, because ruff passes over some names of directories.
        files = {path: Path(folder, f"{number}.py") for number, path in enumerate(texts)}
        for path, file in files.items():
            file.write_text(texts[path], encoding="utf-8", newline="")
        subprocess.run([find_ruff_bin(), "format", *_OPTIONS, folder], check=True)
        return {path: _linted(file.read_text(encoding="utf-8")) for path, file in files.items()}


def _compile(path: str, text: str) -> None:
    """More than a formatter finds: two arguments of one name, say."""
    try:
        compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise NoPython(path, str(error)) from error


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
