"""Golden trees of generated JSON Schema, models and strategies; each is also imported, linted and tried out."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from codegen.emit.run.generate import emit_kinds
from codegen.model import load_program
from codegen.model.model import Program
from codegen.source.diagnostics import Report
from tests.strict_types import strict_types

CASES = Path(__file__).parent / "generate"
KINDS = ("schema", "models", "strategies")


def program_of(directory: Path) -> Program:
    report = Report()
    program = load_program(directory, report)
    assert program is not None, [finding.message for finding in report]
    return program


def generate(directory: Path) -> dict[str, str]:
    return {path: want.data.decode() for path, want in emit_kinds(program_of(directory), KINDS).items()}


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_case(case: str, update: bool) -> None:
    expected = CASES / case / "expected"
    texts = generate(CASES / case / "schemas")
    if update:
        for path in [*expected.rglob("*")]:
            if path.is_file():
                path.unlink()
        for name, text in texts.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_text(text)
    found = {path.relative_to(expected).as_posix(): path.read_text() for path in expected.rglob("*")
             if path.is_file() and "__pycache__" not in path.parts}
    assert texts == found
    document = json.loads(texts["schema.json"])
    jsonschema.Draft202012Validator.check_schema(document)
    assert_references_lead_somewhere(document)


def assert_references_lead_somewhere(document: dict[str, object]) -> None:
    pending: list[object] = [document]
    definitions = document["$defs"]
    assert isinstance(definitions, dict)
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str):
                assert reference.removeprefix("#/$defs/") in definitions
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)


def test_all_cases_are_clean(tmp_path: Path) -> None:
    """ruff with the project's own rules, and mypy --strict, on all of them in one run each."""
    for case in CASES.iterdir():
        shutil.copytree(case / "expected", tmp_path / case.name)
    root = Path(__file__).parents[2]
    lint: list[str | Path] = [sys.executable, "-m", "ruff", "check", "--config", root / "pyproject.toml", tmp_path]
    packages = [path.parent for path in sorted(tmp_path.glob("*/__init__.py"))]
    for done in (
        subprocess.run(lint, capture_output=True, text=True, check=False, cwd=root),
        strict_types(tmp_path, *packages),
    ):
        assert done.returncode == 0, done.stdout + done.stderr
