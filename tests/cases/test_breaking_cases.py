"""Golden changes: from old to new schemas, each kind of change with its verdict on wire, storage and source."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen.cli import main
from codegen.model import Program, load_program
from codegen.rules.breaking import CHANGES, Change, Comparison, changes
from codegen.source.diagnostics import Report

CASES = Path(__file__).parents[1] / "cases" / "breaking"
NAMES = sorted(path.name for path in CASES.iterdir())


def program(folder: Path, text: str) -> Program:
    folder.mkdir(parents=True)
    (folder / "shop.oschema").write_text(text)
    report = Report()
    found = load_program(folder, report)
    assert found is not None, [finding.message for finding in report]
    return found


def verdict_line(change: Change) -> str:
    verdicts = ", ".join(f"{surface} {verdict}" for surface, verdict in change.verdicts.items())
    return f"{change.rule.name} {verdicts}"


@pytest.mark.parametrize("name", NAMES)
def test_verdicts(name: str, tmp_path: Path) -> None:
    """The verdicts are written by hand from the table of the language's evolution."""
    case = CASES / name
    old, new = (program(tmp_path / side / "shop", (case / f"{side}.oschema").read_text()) for side in ("old", "new"))
    found = sorted(verdict_line(change) for change in changes(Comparison(old, new)))
    assert found == sorted((case / "verdicts.txt").read_text().splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_output(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: bool) -> None:
    """What people read; the exit code follows the verdicts, surface by surface."""
    case = CASES / name
    for side in ("old", "new"):
        program(tmp_path / side, (case / f"{side}.oschema").read_text())
    monkeypatch.chdir(tmp_path)
    run = ["breaking", "--schemas", "new", "--against", "old"]
    result = CliRunner().invoke(main, run)
    expected = case / "expected.txt"
    if update:
        expected.write_text(result.output)
    assert result.output == expected.read_text()
    for place, surface in enumerate("WSC"):
        lines = (case / "verdicts.txt").read_text().splitlines()
        verdicts = {line.split(" ", 1)[1].split(", ")[place].split()[1] for line in lines}
        judged = CliRunner().invoke(main, [*run, "--surfaces", surface, "--format", "json"])
        assert judged.exit_code == (1 if verdicts & {"breaking", "approval"} else 0)
        for finding in json.loads(judged.output)["findings"]:
            assert finding["surfaces"].keys() == {surface}
            approve = ["--approve", f"{finding['rule']}:{finding['subject']}"]
            again = CliRunner().invoke(main, [*run, "--surfaces", surface, "--format", "json", *approve])
            mended = next(
                each
                for each in json.loads(again.output)["findings"]
                if (each["rule"], each["subject"]) == (finding["rule"], finding["subject"])
            )
            assert mended["severity"] == "warning"


def test_every_kind_of_change_has_a_case() -> None:
    shown = {line.split()[0] for name in NAMES for line in (CASES / name / "verdicts.txt").read_text().splitlines()}
    assert CHANGES.keys() - shown == {"TYPE_MOVE"}  # tried in tests/unit/test_breaking_command.py
