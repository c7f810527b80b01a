"""Write a tree in the one way schemas are written, with every comment of its file."""

import re
from collections.abc import Callable, Generator, Iterator, Sequence

from codegen.source.files import SourceFile
from codegen.source.span import Span
from codegen.syntax import tree
from codegen.syntax.inference import inferred_type
from codegen.syntax.layout import Entry, Line, Row, render
from codegen.syntax.spelling import Spelling

WIDTH = 120
"""Columns that a line may take, where it could be broken."""
ENUM_WIDTH = 100
"""The same for alternatives beside one another."""
INDENT = "    "
Position = tuple[int, int]
_CLOSING_PAREN = re.compile(r"(?:[\s,(]+|(?://|#)[^\n]*)*+\)")
Annotated = tree.Declaration | tree.Field | tree.Method | tree.Alternative


def format_file(source: SourceFile, file: tree.File) -> str:
    """The formatted text of a file that was read without errors; formatting it again changes nothing."""
    return render(Formatter(source, file).file())


def start(span: Span) -> Position:
    return span.line, span.column


def end(span: Span) -> Position:
    return span.end_line, span.end_column


class Formatter:
    """Walks the tree in the order of the file and hands out the comments on the way."""

    def __init__(self, source: SourceFile, file: tree.File) -> None:
        self.source = source
        self.tree = file
        self.spell = Spelling(source)
        self.comments = list(reversed(file.comments))
        self.structs = {
            declaration.name.text: declaration.body
            for declaration in file.declarations
            if isinstance(declaration, tree.TypeDef) and isinstance(declaration.body, tree.Struct)
        }

    # --- comments -----------------------------------------------------------------------------------------------

    def take(self, before: Position) -> list[tree.Comment]:
        """The comments not yet written that stand before a place."""
        taken = []
        while self.comments and start(self.comments[-1].span) < before:
            taken.append(self.comments.pop())
        return taken

    def trailing(self, line: int, before: Position) -> str:
        """The comment at the end of a line, if it stands before the next thing to write."""
        if self.comments and self.comments[-1].span.line == line and start(self.comments[-1].span) < before:
            return self.comments.pop().text.rstrip()
        return ""

    def own_line(self, comment: tree.Comment) -> bool:
        return not self.source.lines[comment.span.line - 1][: comment.span.column - 1].strip()

    def blank_before(self, line: int) -> bool:
        return line > 1 and not self.source.lines[line - 2].strip()

    def has_comment(self, before: Position) -> bool:
        return bool(self.comments) and start(self.comments[-1].span) < before

    # --- sequences of things ------------------------------------------------------------------------------------

    def sequence(
        self,
        items: Sequence[
            tree.Declaration
            | tree.Field
            | tree.Method
            | tree.Alternative
            | tree.Param
            | tree.Import
            | tree.ModuleHeader
            | tree.Name
        ],
        write: Callable[[int, Position], Iterator[Entry]],
        close: Position,
        indent: str,
    ) -> Iterator[Entry]:
        """Things one below the other with their comments; at most one blank line between them, none at the ends."""
        last = 0  # the line of the source that was written last; 0 at the beginning
        for index, item in enumerate(items):
            last = yield from self.comment_lines(start(item.span), indent, last)
            if 0 < last < item.span.line and self.blank_before(item.span.line):
                yield Line("")
            yield from write(index, start(items[index + 1].span) if index + 1 < len(items) else close)
            last = item.span.end_line
        yield from self.comment_lines(close, indent, last)

    def comment_lines(self, before: Position, indent: str, last: int) -> Generator[Entry, None, int]:
        """The comments before a place, one per line; gives back the line of the source that was written last."""
        for comment in self.take(before):
            if 0 < last < comment.span.line and self.blank_before(comment.span.line):
                yield Line("")
            yield self.comment_line(comment, indent)
            last = comment.span.line
        return last

    @staticmethod
    def comment_line(comment: tree.Comment, indent: str) -> Line:
        """A comment on a line of its own; among members it does not interrupt their table."""
        return Line(indent + comment.text.rstrip(), joins=bool(indent))

    def head(
        self, item: Annotated, core: Position, indent: str, brackets: tuple[tree.Note, ...] = ()
    ) -> Iterator[Entry]:
        """Doc lines, the comments among them, and the notes in front, up to the first word."""
        comments = self.take(core)
        written = [end(note.span) for note in brackets if start(note.span) < core]
        below = [
            comment for comment in comments if written and start(comment.span) > written[-1] and self.own_line(comment)
        ]
        beside = [comment for comment in comments if not self.own_line(comment)]
        if not brackets or len(beside) != 1:
            beside = []
        above = [comment for comment in comments if comment not in below and comment not in beside]
        lines = [(start(doc.span), f"/// {doc.text}") for doc in item.docs]
        lines += [(start(comment.span), comment.text) for comment in above]
        for _, text in sorted(lines):
            yield Line(indent + text.rstrip(), joins=bool(indent))
        if brackets:
            notes = [self.spell.note(note) for note in brackets]
            text = f"[{', '.join(notes)}]"
            if len(text) > WIDTH and len(notes) > 1:
                yield Line("[")
                yield from (Line(f"{INDENT}{note},") for note in notes[:-1])
                yield Line(f"{INDENT}{notes[-1]}")
                text = "]"
            yield Row("brackets", (text,), beside[0].text.rstrip() if beside else "")
        yield from (self.comment_line(comment, indent) for comment in below)

    def inside(self, last: Position, line: int, limit: Position, indent: str) -> tuple[list[Line], str]:
        """The comments inside something that goes on one line: those written above it, and the one at its end."""
        inner = self.take(last)
        comment = self.trailing(line, limit)
        if not comment and inner and not self.own_line(inner[-1]):
            comment = inner.pop().text.rstrip()
        return [self.comment_line(item, indent) for item in inner], comment

    # --- the file -----------------------------------------------------------------------------------------------

    def file(self) -> Iterator[Entry]:
        items = [*([self.tree.module] if self.tree.module else []), *self.tree.imports, *self.tree.declarations]

        def write(index: int, limit: Position) -> Iterator[Entry]:
            return self.top(items[index], limit)

        return self.sequence(items, write, (len(self.source.lines) + 1, 0), "")

    def top(self, item: tree.ModuleHeader | tree.Import | tree.Declaration, limit: Position) -> Iterator[Entry]:
        match item:
            case tree.ModuleHeader():
                version = f" {self.spell.value(item.version)}" if item.version else ""
                yield from self.line(item.span, "header", (f"module {item.name.text}{version}",), limit)
            case tree.Import():
                alias = f" as {item.alias.text}" if item.alias else ""
                yield from self.line(item.span, "header", (f"import {self.spell.value(item.target)}{alias}",), limit)
            case tree.TypeDef():
                yield from self.head(item, start(item.name.span), "", item.brackets)
                yield from self.typedef(item, limit)
            case tree.Service() | tree.Interface():
                yield from self.head(item, self.core(item), "", item.brackets)
                word = "service" if isinstance(item, tree.Service) else "interface"
                yield from self.methods(f"{word} {item.name.text}", item, limit)
            case tree.Error():
                yield from self.head(item, self.core(item), "", item.brackets)
                yield from self.error(item, limit)
            case tree.Event():
                yield from self.head(item, self.core(item), "", item.brackets)
                yield from self.struct((f"event {item.name.text}",), "event", "", item.body, item.span, limit)
            case tree.Webhook():
                yield from self.head(item, self.core(item), "", item.brackets)
                text = (
                    f"webhook {item.name.text}({self.spell.value(item.route)})"
                    f"{self.spell.outcome(item.result, item.errors)} {self.spell.notes(item.notes)}"
                )
                yield from self.line(item.span, "webhook", (text.rstrip(),), limit)

    @staticmethod
    def core(item: tree.Declaration) -> Position:
        """Where the name stands; the keyword before it takes no comment of its own."""
        return start(item.name.span)

    def line(self, span: Span, kind: str, cells: tuple[str, ...], limit: Position, indent: str = "") -> Iterator[Entry]:
        """Something that goes on one line, and its comments."""
        above, comment = self.inside(end(span), span.end_line, limit, indent)
        yield from above
        yield Row(kind, cells, comment)

    def error(self, item: tree.Error, limit: Position) -> Iterator[Entry]:
        numbers = ", ".join(self.spell.value(number) for number in (item.code, item.status) if number)
        head = f"error {item.name.text}({numbers})"
        message = self.spell.value(item.message) if item.message else ""
        if item.body is None:
            yield from self.line(item.span, "error", (head, message), limit)
        else:
            yield from self.struct((head, message), "error", "", item.body, item.span, limit)

    def typedef(self, item: tree.TypeDef, limit: Position) -> Iterator[Entry]:
        if isinstance(item.body, tree.Struct):
            yield from self.struct((item.name.text,), "typedef", "= ", item.body, item.span, limit)
            return
        beside = ""
        if self.has_comment(start(item.body.span)) and not self.own_line(self.comments[-1]):
            beside = self.comments.pop().text.rstrip()
        texts = [self.spell.alternative(alternative) for alternative in item.body.items]
        texts += ["..."] if item.body.open_span else []
        whole = " | ".join(texts)
        last = item.body.open_span or item.body.items[-1].span
        plain = not any(alternative.docs for alternative in item.body.items) and not self.has_comment(start(last))
        fits = len(texts) == 1 or len(f"{item.name.text} = {whole}") <= ENUM_WIDTH
        if plain and fits:
            above, comment = self.inside(end(item.span), item.span.end_line, limit, "")
            yield from above
            if beside and comment:
                yield Line(beside)
            yield Row("typedef", (item.name.text, f"= {whole}"), comment or beside)
            return
        yield Row("open", (f"{item.name.text} =",), beside)
        yield from self.alternatives(item.body, texts, limit)

    def comments_in(self, span: Span) -> bool:
        return self.has_comment(end(span))

    def alternatives(self, body: tree.Alternatives, texts: list[str], limit: Position) -> Iterator[Entry]:
        items: list[tree.Alternative | tree.Name] = list(body.items)
        if body.open_span:
            items.append(tree.Name("...", body.open_span))

        def write(index: int, following: Position) -> Iterator[Entry]:
            item = items[index]
            if isinstance(item, tree.Alternative):
                yield from self.head(item, start(item.value.span), INDENT)
            yield from self.line(item.span, "alternative", (f"{INDENT}| {texts[index]}",), following, INDENT)

        close = min(limit, (body.span.end_line, 10**9))
        yield from self.sequence(items, write, close, INDENT)

    # --- bodies in braces ---------------------------------------------------------------------------------------

    def struct(
        self, cells: tuple[str, ...], kind: str, sign: str, body: tree.Struct, whole: Span, limit: Position
    ) -> Iterator[Entry]:
        """On one line where it was written so and fits, else a line per field; `sign` stands before the brace."""
        above, beside = self.inside(
            start(body.span), body.span.line, start(body.fields[0].span) if body.fields else self.closing(body.span), ""
        )
        yield from above
        fields = "  ".join(self._field(field) for field in body.fields)
        one_line = f"{sign}{{ {fields} }}" if body.fields else f"{sign}{{}}"
        compact = (
            not self.comments_in(body.span)
            and not any(field.docs for field in body.fields)
            and (not body.fields or body.fields[0].span.line == body.span.line)
            and len(" ".join(filter(None, (*cells, one_line)))) <= WIDTH
        )
        if compact and (not beside or not self.trails(whole.end_line, limit)):
            yield Row(kind, (*cells, one_line), self.trailing(whole.end_line, limit) or beside)
            return
        yield Row("open", (" ".join(filter(None, (*cells, f"{sign}{{"))),), beside)

        def write(index: int, following: Position) -> Iterator[Entry]:
            field = body.fields[index]
            yield from self.head(field, start(field.name.span), INDENT)
            cells = (INDENT + self.spell.field(field), self.spell.notes(field.notes))
            yield from self.line(field.span, "member", cells, following, INDENT)

        yield from self.sequence(body.fields, write, self.closing(body.span), INDENT)
        yield from self.line(whole, "close", ("}",), limit)

    def trails(self, line: int, before: Position) -> bool:
        return self.has_comment(before) and self.comments[-1].span.line == line

    def _field(self, field: tree.Field) -> str:
        return f"{self.spell.field(field)} {self.spell.notes(field.notes)}".rstrip()

    @staticmethod
    def closing(body: Span) -> Position:
        """Where the closing brace stands."""
        return body.end_line, body.end_column - 1

    def methods(self, head: str, item: tree.Service | tree.Interface, limit: Position) -> Iterator[Entry]:
        first = start(item.methods[0].span) if item.methods else self.closing(item.span)
        beside = self.trailing(item.name.span.line, first)
        if not item.methods and not self.comments_in(item.span):
            yield Row("open", (f"{head} {{}}",), beside or self.trailing(item.span.end_line, limit))
            return
        yield Row("open", (f"{head} {{",), beside)

        def write(index: int, following: Position) -> Iterator[Entry]:
            method = item.methods[index]
            yield from self.head(method, start(method.name.span), INDENT)
            yield from self.method(method, following)

        yield from self.sequence(item.methods, write, self.closing(item.span), INDENT)
        yield from self.line(item.span, "close", ("}",), limit)

    def method(self, method: tree.Method, limit: Position) -> Iterator[Entry]:
        params = [
            self.spell.param(param, inferred_type(param.name.text, method.result, self.structs))
            for param in method.params
        ]
        outcome, notes = self.spell.outcome(method.result, method.errors), self.spell.notes(method.notes)
        text = f"{INDENT}{method.name.text}({', '.join(params)}){outcome}"
        close = self.closing_paren(method)
        too_long = len(params) > 1 and len(text) + (len(notes) + 2 if notes else 0) > WIDTH
        if not too_long and not self.has_comment(close):
            yield from self.line(method.span, "member", (text, notes), limit, INDENT)
            return
        inner = self.take(end(method.span))
        late = [comment for comment in inner if start(comment.span) > close]  # goes above the method
        self.comments += reversed(inner[: len(inner) - len(late)])
        yield from (self.comment_line(comment, INDENT) for comment in late)
        yield Row(
            "open",
            (f"{INDENT}{method.name.text}(",),
            self.trailing(method.name.span.line, start(method.params[0].span) if method.params else close),
        )

        def write(index: int, following: Position) -> Iterator[Entry]:
            text = f"{INDENT * 2}{params[index]}{',' if index + 1 < len(params) else ''}"
            yield from self.line(method.params[index].span, "param", (text,), following, INDENT * 2)

        yield from self.sequence(method.params, write, close, INDENT * 2)
        yield from self.line(method.span, "close", (f"{INDENT}){outcome}", notes), limit, INDENT)

    def closing_paren(self, method: tree.Method) -> Position:
        """Where the parenthesis behind the parameters stands."""
        before = method.params[-1].span if method.params else method.name.span
        found = _CLOSING_PAREN.match(self.source.text, self.source.offset(before.end_line, before.end_column))
        assert found is not None
        return start(self.source.at(found.end() - 1))
