"""Doc lines with quotes, backslashes and ends of comments stand in every output as they were written."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.emit.run.generate import emit_kinds
from codegen.model import load_program
from codegen.source.diagnostics import Report
from tests.npm import compile_types

KINDS = (
    "schema",
    "models",
    "errors",
    "tables",
    "services",
    "routes",
    "plugins",
    "conformance",
    "strategies",
    "openrpc",
)
LINES = (
    'it ends with a "quote"',
    '"""',
    'ends with three """',
    'four """" inside, and "two" here',
    "ends with a backslash \\",
    'a backslash before a quote \\"',
    "C:\\new\\table \\u0041 \\N{BULLET}",
    "ends the comment */",
    "*/ begins with it",
    "`code` and a lone `",
    "ends with `",
    "'''",
    "{{ braces }} {% percent %} {# hash #}",
    "${1 + 1} // # ///",
    "é ✓ 😀",
)
SCHEMA = """\
module docs "1.0.0"
{doc}
Color =
    {doc}
    | "red"
    | "blue"
{doc}
Mood = "good" | ...
{doc}
Name = str
{doc}
Item = {{
    {doc}
    name: Name
    {doc}
    other?: map<str, Item>
}}
{doc}
Other = {{ on: bool }}
{doc}
Either = Item | Other
{doc}
[rootobject, auth(public)]
Kept = {{
    {doc}
    item: Item
    {doc}
    mood?: Mood   @index
}}
{doc}
error Gone(1100, 404) "gone" {{
    {doc}
    item: Item
}}
{doc}
[auth(public)]
service ShowService {{
    {doc}
    show(item: Item) -> Item ! Gone
}}
{doc}
interface Printer {{
    {doc}
    print_it(item: Item) -> Item ! Gone
}}
{doc}
event Printed {{
    {doc}
    item: Item
}}
{doc}
webhook printed("/printed") -> Item
"""


def emitted(tmp_path: Path, line: str) -> Iterator[tuple[str, str]]:
    (tmp_path / "docs.oschema").write_text(SCHEMA.format(doc=f"/// {line}"))
    report = Report()
    program = load_program(tmp_path, report)
    assert program is not None, [finding.message for finding in report.findings()]
    for path, want in emit_kinds(program, (*KINDS, "clients")).items():
        yield path, want.data.decode()


@pytest.mark.parametrize("line", LINES)
def test_a_doc_line_survives(tmp_path: Path, line: str) -> None:
    said = " ".join(line.split())
    for path, text in emitted(tmp_path, line):
        if path.endswith(".py"):
            tree = ast.parse(text, path)
            found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            texts = [" ".join(value.split()) for value in found if isinstance(value, str)]
            if path.split("/")[0] in ("models", "services", "errors", "plugins") and "__init__" not in path:
                assert any(said in value for value in texts), path
        elif path in ("schema.json", "openrpc.json"):
            json.loads(text)
            assert json.dumps(line, ensure_ascii=False)[1:-1] in text, path
        elif path == "clients/typescript/modules/docs.ts":
            assert line.replace("*/", "*\\/") in text


def test_all_of_them_compile_in_typescript(tmp_path: Path) -> None:
    rows = SCHEMA.format(doc="DOC").split("\n")
    docs = "\n".join(f"/// {line}" for line in LINES)
    (tmp_path / "docs.oschema").write_text("\n".join(docs if row.strip() == "DOC" else row for row in rows))
    program = load_program(tmp_path, Report())
    assert program is not None
    for name, wanted in emit_kinds(program, ("clients",)).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(wanted.data)
    done = compile_types(tmp_path / "clients/typescript/client.ts")
    assert done.returncode == 0, done.stdout
