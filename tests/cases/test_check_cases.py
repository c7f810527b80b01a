"""Golden cases of checker and linter: expected findings stand in the input, the model of valid input beside it."""

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from codegen.model import Program, Sources, load_sources
from codegen.rules import Subject, lint
from codegen.source.catalog import RULES
from codegen.source.diagnostics import Report
from codegen.source.files import SourceFile
from codegen.syntax import format_file, parse

HERE = Path(__file__).parent
CHECK = sorted((HERE / "check").iterdir())
LINT = sorted((HERE / "lint").iterdir())
MARK = re.compile(r'# (ERROR|WARNING) (OS\d+) ("(?:[^"\\]|\\.)*")\s*$')


def marks(case: Path) -> dict[tuple[str, int], tuple[str, str, str]]:
    """(file, line) → severity, code (or its beginning), part of the message or fix."""
    found = {}
    for path in sorted(case.rglob("*.oschema")):
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if match := MARK.search(line):
                found[path.relative_to(case).as_posix(), number] = (match[1].lower(), match[2], json.loads(match[3]))
            else:
                assert "# ERROR" not in line and "# WARNING" not in line, f"a mark that cannot be read: {line}"
    return found


def check_marks(case: Path, report: Report) -> None:
    """Each mark has its finding, and each finding its mark."""
    expected = marks(case)
    shown = []
    for finding in report.findings():
        place = (Path(finding.span.path).relative_to(case).as_posix(), finding.span.line)
        text = f"{finding.message} | {finding.fix}"
        shown.append(f"{place[0]}:{place[1]}: {finding.rule.severity} {finding.rule.code} {text}")
        severity, code, part = expected.pop(place, ("", "", ""))
        assert severity == finding.rule.severity and code and finding.rule.code.startswith(code) and part in text, (
            "\n".join(["unexpected or different finding:", *shown[-1:]])
        )
    assert not expected, "marks without a finding:\n" + "\n".join(f"{p}:{n}: {m}" for (p, n), m in expected.items())


def dump(value: Any) -> Any:
    """The model as JSON, without places and without what is at its default."""
    if dataclasses.is_dataclass(value):
        shown = {"": type(value).__name__}
        for field in dataclasses.fields(value):
            held = getattr(value, field.name)
            default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
            if field.name != "span" and held != default:
                shown[field.name] = dump(held)
        return shown
    if isinstance(value, Mapping):
        return {key: dump(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [dump(item) for item in value]
    return value


def formatted(sources: Sources) -> Sources:
    """The same directory, each file as the formatter writes it."""
    own = Report()
    again = Sources(sources.root_name)
    for directory, trees in sources.trees.items():
        texts = [SourceFile(file.path, format_file(sources.texts[file.path], file)) for file in trees]
        again.trees[directory] = [parse(text, own) for text in texts]
    assert not own.has_errors, list(own)
    return again


def resolved(case: Path) -> tuple[Report, Sources, Program | None]:
    report = Report()
    sources = load_sources(case, report)
    return report, sources, sources.resolve(report)


@pytest.mark.parametrize("case", CHECK, ids=lambda path: path.name)
def test_check(case: Path, update: bool) -> None:
    report, sources, program = resolved(case)
    check_marks(case, report)
    assert (program is None) == report.has_errors
    expected = case / "expected.json"
    if program is None:
        assert not expected.exists()
        return
    text = json.dumps(dump(program), indent=1, ensure_ascii=False) + "\n"
    if update:
        expected.write_text(text)
    assert expected.read_text() == text
    assert dump(formatted(sources).resolve(Report())) == dump(program), "formatting changes the meaning"


@pytest.mark.parametrize("case", LINT, ids=lambda path: path.name)
def test_lint(case: Path) -> None:
    report, sources, program = resolved(case)
    assert program is not None, list(report)
    lint(Subject(program, sources.trees), report)
    check_marks(case, report)


@pytest.mark.parametrize("section", ["OS2", "OS3", "OS4", "OS5"])
def test_every_rule_has_a_case(section: str) -> None:
    hit = {code for case in (*CHECK, *LINT) for _, code, _ in marks(case).values()}
    assert not {code for code in RULES if code.startswith(section)} - hit


@pytest.mark.parametrize("code", [code for code in RULES if code[2] in "2345"])
def test_every_rule_says_why(code: str) -> None:
    rule = RULES[code]
    assert len(rule.why.strip()) > 60 and rule.why.endswith("\n")
