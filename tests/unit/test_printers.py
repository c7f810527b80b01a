"""Findings as people, programs and GitHub see them, to the byte."""

import io
import json
import re

from codegen.source.catalog import RULES
from codegen.source.diagnostics import Finding, Related, Report, Rule
from codegen.source.files import SourceFile
from codegen.source.frames import WIDTH, clip
from codegen.source.printers import write_findings
from codegen.source.span import Span

RULE = Rule("OS999", "error", "unknown type {name!r}", fix="did you mean {near!r}?")
SOURCE = SourceFile("shop/a.oschema", 'A = {\n\tname: Strr  @len(0, 80)\n    日本: "x"\n}\n')
SPAN = Span("shop/a.oschema", 2, 8, 2, 12)


def printed(findings: list[Finding], form: str, colour: bool = False) -> str:
    stream = io.StringIO()
    write_findings(findings, {SOURCE.path: SOURCE}, form, stream, colour)
    return stream.getvalue()


def finding(span: Span = SPAN, *related: Related) -> Finding:
    report = Report()
    report.add(RULE, span, name="Strr", near="str", related=related)
    return report.findings()[0]


def test_text() -> None:
    related = Related(Span("shop/a.oschema", 1, 5, 1, 6), "the struct opened here")
    assert (
        printed([finding(SPAN, related)], "text")
        == """\
error[OS999]: unknown type 'Strr'
 --> shop/a.oschema:2:8
  |
2 |     name: Strr  @len(0, 80)
  |           ^^^^
  :
1 | A = {
  |     ^ the struct opened here
  = fix: did you mean 'str'?

1 error in 1 file; `oschema explain OS999` tells more
"""
    )


def test_text_of_wide_characters_and_a_place_in_another_file() -> None:
    related = Related(Span("b.oschema", 7, 1, 7, 2), "declared there")
    assert printed([finding(Span("shop/a.oschema", 3, 5, 3, 7), related)], "text").splitlines()[1:7] == [
        " --> shop/a.oschema:3:5",
        "  |",
        '3 |     日本: "x"',
        "  |     ^^^^",
        " ::: b.oschema:7:1",
        "  = declared there",
    ]


def test_second_place_on_the_same_line_has_no_frame_of_its_own() -> None:
    related = Related(Span("shop/a.oschema", 2, 18, 2, 19), "opened here")
    assert printed([finding(SPAN, related)], "text").splitlines()[3:6] == [
        "2 |     name: Strr  @len(0, 80)",
        "  |           ^^^^",
        "  |                     ^ opened here",
    ]


def test_colour_is_taken_off_to_the_same_text() -> None:
    coloured = printed([finding()], "text", colour=True)
    assert "\x1b[1;31merror[OS999]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == printed([finding()], "text")


def test_json() -> None:
    related = Related(Span("b.oschema", 7, 1, 7, 2), "declared there")
    assert json.loads(printed([finding(SPAN, related)], "json")) == {
        "findings": [
            {
                "code": "OS999",
                "severity": "error",
                "message": "unknown type 'Strr'",
                "path": "shop/a.oschema",
                "line": 2,
                "column": 8,
                "end_line": 2,
                "end_column": 12,
                "fix": "did you mean 'str'?",
                "related": [{"path": "b.oschema", "line": 7, "column": 1, "message": "declared there"}],
            }
        ],
        "summary": {"errors": 1, "warnings": 0},
    }


def test_github_escapes_what_would_end_the_command() -> None:
    odd = Finding(RULE, Span("a,b:c.oschema", 2, 8, 2, 12), "50%\nnext ::x")
    assert printed([odd], "github") == (
        "::error file=a%2Cb%3Ac.oschema,line=2,col=8,endLine=2,endColumn=12,title=OS999::50%25%0Anext ::x\n"
    )


def test_nothing_found_prints_nothing_as_text() -> None:
    assert printed([], "text") == "" == printed([], "github")


def test_long_lines_are_clipped_around_the_place() -> None:
    text = "x" * 500_000 + "HERE" + "y" * 500_000
    shown, before, width = clip(text, 500_000, 500_004)
    assert shown[before : before + width] == "HERE"
    assert shown[0] == shown[-1] == "…" and len(shown) <= WIDTH + 1


def test_every_rule_of_files_and_syntax_is_explained() -> None:
    assert all(len(rule.why) > 10 for code, rule in RULES.items() if code < "OS2")
