"""Do what a how-to page says: its shell blocks are run in order, its files written, its output must be seen."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

PAGES = Path(__file__).resolve().parents[2] / "docs/how-to"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:#|//) (\S+\.(?:py|oschema|yaml))\n")


def write_files(page: str, folder: Path) -> None:
    """Write the files of a page: its `python`, `oschema` and `yaml` blocks that begin with a name."""
    for kind, text in BLOCK.findall((PAGES / page).read_text()):
        if kind in ("python", "oschema", "yaml") and (named := FILE.match(text)):
            path = folder / named.group(1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def follow(page: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Do what a page says in `folder`; what stands in its `text` blocks must be printed, in that order."""
    script = ["set -euo pipefail", "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT"]
    expected: list[str] = []
    for kind, text in BLOCK.findall((PAGES / page).read_text()):
        if kind == "sh":
            script.append(text)
        elif kind == "text":
            expected.append(text.strip())
    assert len(script) > 2, "the page has no commands"
    write_files(page, folder)
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    place = 0
    for text in expected:
        assert text in done.stdout[place:], f"{text!r} is not in:\n{done.stdout[place:]}"
        place = done.stdout.index(text, place)
