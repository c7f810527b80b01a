"""Turn text into tokens, line by line: no token reaches over the end of a line."""

import json
import re
from dataclasses import dataclass, field

from codegen.source import catalog
from codegen.source.diagnostics import Report, Rule
from codegen.source.files import SourceFile
from codegen.source.span import Span
from codegen.syntax.tree import Comment, DocLine

NAME, STRING, NUMBER, EOF = "name", "string", "number", "end"
"""Kinds of tokens; every sign is its own kind."""

MAX_FINDINGS = 1000

# PERF: one compiled expression; the groups are told apart by their number, most frequent first.
_TOKEN = re.compile(
    r"""[ \t]*(?:
    ([A-Za-z_][A-Za-z0-9_]*+(?!\w))                        # 1 name
  | (->|\.\.\.|[\[\]{}()<>@,;:=?|&!.])                     # 2 sign
  | (//[^\n]*|\#[^\n]*)                                    # 3 comment or doc line
  | ("[^"\\\n]*(?:\\.[^"\\\n]*)*"?)                        # 4 string, perhaps unterminated
  | (-?[0-9](?:[eE][+-][0-9]|[A-Za-z0-9_.])*)              # 5 number, perhaps malformed
  | ('[^'\n]*'?|\u201c[^\u201d\n]*\u201d?|`[^`\n]*`?)      # 6 string in the wrong quotes
  | ([^\W0-9]\w*)                                          # 7 name that is not ASCII
  | (/\*.*)                                                # 8 block comment
  | ([^ \t])                                               # 9 anything else
)""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"-?[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?\Z")
_ESCAPE = re.compile(
    r'\\(?:["\\/bfnrt]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}'
    r"|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class TooManyErrors(Exception):
    """The file has so many errors that reading on helps nobody."""


@dataclass(slots=True)
class Tokens:
    """The tokens of a file in parallel lists, the last one `EOF`; doc lines by the index of the token they precede."""

    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    docs: dict[int, list[DocLine]] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)


class Findings:
    """Adds to a report and gives up after `MAX_FINDINGS` in one file."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.count = 0

    def add(self, rule: Rule, span: Span, **values: object) -> None:
        self.count += 1
        if self.count > MAX_FINDINGS:
            self.report.add(catalog.TOO_MANY, span, limit=MAX_FINDINGS)
            raise TooManyErrors
        self.report.add(rule, span, **values)  # type: ignore[arg-type]


def tokenize(source: SourceFile, findings: Findings) -> Tokens:
    """All tokens of a file; what is no token is reported and left out."""
    tokens = Tokens()
    kinds, texts, lines, columns = tokens.kinds, tokens.texts, tokens.lines, tokens.columns
    path = source.path
    try:
        for number, line in enumerate(source.lines, 1):
            bad_until = -1
            for match in _TOKEN.finditer(line.rstrip(" \t\r")):
                group = match.lastindex
                assert group is not None
                text = match[group]
                column = match.end() - len(text) + 1
                if group == 1:
                    kind = NAME
                elif group == 2:
                    kind = text
                elif group == 4:
                    kind = STRING
                elif group == 5:
                    kind = NUMBER
                else:
                    span = Span(path, number, column, number, column + len(text))
                    if group == 3:
                        _comment(tokens, text, span, findings)
                        continue
                    if group == 9 and column == bad_until:  # a run of bad characters is one mistake
                        bad_until = column + 1
                        continue
                    wrong = _mistake(group, text, span, findings)
                    if wrong is None:
                        bad_until = span.end_column
                        continue
                    kind, text = wrong
                kinds.append(kind)
                texts.append(text)
                lines.append(number)
                columns.append(column)
    except TooManyErrors:
        pass
    kinds.append(EOF)
    texts.append("")
    lines.append(len(source.lines))
    columns.append(len(source.lines[-1]) + 1)
    return tokens


def _comment(tokens: Tokens, text: str, span: Span, findings: Findings) -> None:
    if not text.startswith("///") or text.startswith("////"):
        tokens.comments.append(Comment(text, span))
        return
    if tokens.lines and tokens.lines[-1] == span.line and tokens.kinds[-1] not in ("|", "{", "="):
        findings.add(catalog.DOC_AFTER_CODE, span)
    doc = DocLine(text[3:].removeprefix(" "), span)
    tokens.docs.setdefault(len(tokens.kinds), []).append(doc)


def _mistake(group: int, text: str, span: Span, findings: Findings) -> tuple[str, str] | None:
    """Report what is no token; the token it was probably meant to be, if any."""
    if group == 6:
        findings.add(catalog.SINGLE_QUOTES, span, near=json.dumps(_unquoted(text), ensure_ascii=False))
        return STRING, text
    if group == 7:
        findings.add(catalog.NAME_NOT_ASCII, span, name=text)
        return NAME, text
    if group == 8:
        findings.add(catalog.BLOCK_COMMENT, span)
        return None
    shown = f"`{text}`" if text.isprintable() else f"U+{ord(text):04X}"
    near = {
        "-": "results are written with `->`",
        "*": "begin a comment with `//`",
        "/": "begin a comment with `//`",
        "+": "write the number without `+`",
    }.get(text)
    findings.add(catalog.BAD_CHARACTER, span, character=shown, near=near)
    return None


def _unquoted(text: str) -> str:
    return text[1:].rstrip("'\u201d`")


def string_value(text: str, span: Span, findings: Findings) -> str:
    """What a string token means; the escapes that mean nothing are reported."""
    if text[0] != '"':  # reported as `SINGLE_QUOTES`
        return _unquoted(text)
    closed = len(text) > 1 and text[-1] == '"'
    if closed and "\\" not in text and text.isprintable():
        return text[1:-1]
    body = text[1:-1] if closed else text[1:]
    if closed and body.endswith("\\") and (len(body) - len(body.rstrip("\\"))) % 2:
        closed, body = False, text[1:]  # `"abc\"`: the quote is escaped
    if not closed:
        findings.add(catalog.UNTERMINATED_STRING, span)
        return ""
    if found := _CONTROL.search(body):
        at = span.column + 1 + found.start()
        findings.add(
            catalog.CONTROL_IN_STRING,
            Span(span.path, span.line, at, span.line, at + 1),
            character=f"U+{ord(found[0]):04X}",
            near=json.dumps(found[0])[1:-1],
        )
        return ""
    at = body.find("\\")
    while at >= 0:
        escape = _ESCAPE.match(body, at)
        if escape is None:
            _bad_escape(body, at, span, findings)
            return ""
        at = body.find("\\", escape.end())
    value = json.loads(f'"{body}"', strict=False)
    assert isinstance(value, str)
    return value


def _bad_escape(body: str, at: int, span: Span, findings: Findings) -> None:
    escape = body[at : at + (6 if body[at + 1] == "u" else 2)]
    near = None
    if len(escape) == 2:
        near = f"write `\\\\{escape[1]}` for a backslash" if escape[1].isprintable() else None
    elif re.fullmatch(r"\\u[0-9a-fA-F]{4}", escape):
        near = "write both halves of the surrogate pair, or the character itself"
    else:
        near = "`\\u` takes four hexadecimal digits"
    column = span.column + 1 + at
    shown = f"`{escape}`" if escape.isprintable() else ascii(escape)
    findings.add(
        catalog.BAD_ESCAPE, Span(span.path, span.line, column, span.line, column + len(escape)), escape=shown, near=near
    )


def number_value(text: str, span: Span, findings: Findings) -> tuple[str, int | float]:
    """A number token without its `_`, and its value; malformed ones are reported and count as 0."""
    shown = f"`{text}`" if len(text) <= 40 else f"`{text[:37]}…`"
    if not _NUMBER.match(text):
        reason = ": single `_` stand between digits" if "_" in text else ""
        findings.add(catalog.BAD_NUMBER, span, text=shown, reason=reason)
        return "0", 0
    plain = text.replace("_", "")
    if len(plain) > 100:
        findings.add(catalog.BAD_NUMBER, span, text=shown, reason=" of a useful size: it has more than 100 characters")
        return "0", 0
    if plain.lstrip("-").isdigit():
        return plain, int(plain)
    value = float(plain)
    if value in (float("inf"), float("-inf")):
        findings.add(catalog.BAD_NUMBER, span, text=shown, reason=" that a computer can hold")
        return "0", 0
    return plain, value
