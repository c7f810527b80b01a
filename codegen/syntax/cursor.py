"""A place in the tokens: looking, taking, reporting what was expected, and skipping what could not be read."""

from typing import NoReturn

from codegen.source import catalog
from codegen.source.diagnostics import Related
from codegen.source.files import SourceFile
from codegen.source.span import Span
from codegen.syntax import tree
from codegen.syntax.lexer import EOF, NAME, STRING, Findings, Tokens, string_value

KEYWORDS = ("service", "interface", "error", "event", "webhook")
HEADER_WORDS = ("module", "import")
CLOSING = {"{": "}", "(": ")", "[": "]", "<": ">"}

CONTINUED = frozenset((",", "(", "[", "<", "|", "=", ":", "->", "!", "@", "&", "."))
"""Signs that let a member go on at the next line."""


class Unexpected(Exception):
    """What stands here was reported and cannot be read; the caller skips to where reading can go on."""


class Cursor:
    """The tokens of one file and the index of the next one to read."""

    def __init__(self, source: SourceFile, tokens: Tokens, findings: Findings) -> None:
        self.path = source.path
        self.tokens = tokens
        self.findings = findings
        self.kinds = tokens.kinds
        self.texts = tokens.texts
        self.lines = tokens.lines
        self.columns = tokens.columns
        self.docs = tokens.docs
        self.at = 0
        self.begun = 0
        """Where the member or declaration that is being read begins."""
        self.prefixes: set[str] = set()
        """The first words of all dotted paths that were read."""

    # --- places -------------------------------------------------------------------------------------------------

    def span(self, index: int) -> Span:
        """The span of one token."""
        line, column = self.lines[index], self.columns[index]
        return Span(self.path, line, column, line, column + len(self.texts[index]))

    def since(self, first: int) -> Span:
        """The span from the token `first` to the last one taken."""
        last = self.at - 1
        return Span(
            self.path,
            self.lines[first],
            self.columns[first],
            self.lines[last],
            self.columns[last] + len(self.texts[last]),
        )

    def since_docs(self, first: int, docs: tuple[tree.DocLine, ...]) -> Span:
        """As `since`, from the first doc line where there is one."""
        span = self.since(first)
        return docs[0].span.to(span) if docs and docs[0].span.line < span.line else span

    def starts_line(self, index: int) -> bool:
        return index == 0 or self.lines[index] != self.lines[index - 1]

    def at_next_field(self) -> bool:
        """Whether the next token begins a field on a line of its own, so that what should stand here is missing."""
        return (
            self.kinds[self.at] == NAME
            and self.starts_line(self.at)
            and self.at > self.begun
            and (self.kinds[self.at + 1] == ":" or self.kinds[self.at + 1 : self.at + 3] == ["?", ":"])
        )

    def take_docs(self) -> tuple[tree.DocLine, ...]:
        """The doc lines before the next token."""
        return tuple(self.docs.pop(self.at, ())) if self.docs else ()

    # --- expectations -------------------------------------------------------------------------------------------

    def found(self, index: int) -> str:
        """How a message calls a token."""
        kind, text = self.kinds[index], self.texts[index]
        if kind == EOF:
            return "the end of the file"
        shown = text if len(text) <= 40 else text[:37] + "…"
        return f"the string {shown}" if kind == STRING else f"`{shown}`"

    def report_expected(
        self, index: int, expected: str, near: str | None = None, *, related: tuple[Related, ...] = ()
    ) -> None:
        """Report that the token at `index` is not what should stand there.

        Inside a member or declaration the place of what is missing at the end of a line is there, not where the next
        line begins.
        """
        span = self.span(index)
        if index > self.begun and self.starts_line(index):
            line, column = self.lines[index - 1], self.span(index - 1).end_column
            span = Span(self.path, line, column, line, column + 1)
        self.findings.add(
            catalog.EXPECTED, span, expected=expected, found=self.found(index), near=near, related=related
        )

    def fail(self, expected: str, near: str | None = None) -> NoReturn:
        """Report the next token and give up the member or declaration."""
        self.report_expected(self.at, expected, near)
        raise Unexpected

    def expect(self, kind: str, near: str | None = None) -> None:
        if self.kinds[self.at] != kind:
            self.fail(f"`{kind}`", near)
        self.at += 1

    def close(self, opened: int, after: str) -> None:
        """Take the bracket that closes the one at `opened`."""
        close = CLOSING[self.kinds[opened]]
        if self.kinds[self.at] != close:
            self.report_expected(
                self.at,
                f"{after}`{close}`",
                related=(Related(self.span(opened), f"the `{self.kinds[opened]}` opened here"),),
            )
            raise Unexpected
        self.at += 1

    def name(self, expected: str) -> tree.Name:
        if self.kinds[self.at] != NAME:
            self.fail(expected)
        index = self.at
        self.at += 1
        return tree.Name(self.texts[index], self.span(index))

    def dotted(self, expected: str) -> tree.Path:
        first = self.at
        parts = [self.name(expected)]
        while self.kinds[self.at] == ".":
            self.at += 1
            parts.append(self.name("a name after `.`"))
        if len(parts) == 1:
            return tree.Path(tuple(parts), parts[0].span)
        self.prefixes.add(parts[0].text)
        return tree.Path(tuple(parts), self.since(first))

    def string(self) -> tree.StringValue:
        """The next token, which is a string."""
        span = self.span(self.at)
        self.at += 1
        return tree.StringValue(string_value(self.texts[self.at - 1], span, self.findings), span)

    # --- recovery -----------------------------------------------------------------------------------------------

    def at_declaration(self, index: int) -> bool:
        """Whether the token at `index`, first on its line, looks like the start of a declaration."""
        if not self.starts_line(index):
            return False
        kind, after = self.kinds[index], self.kinds[index + 1] if index + 1 < len(self.kinds) else EOF
        if kind == "[":
            return self.columns[index] == 1 and after == NAME
        if kind != NAME:
            return False
        text = self.texts[index]
        if after == NAME:
            return text in KEYWORDS or text in HEADER_WORDS or self.columns[index] == 1
        if after == STRING:
            return text == "import"
        return after == "=" and (text[0].isupper() or self.columns[index] == 1)

    def skip_to_declaration(self, start: int) -> None:
        """Go on to the next declaration; something is always skipped."""
        self.at = max(self.at, start)
        depth = 0
        for index in range(start, self.at):  # braces that the failed declaration opened and did not close
            depth += {"{": 1, "}": -1}.get(self.kinds[index], 0)
        if self.at == start:
            depth += self.kinds[self.at] == "{"
            self.at += 1
        while (kind := self.kinds[self.at]) != EOF:
            if self.at_declaration(self.at) and (depth <= 0 or self.columns[self.at] == 1):
                return
            if kind == "{":
                depth += 1
            elif kind == "}":
                depth -= 1
                if depth <= 0:
                    self.docs.pop(self.at, None)
                    self.at += 1
                    return
            elif kind == "[" and depth <= 0 and self.starts_line(self.at) and self.kinds[self.at + 1] == NAME:
                return
            self.docs.pop(self.at, None)
            self.at += 1

    def skip_to_member(self, start: int, member_sign: str) -> None:
        """Go on to the next member inside braces, their end, or the next declaration where the end is missing.

        A member is a name followed by `member_sign` (or `?`), first on its line or behind a separator.
        """
        depth = parens = 0
        if self.at == start and self.kinds[start] not in ("}", EOF):
            self.at += 1
        for index in range(start, self.at):
            depth += {"{": 1, "}": -1}.get(self.kinds[index], 0)
            parens += {"(": 1, ")": -1}.get(self.kinds[index], 0)
        while (kind := self.kinds[self.at]) != EOF:
            if self.at > start and self.at_declaration(self.at) and (depth <= 0 or self.columns[self.at] == 1):
                return
            if kind == "{":
                depth += 1
            elif kind == "}":
                if depth <= 0:
                    return
                depth -= 1
            elif depth <= 0 and (kind == ";" or (kind == NAME and self._member_start(member_sign, parens > 0))):
                return
            parens += {"(": 1, ")": -1}.get(kind, 0)
            self.docs.pop(self.at, None)
            self.at += 1

    def _member_start(self, sign: str, in_parens: bool) -> bool:
        before, after = self.kinds[self.at - 1], self.kinds[self.at + 1]
        signed = after == sign or (after == "?" and self.kinds[self.at + 2] == sign)
        if self.starts_line(self.at):
            return signed or (before not in CONTINUED and not in_parens)
        return signed and before in (",", "}")
