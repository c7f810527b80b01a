"""Each case in tests/cases/format: the expected text, stable, with the same meaning and every comment."""

from pathlib import Path

import pytest

from codegen.source.diagnostics import Report
from codegen.source.files import SourceFile
from codegen.syntax import format_file, parse
from codegen.syntax.compare import same_meaning

CASES = sorted(path for path in (Path(__file__).parent.parent / "cases" / "format").iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case: Path, update: bool) -> None:
    source = SourceFile("input.oschema", (case / "input.oschema").read_text())
    report = Report()
    file = parse(source, report)
    assert not list(report)
    text = format_file(source, file)
    formatted = SourceFile("expected.oschema", text)
    again = parse(formatted, report)
    assert not list(report)
    assert same_meaning(file, again)
    assert sorted(comment.text.rstrip() for comment in again.comments) == sorted(
        comment.text.rstrip() for comment in file.comments
    )
    assert format_file(formatted, again) == text
    expected = case / "expected.oschema"
    if update:
        expected.write_text(text)
    assert text == expected.read_text()
