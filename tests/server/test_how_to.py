"""The how-to pages do what they say: their shell blocks are run in order, their files written, their output seen."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.py)\n")


def follow(page: str, folder: Path, **variables: str) -> None:
    """Do what a page says in `folder`: `sh` is run, `python` that names a file is written, `text` must be printed."""
    script = ["set -euo pipefail", "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT"]
    expected: list[str] = []
    for kind, text in BLOCK.findall((ROOT / "docs/how-to" / page).read_text()):
        if kind == "sh":
            script.append(text)
        elif kind == "python" and (named := FILE.match(text)):
            (folder / named.group(1)).write_text(text)
        elif kind == "text":
            expected.append(text.strip())
    assert len(script) > 2, "the page has no commands"
    environment = {
        **os.environ, **variables, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", "\n".join(script)], cwd=folder, env=environment, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, done.stdout
    place = 0
    for text in expected:
        assert text in done.stdout[place:], f"{text!r} is not in:\n{done.stdout[place:]}"
        place = done.stdout.index(text, place)


def test_use_the_generator(tmp_path: Path) -> None:
    follow("use-the-generator.md", tmp_path)


def test_change_a_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("schemas", "generated", "handlers", "providers", "codegen"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(str(tmp_path))   # the copy, not the original
    follow("change-a-schema.md", tmp_path, HERO_ONBOARDING_VAR_DIR=str(tmp_path / "var"))
