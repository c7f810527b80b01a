"""Golden migrations: from old to new schemas, the SQL for both databases, or what is refused."""

import io
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from codegen.evolve import ddl, plan
from codegen.model import Program, load_program
from codegen.runtime.storage.migrations import FILES, statements
from codegen.source.diagnostics import Report
from codegen.source.files import SourceFile
from codegen.source.printers import write_findings

CASES = Path(__file__).parents[1] / "cases" / "migrate"
REFUSED = "refused.txt"


def program(file: Path, folder: Path) -> Program:
    """The model of one file, which is copied to be a directory of schemas by itself."""
    text = file.read_text()
    if not text:
        return plan.EMPTY
    folder.mkdir()
    shutil.copy(file, folder / "shop.oschema")
    report = Report()
    found = load_program(folder, report)
    assert found is not None, [finding.message for finding in report]
    return found


def produced(case: Path, old: Program, new: Program) -> dict[str, str]:
    """The files that a case is expected to give."""
    report = Report()
    made = plan.plan(old, new, report)
    if not report.has_errors:
        return dict(made.files)
    source = SourceFile("shop.oschema", (case / "new.oschema").read_text())
    out = io.StringIO()
    findings = report.findings()
    write_findings(findings, {finding.span.path: source for finding in findings}, stream=out, colour=False)
    return {REFUSED: out.getvalue().replace(findings[0].span.path, "shop.oschema")}


def run(database: sqlite3.Connection, script: str) -> None:
    for statement in statements(script):
        database.execute(statement)


def shape(database: sqlite3.Connection) -> list[str]:
    """What is in a database, whatever the order of columns: SQLite writes new ones behind the others."""
    texts = (text for (text,) in database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))
    found = []
    for text in texts:
        table = re.fullmatch(r"(CREATE TABLE \S+ )\((.*?)\s*\) STRICT", text, re.DOTALL)
        found.append(table[1] + "\n".join(sorted(re.split(r"\s*,\s+(?=\")", table[2].strip()))) if table else text)
    return sorted(found)


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda path: path.name)
def test_case(case: Path, update: bool, tmp_path: Path) -> None:
    old, new = program(case / "old.oschema", tmp_path / "old"), program(case / "new.oschema", tmp_path / "new")
    found = produced(case, old, new)
    assert found == produced(case, old, new)
    expected = case / "expected"
    if update:
        shutil.rmtree(expected, ignore_errors=True)
        expected.mkdir()
        for name, text in found.items():
            (expected / name).write_text(text)
    kept = {path.name: path.read_text() for path in expected.iterdir()} if expected.is_dir() else {}
    assert found == kept
    if set(found) >= set(FILES):
        database = sqlite3.connect(":memory:", isolation_level=None)
        run(database, ddl.create_all(old, "sqlite"))
        before = shape(database)
        run(database, found["up.sqlite.sql"])
        after = shape(database)
        run(database, found["down.sqlite.sql"])
        assert shape(database) == before
        fresh = sqlite3.connect(":memory:", isolation_level=None)
        run(fresh, ddl.create_all(new, "sqlite"))
        assert after == shape(fresh)
