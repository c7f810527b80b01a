"""Terminals and pipes that are not UTF-8: what they cannot show is an escape, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.source.catalog import RULES

SCHEMA = "// Stra\u00dfe \u4e2d\nA = { name: Stra\u00dfe }\nB = { name: strr }  // \u4e2d\n"


def run(program: str, folder: Path, encoding: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [sys.executable, "-m", program, *arguments], cwd=folder, env=environment, capture_output=True, check=False
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_commands_print_to_any_terminal(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/a.oschema").write_text(SCHEMA, encoding="utf-8")
    for arguments in (["lint"], ["explain"], ["explain", "types"], ["lint", "--format", "github"], ["fmt", "--diff"]):
        done = run("codegen", tmp_path, encoding, *arguments)
        assert b"Traceback" not in done.stderr, done.stderr.decode(encoding)
    assert b"Traceback" not in run("handlers", tmp_path, encoding, "--help").stderr


def test_json_stays_json_where_the_terminal_is_ascii(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/a.oschema").write_text(SCHEMA, encoding="utf-8")
    found = json.loads(run("codegen", tmp_path, "ascii", "lint", "--format", "json").stdout)
    assert found["summary"]["errors"] == 2
    explained = json.loads(run("codegen", tmp_path, "ascii", "explain", "--format", "json").stdout)
    assert len(explained) == len(RULES)
