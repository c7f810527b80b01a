"""Turn tokens into a tree: recursive descent that reports, skips to the next member or declaration, and goes on."""

from collections.abc import Callable
from typing import TypeVar

from codegen.source import catalog
from codegen.source.diagnostics import Related, Report
from codegen.source.files import SourceFile
from codegen.source.nearest import nearest
from codegen.source.span import Span
from codegen.syntax import tree
from codegen.syntax.cursor import HEADER_WORDS, KEYWORDS, Unexpected
from codegen.syntax.expressions import Expressions
from codegen.syntax.lexer import EOF, NAME, STRING, Findings, TooManyErrors, tokenize

Member = TypeVar("Member")
_NO_FIELD = {STRING: "names stand without quotes", "@": "notes follow the field, without a comma between"}
"""What is written where a field should begin, and what is meant."""
FOREIGN = {
    "type": "{name} = …",
    "struct": "{name} = {{ … }}",
    "message": "{name} = {{ … }}",
    "class": "{name} = {{ … }}",
    "record": "{name} = {{ … }}",
    "model": "{name} = {{ … }}",
    "table": "[rootobject] {name} = {{ … }}",
    "entity": "[rootobject] {name} = {{ … }}",
    "rootobject": "[rootobject] {name} = {{ … }}",
    "enum": '{name} = "a" | "b"',
    "union": "{name} = One | Two",
    "alias": "{name} = …",
    "typedef": "{name} = …",
}
"""Words that begin a declaration in other languages, and what is written here."""


def parse(source: SourceFile, report: Report) -> tree.File:
    """The tree of a file, for bad input too: what could not be read is reported and left out."""
    findings = Findings(report)
    return Parser(source, tokenize(source, findings), findings).file()


