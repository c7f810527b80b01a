"""Golden trees of generated JSON Schema, models and strategies; each is also imported, linted and tried out.

One case, `everything`, has all kinds of output.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import jsonschema
import pytest

from codegen.emit.output import KINDS as EVERY_KIND
from codegen.emit.run.generate import PACKAGES, emit_kinds
from codegen.model import load_program
from codegen.model.model import Program
from codegen.source.diagnostics import Report
from tests.npm import compile_types
from tests.strict_types import strict_types

CASES = Path(__file__).parent / "generate"
KINDS = ("schema", "models", "strategies")


def program_of(directory: Path) -> Program:
    report = Report()
    program = load_program(directory, report)
    assert program is not None, [finding.message for finding in report]
    return program


def generate(directory: Path, kinds: Collection[str] = KINDS) -> dict[str, str]:
    return {path: want.data.decode() for path, want in emit_kinds(program_of(directory), kinds).items()}


def check_tree(expected: Path, texts: dict[str, str], update: bool) -> None:
    if update:
        for path in [*expected.rglob("*")]:
            if path.is_file():
                path.unlink()
        for name, text in texts.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_text(text)
    found = {
        path.relative_to(expected).as_posix(): path.read_text()
        for path in expected.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert texts == found


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_case(case: str, update: bool) -> None:
    texts = generate(CASES / case / "schemas")
    check_tree(CASES / case / "expected", texts, update)
    document = json.loads(texts["schema.json"])
    jsonschema.Draft202012Validator.check_schema(document)
    assert_references_lead_somewhere(document)


def test_everything(update: bool) -> None:
    """All kinds of output of one program that uses most of the language."""
    case = CASES.parent / "everything"
    check_tree(case / "expected", generate(case / "schemas", [*EVERY_KIND, PACKAGES]), update)


def test_the_typescript_of_everything_compiles() -> None:
    done = compile_types(CASES.parent / "everything/expected/clients/typescript/client.ts")
    assert done.returncode == 0, done.stdout


def test_clients_of_each_verb_alone_compile(tmp_path: Path) -> None:
    """What one verb needs does not hang on another's being offered."""
    verbs = ("new", "get", "set", "patch", "delete", "list", "list_full", "exists", "find")
    (tmp_path / "schemas/shop").mkdir(parents=True)
    (tmp_path / "schemas/shop/shop.oschema").write_text(
        "module shop\n"
        + "".join(
            f"[rootobject, auth(public), crud({verb})]\n"
            f"{verb.title().replace('_', '')}Thing = {{ name: str @index @len(1, 9)  pin?: str @sensitive }}\n"
            for verb in verbs
        )
    )
    for path, text in generate(tmp_path / "schemas", ("models", "errors", "clients")).items():
        (tmp_path / "made" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "made" / path).write_text(text)
    done = compile_types(tmp_path / "made/clients/typescript/client.ts")
    assert done.returncode == 0, done.stdout
    checked = strict_types(tmp_path, tmp_path / "made/clients/python")
    assert checked.returncode == 0, checked.stdout


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
