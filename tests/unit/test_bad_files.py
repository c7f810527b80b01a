"""Bytes that are no schema: findings at the right place, at once, never a traceback."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codegen.source.diagnostics import Finding, Report
from codegen.source.files import SourceFile, discover, load
from codegen.syntax import parse
from tests.waiting import PATIENCE


def findings(text: str) -> list[Finding]:
    report = Report()
    parse(SourceFile("a.oschema", text), report)
    return report.findings()


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"A = str\nB\xff = str\n", "OS002", 2, 2),
        ("é = \n".encode() + b"\xc3(", "OS002", 2, 1),
        ("A = str".encode("utf-16"), "OS002", 1, 1),
        (b"A = str\n  \0", "OS003", 2, 3),
        (b"\xef\xbb\xbfA = str\n", "OS004", 1, 1),
    ],
)
def test_bytes(tmp_path: Path, data: bytes, code: str, line: int, column: int) -> None:
    path = tmp_path / "a.oschema"
    path.write_bytes(data)
    report = Report()
    load(path, report)
    assert [(f.rule.code, f.span.line, f.span.column) for f in report] == [(code, line, column)]


def test_fifty_megabytes_and_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "a.oschema"
    with path.open("wb") as stream:
        stream.truncate(50 << 20)
    report = Report()
    assert load(path, report) is None
    assert load(tmp_path / "none.oschema", report) is None
    assert [f.rule.code for f in report] == ["OS005", "OS001"]


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.oschema")
    (tmp_path / "circle.oschema").symlink_to("circle.oschema")
    (tmp_path / "folder.oschema").mkdir()
    (tmp_path / "a.oschema").write_text("A = str\n")
    commands: list[list[str | Path]] = [
        ["lint", tmp_path],
        ["fmt", tmp_path],
        ["generate", "--schemas", tmp_path, "--out", tmp_path / "out"],
    ]
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "codegen", *command], capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.count("error[OS001]") == 2


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "map<str,",
        "{",
        "(",
        "A = {",
        "a(",
        "|",
        "@",
        "&",
        "[a",
        '"',
        "/// x\n",
        "A = [\n",
        "A = { a: str\n",
        "service S { a(\n",
        "-",
        "é ",
        "}",
        "? ",
        "A = str @a([",
        "a.",
        "'\n",
    ],
)
def test_repetition_is_read_in_linear_time_without_recursion(unit: str) -> None:
    started = time.process_time()
    for prefix in ("", "A = ", "A = { a: ", "service S { m(", "A = str @n("):
        findings(prefix + unit * 10_000)
    assert time.process_time() - started < 15


def test_types_nest_sixty_four_deep() -> None:
    def nested(depth: int) -> str:
        return f"A = {'[' * (depth - 1)}str{']' * (depth - 1)}\nB = str\n"

    assert findings(nested(64)) == []
    assert [f.rule.code for f in findings(nested(65))] == ["OS115"]
    assert [f.rule.code for f in findings(nested(10_000))] == ["OS115"]


def test_unterminated_string() -> None:
    found = findings('A = "week" | "month\nB = str\n')
    assert [(f.rule.code, f.span.line, f.span.column) for f in found] == [("OS103", 1, 14)]


def test_discover(tmp_path: Path) -> None:
    for name in ("z.oschema", "b/y.oschema", "b/x.oschema", ".git/h.oschema", "b/migrations/m.oschema", "c/readme.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("A = str\n")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    report = Report()
    modules = discover(tmp_path, report)
    assert [[file.relative_to(tmp_path).as_posix() for file in module.files] for module in modules] == [
        ["z.oschema"],
        ["b/x.oschema", "b/y.oschema"],
    ]
    assert not report.has_errors
    discover(tmp_path / "c", report)
    discover(tmp_path / "none", report)
    assert sorted(f.rule.code for f in report) == ["OS001", "OS006"]
