"""The examples that `oschema explain` shows: what is called wrong breaks the rule, what is called right does not."""

import re
from pathlib import Path

import pytest

from codegen.model import load_sources
from codegen.rules import Subject, lint
from codegen.source.catalog import RULES
from codegen.source.diagnostics import Finding, Report

AROUND = {
    "User": "[rootobject, principal] User = { name: str @unique @len(1, 80) }",
    "Status": 'Status = "open" | "done"',
    "PlanUnknown": "error PlanUnknown(1104, 404)",
    "AlreadyReleased": "error AlreadyReleased(1105, 409)",
    "Allocation": '[rootobject] Allocation = { status: AllocationStatus }  AllocationStatus = "up" | "down"',
    "Card": "Card = { number: str }",
    "Cash": "Cash = { note: str }",
    "Hit": "Hit = { title: str }",
    "Refund": "Refund = { title: str }",
    "Balance": "Balance = { total: money<USD> }",
    "Summary": "Summary = { title: str }",
}
"""What the examples take for granted."""
EXAMPLES = [
    (rule.code, kind, text)
    for rule in RULES.values()
    for kind, text in re.findall(r"^    (wrong|right) +(.+?)(?: +\(.*\))?$", rule.why, re.MULTILINE)
]


def declaration(part: str, number: int) -> str:
    """A part of an example as a whole declaration."""
    if re.match(r"\w+\??: ", part):
        return f"[rootobject] Sample{number} = {{\n{part}\nlabel: i32 @unique\n}}"
    if re.match(r"[a-z]\w*\(", part):
        return f"service Sample{number}Service {{\n{part}\n}}"
    if part.startswith("map<"):
        return f"Sample{number} = {{ value: {part} }}"
    if part.startswith("@"):
        return f"Sample{number} = {{ value: str {part} }}"
    if part.startswith("[version"):
        return f"{part} service Sample{number}Service {{ go() }}"
    return part.replace("{ … }", "{ name: str }")


def findings(text: str, root: Path) -> list[Finding]:
    parts = re.split(r" {3,}", text)
    heads = [part for part in parts if part.startswith(("module ", "import "))]
    rest = [declaration(part, number) for number, part in enumerate(parts) if part not in heads]
    words = " ".join(rest)
    rest += [
        written
        for name, written in AROUND.items()
        if re.search(rf"\b({name}\b|{name.lower()}_sid:)", words) and not re.search(rf"\b{name} =", words)
    ]
    for folder, content in (("common", []), ("prices", []), ("billing", [*heads, *rest])):
        (root / folder).mkdir()
        (root / folder / "types.oschema").write_text("\n".join(content))
    report = Report()
    sources = load_sources(root, report)
    program = sources.resolve(report)
    if program is not None:
        lint(Subject(program, sources.trees), report)
    return report.findings()


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 90
    kinds = [kind for _, kind, _ in EXAMPLES]
    assert kinds.count("wrong") == kinds.count("right")


@pytest.mark.parametrize(("code", "kind", "text"), EXAMPLES, ids=[f"{code}-{kind}" for code, kind, _ in EXAMPLES])
def test_example(code: str, kind: str, text: str, tmp_path: Path) -> None:
    found = findings(text, tmp_path)
    said = [f"{finding.rule.code} {finding.message}" for finding in found]
    if kind == "wrong":
        assert code in [finding.rule.code for finding in found], said
    else:
        assert not [finding for finding in found if finding.rule.code == code or finding.rule.severity == "error"], said