class Parser(Expressions):
    """Reads declarations; types, values and notes are read by `Expressions`."""

    def file(self) -> tree.File:
        self.forgive_missing_equals = False
        self.module: tree.ModuleHeader | None = None
        self.imports: list[tree.Import] = []
        declarations: list[tree.Declaration] = []
        try:
            while self.kinds[self.at] != EOF:
                start = self.begun = self.at
                try:
                    declaration = self.declaration(bool(declarations))
                    if declaration is not None:
                        declarations.append(declaration)
                except Unexpected:
                    self.skip_to_declaration(start)
            for docs in self.docs.values():
                self.findings.add(catalog.DOC_OF_NOTHING, docs[0].span)
        except TooManyErrors:
            pass
        last = self.tokens.lines[-1]
        return tree.File(
            self.path,
            self.module,
            tuple(self.imports),
            tuple(declarations),
            tuple(self.tokens.comments),
            frozenset(self.prefixes),
            Span(self.path, 1, 1, last, self.tokens.columns[-1]),
        )

    # --- declarations -------------------------------------------------------------------------------------------

    def declaration(self, late: bool) -> tree.Declaration | None:
        """One declaration or header line; None where it was a header line or could not be read."""
        kind, first = self.kinds[self.at], self.at
        if kind in ("}", "]", ")", ">"):
            self.findings.add(catalog.STRAY, self.span(self.at), sign=kind)
            self.at += 1
            return None
        if kind in (",", ";"):
            self.findings.add(catalog.SEPARATOR, self.span(self.at), sign=kind, where="between members")
            self.at += 1
            return None
        docs = self.take_docs()
        brackets: list[tree.Note] = []
        while self.kinds[self.at] == "[":
            brackets += self.brackets()
            docs += self.take_docs()
        if self.kinds[self.at] != NAME:
            near = (
                "notes before a declaration stand in brackets: `[rootobject]`" if self.kinds[self.at] == "@" else None
            )
            self.fail("a declaration" if not brackets else "a declaration after `[…]`", near)
        word = self.texts[self.at]
        if self.kinds[self.at + 1] == NAME or (word in KEYWORDS and self.kinds[self.at + 1] not in ("=", "[", "{")):
            word = self.keyword(word)
        elif word in HEADER_WORDS and self.kinds[self.at + 1] not in ("=", "[", "{"):
            pass
        else:
            word = ""
        if word in HEADER_WORDS:
            if docs or brackets:
                span = docs[0].span if docs else brackets[0].span
                self.findings.add(catalog.MISPLACED_HEADER, span, what=f"`{word}` takes no doc lines and no notes")
            self.header(word, late)
            return None
        reader: Callable[[int, tuple[tree.DocLine, ...], list[tree.Note]], tree.Declaration] = (
            getattr(self, f"_{word}") if word else self._typedef
        )
        return reader(first, tuple(docs), brackets)

    def keyword(self, word: str) -> str:
        """The keyword that `word` is or was meant to be; empty for a type definition behind a foreign word."""
        if word in KEYWORDS or word in HEADER_WORDS:
            return word
        here = self.span(self.at)
        if word in FOREIGN:
            name = self.texts[self.at + 1]
            self.findings.add(catalog.FOREIGN_KEYWORD, here, word=word, near=FOREIGN[word].format(name=name))
            self.at += 1
            if word in ("enum", "union") and self.kinds[self.at + 1] == "{":
                raise Unexpected
            self.forgive_missing_equals = True
            return ""
        near = nearest(word, KEYWORDS + HEADER_WORDS)
        if near is None:
            self.at += 1
            self.fail("`=`")
        self.findings.add(catalog.UNKNOWN_KEYWORD, here, word=word, near=near)
        return near

    def header(self, word: str, late: bool) -> None:
        first = self.at
        self.at += 1
        if word == "module":
            name = self.name("the module's name")
            version = self.string() if self.kinds[self.at] == STRING else None
            span = self.since(first)
            if self.module is not None:
                self.findings.add(
                    catalog.MISPLACED_HEADER,
                    span,
                    what="a file has one `module` line",
                    near="delete it",
                    related=[Related(self.module.span, "the first one")],
                )
                return
            if late or self.imports:
                self.findings.add(
                    catalog.MISPLACED_HEADER, span, what="`module` stands first in the file", near="move it to the top"
                )
            self.module = tree.ModuleHeader(name, version, span)
            return
        if self.kinds[self.at] != STRING:
            self.fail("the imported path as a string", 'write `import "../common"`')
        target = self.string()
        alias = None
        if self.kinds[self.at] == NAME and self.texts[self.at] == "as":
            self.at += 1
            alias = self.name("a name after `as`")
        span = self.since(first)
        if late:
            self.findings.add(
                catalog.MISPLACED_HEADER, span, what="imports stand before the declarations", near="move it to the top"
            )
        self.imports.append(tree.Import(target, alias, span))

    def _typedef(self, first: int, docs: tuple[tree.DocLine, ...], brackets: list[tree.Note]) -> tree.TypeDef:
        name = self.name("a type's name")
        while self.kinds[self.at] == "[":
            brackets += self.brackets()
        if self.kinds[self.at] == "=":
            self.at += 1
        elif self.kinds[self.at] in ("{", ":"):
            if not self.forgive_missing_equals:
                self.report_expected(self.at, "`=`", f"write `{name.text} = …`")
            self.at += self.kinds[self.at] == ":"
        else:
            self.fail("`=`")
        self.forgive_missing_equals = False
        body = self.struct(brackets) if self.kinds[self.at] == "{" else self.alternatives()
        return tree.TypeDef(docs, tuple(brackets), name, body, self.since_docs(first, docs))

    def _service(self, first: int, docs: tuple[tree.DocLine, ...], brackets: list[tree.Note]) -> tree.Service:
        self.at += 1
        name = self.name("the service's name")
        methods = self.methods()
        return tree.Service(docs, tuple(brackets), name, methods, self.since_docs(first, docs))

    def _interface(self, first: int, docs: tuple[tree.DocLine, ...], brackets: list[tree.Note]) -> tree.Interface:
        self.at += 1
        name = self.name("the interface's name")
        methods = self.methods()
        return tree.Interface(docs, tuple(brackets), name, methods, self.since_docs(first, docs))

    def _error(self, first: int, docs: tuple[tree.DocLine, ...], brackets: list[tree.Note]) -> tree.Error:
        self.at += 1
        name = self.name("the error's name")
        code = status = message = body = None
        if self.kinds[self.at] == "(":
            opened = self.at
            self.at += 1
            code = self.integer("an error's code")
            if self.kinds[self.at] == ",":
                self.at += 1
                status = self.integer("an HTTP status")
            self.close(opened, "")
        else:
            self.report_expected(self.at, "`(` and the error's code", f"write `error {name.text}(1500, 400)`")
        if self.kinds[self.at] == STRING:
            message = self.string()
        if self.kinds[self.at] == "{":
            body = self.struct(brackets)
        return tree.Error(docs, tuple(brackets), name, code, status, message, body, self.since_docs(first, docs))

    def _event(self, first: int, docs: tuple[tree.DocLine, ...], brackets: list[tree.Note]) -> tree.Event:
        self.at += 1
        name = self.name("the event's name")
        if self.kinds[self.at] == "=":
            self.report_expected(self.at, "`{`", "an event is written without `=`")
            self.at += 1
        if self.kinds[self.at] != "{":
            self.fail("`{` and the event's fields")
        body = self.struct(brackets)
        return tree.Event(docs, tuple(brackets), name, body, self.since_docs(first, docs))

    def _webhook(self, first: int, docs: tuple[tree.DocLine, ...], brackets: list[tree.Note]) -> tree.Webhook:
        self.at += 1
        name = self.name("the webhook's name")
        opened = self.at
        self.expect("(")
        if self.kinds[self.at] != STRING:
            self.fail("the path as a string")
        route = self.string()
        self.close(opened, "")
        if self.kinds[self.at] != "->":
            self.report_expected(self.at, "`->` and the result's type", None)
        result, errors = self.outcome()
        notes = self.notes()
        return tree.Webhook(docs, tuple(brackets), name, route, result, errors, notes, self.since_docs(first, docs))

    # --- bodies -------------------------------------------------------------------------------------------------

    def struct(self, brackets: list[tree.Note]) -> tree.Struct:
        """`{ … }`; notes inside the braces or behind them on the same line are added to `brackets`."""
        opened = self.at
        self.at += 1
        while self.kinds[self.at] == "[":
            brackets += self.brackets()
        fields = self.members(opened, self.field, ":")
        span = self.since(opened)
        if self.kinds[self.at - 1] == "}":
            while self.kinds[self.at] == "[" and self.lines[self.at] == self.lines[self.at - 1]:
                brackets += self.brackets()
        return tree.Struct(fields, span)

    def methods(self) -> tuple[tree.Method, ...]:
        opened = self.at
        if self.kinds[opened] == "=":
            self.report_expected(opened, "`{`", "it is written without `=`")
            self.at = opened = opened + 1
        self.expect("{")
        return self.members(opened, self.method, "(")

    def members(self, opened: int, read: Callable[[], Member], sign: str) -> tuple[Member, ...]:
        """Members up to the closing brace; a bad one is skipped, a missing brace reported."""
        members: list[Member] = []
        while (kind := self.kinds[self.at]) != "}":
            if kind == EOF or self.at_declaration(self.at):
                self.findings.add(
                    catalog.UNCLOSED,
                    self.span(opened),
                    sign="{",
                    close="}",
                    related=(Related(self.span(self.at), f"expected before {self.found(self.at)}"),),
                )
                return tuple(members)
            start = self.begun = self.at
            try:
                members.append(read())
            except Unexpected:
                self.skip_to_member(start, sign)
            if self.kinds[self.at] in (",", ";"):
                self.at += 1
                if self.kinds[self.at] in (",", ";"):
                    self.findings.add(
                        catalog.SEPARATOR, self.span(self.at), sign=self.kinds[self.at], where="once after a member"
                    )
                    while self.kinds[self.at] in (",", ";"):
                        self.at += 1
        self.at += 1
        return tuple(members)

    def field(self) -> tree.Field:
        first, docs = self.at, self.take_docs()
        if self.kinds[first] in _NO_FIELD:
            self.fail("a field or `}`", _NO_FIELD[self.kinds[first]])
        name = self.name("a field or `}`")
        optional = self.kinds[self.at] == "?"
        self.at += optional
        if self.kinds[self.at] != ":":
            self.fail("`:` and the field's type", self._field_hint(name.text))
        self.at += 1
        if self.at_next_field():
            self.fail("a type after `:`")
        kind = self.member_type()
        default = None
        if self.kinds[self.at] == "=":
            self.at += 1
            if self.at_next_field():
                self.fail("a default after `=`")
            default = self.value("a default after `=`")
        notes = self.notes()
        return tree.Field(docs, name, optional, kind, default, notes, self.since_docs(first, docs))

    def _field_hint(self, name: str) -> str | None:
        if self.kinds[self.at] == "=":
            return f"a field is written `{name}: type = default`"
        if self.kinds[self.at] == "(":
            return "methods stand in a `service` or `interface`"
        if self.kinds[self.at] in (NAME, "&", "["):
            return f"write `{name}: {self.texts[self.at]}{'…' if self.kinds[self.at] != NAME else ''}`"
        return None

    def method(self) -> tree.Method:
        first, docs = self.at, self.take_docs()
        name = self.name("a method or `}`")
        opened = self.at
        if self.kinds[opened] != "(":
            self.fail(
                "`(` and the method's parameters",
                "fields stand in a struct: `Name = { … }`" if self.kinds[opened] in (":", "?") else None,
            )
        self.at += 1
        params: list[tree.Param] = []
        while self.kinds[self.at] == NAME:
            params.append(self.param())
            if self.kinds[self.at] != ",":
                break
            self.at += 1
        self.close(opened, "`,` or " if params and self.kinds[self.at - 1] != "," else "a parameter or ")
        if self.kinds[self.at] == ":":
            self.fail("`->` and the result's type", "results are written `-> type`")
        result, errors = self.outcome()
        notes = self.notes()
        return tree.Method(docs, name, tuple(params), result, errors, notes, self.since_docs(first, docs))

    def param(self) -> tree.Param:
        first = self.at
        name = self.name("a parameter")
        optional = self.kinds[self.at] == "?"
        self.at += optional
        kind = default = None
        if self.kinds[self.at] == ":":
            self.at += 1
            kind = self.member_type()
        if self.kinds[self.at] == "=":
            self.at += 1
            default = self.value("a default after `=`")
        notes = self.notes()
        return tree.Param(name, optional, kind, default, self.since(first), notes)

    def alternatives(self) -> tree.Alternatives:
        first = self.at
        items: list[tree.Alternative] = []
        open_span = None
        docs = self.take_docs()
        if self.kinds[self.at] == "|":
            self.at += 1
        while True:
            docs += self.take_docs()
            if self.kinds[self.at] == "...":
                span = self.span(self.at)
                if not items:
                    self.fail("a type, a string or `{` after `=`")
                self.at += 1
                if self.kinds[self.at] == "|":
                    self.findings.add(catalog.OPEN_NOT_LAST, span)
                open_span = span
            else:
                items.append(self.alternative(docs))
            docs = ()
            if self.kinds[self.at] != "|":
                break
            docs = self.take_docs()
            self.at += 1
        return tree.Alternatives(tuple(items), open_span, self.since(first))

    def alternative(self, docs: tuple[tree.DocLine, ...]) -> tree.Alternative:
        first = self.at
        kind = self.kinds[first]
        if kind == "{" or kind not in (STRING, NAME, "&", "["):
            self.fail("a type, a string or `{`" if kind != "{" else "a name: union members are declared on their own")
        if (
            kind == NAME
            and self.starts_line(first)
            and (
                self.kinds[first + 1] == "="
                or (
                    self.texts[first] in KEYWORDS
                    and self.kinds[first + 1] == NAME
                    and self.kinds[first + 2] in ("{", "(")
                )
            )
        ):
            self.fail("a type, a string or `{`")  # what stands here is the next declaration
        value = self.string() if kind == STRING else self.type()
        notes = self.notes()
        return tree.Alternative(docs, value, notes, self.since_docs(first, docs))
