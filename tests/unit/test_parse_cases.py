"""Each case in tests/cases/parse: findings stand exactly where the input marks them, and good parts survive.

A mark is `# ERROR OS101 "substring"` (or WARNING) at the end of the line; `# KEEPS A B c` lists what must be in the
tree: declarations by name, members as `Declaration.member`.
"""

import re
from pathlib import Path

import pytest

from codegen.source.diagnostics import Report
from codegen.source.files import SourceFile
from codegen.syntax import parse, tree

CASES = sorted((Path(__file__).parent.parent / "cases" / "parse").glob("*/input.oschema"))
MARK = re.compile(r'# (ERROR|WARNING) (OS\d{3}) "([^"]*)"')


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.parent.name)
def test_case(case: Path) -> None:
    text = case.read_text()
    report = Report()
    file = parse(SourceFile("input.oschema", text), report)
    marks = {number: mark for number, line in enumerate(text.split("\n"), 1) if (mark := MARK.search(line))}
    found = {finding.span.line: finding for finding in report}
    shown = {line: f"{finding.rule.code} {finding.message}; {finding.fix}" for line, finding in found.items()}
    assert found.keys() == marks.keys(), shown
    for line, mark in marks.items():
        assert found[line].rule.code == mark[2], shown
        assert found[line].rule.severity == mark[1].lower()
        assert mark[3] in shown[line], shown
    kept = set(names(file))
    wanted = {word for line in re.findall(r"# KEEPS (.*)", text) for word in line.split()}
    assert wanted <= kept, kept
    assert wanted or marks, "a case needs a mark or something kept"


def names(file: tree.File) -> list[str]:
    found = [file.module.name.text] if file.module else []
    for declaration in file.declarations:
        owner = declaration.name.text
        found.append(owner)
        body = getattr(declaration, "body", None)
        members = body.fields if isinstance(body, tree.Struct) else getattr(declaration, "methods", ())
        found += [f"{owner}.{member.name.text}" for member in members]
        if isinstance(declaration, tree.TypeDef):
            found += [f"[{note.name.text}]{owner}" for note in declaration.brackets]
    return found
