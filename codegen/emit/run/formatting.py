"""Format generated Python with ruff: all files in one call, at one width, whatever the project itself has set."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ruff import find_ruff_bin  # type: ignore[import-untyped]  # it has no stubs

WIDTH = 120
_OPTIONS = ("--isolated", "--no-cache", "--quiet", "--line-length", str(WIDTH), "--target-version", "py311")


def formatted(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts by their paths, formatted. Raises RuntimeError where one is no Python: a fault of the generator."""
    if not texts:
        return {}
    with tempfile.TemporaryDirectory(prefix="oschema-") as folder:
        # Numbered, because ruff passes over some names of directories.
        files = {path: Path(folder, f"{number}.py") for number, path in enumerate(texts)}
        for path, file in files.items():
            file.write_text(texts[path], encoding="utf-8", newline="")
        run = subprocess.run(
            [find_ruff_bin(), "format", *_OPTIONS, folder], capture_output=True, text=True, check=False
        )
        if run.returncode:
            message = run.stderr
            for path, file in files.items():
                message = message.replace(str(file), path)
            raise RuntimeError(f"generated code cannot be formatted; please report this: {message.strip()}")
        return {path: _linted(file.read_text(encoding="utf-8")) for path, file in files.items()}


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
