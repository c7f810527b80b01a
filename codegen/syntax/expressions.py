"""Read types, values and notes."""

from codegen.source import catalog
from codegen.syntax import tree
from codegen.syntax.cursor import Cursor, Unexpected
from codegen.syntax.lexer import NAME, NUMBER, STRING, number_value

MAX_DEPTH = 64
VALUES = (STRING, NUMBER, NAME, "[", "{")
"""Kinds of tokens that begin a value."""


class Expressions(Cursor):
    """The parts of the grammar that stand inside members."""

    # --- types --------------------------------------------------------------------------------------------------

    def type(self, depth: int = 1) -> tree.TypeExpr:
        """A type; `depth` counts lists and maps around it, itself included."""
        first = self.at
        kind = self.kinds[first]
        if depth > MAX_DEPTH:
            self.findings.add(catalog.TYPE_TOO_DEEP, self.span(first), limit=MAX_DEPTH)
            raise Unexpected
        core: tree.TypeExpr
        if kind == NAME:
            path = self.dotted("a type")
            if self.kinds[self.at] != "<":
                core = tree.NamedType(path, None, path.span)
            elif path.text == "map":
                core = self.map(first, depth)
            else:
                opened = self.at
                self.at += 1
                argument = self.dotted("a name such as `USD`")
                if self.kinds[self.at] == ",":
                    self.fail("`>`", "a map is written `map<str, T>`")
                self.close(opened, "")
                core = tree.NamedType(path, argument, self.since(first))
        elif kind == "&":
            self.at += 1
            path = self.dotted("the name of a root object after `&`")
            core = tree.RefType(path, self.since(first))
        elif kind == "[":
            self.at += 1
            item = self.type(depth + 1)
            self.close(first, "")
            core = tree.ListType(item, self.since(first))
        elif kind == "{":
            self.findings.add(catalog.INLINE_STRUCT, self.span(first), near=self._declared_name())
            raise Unexpected
        else:
            near = "the `?` follows the type: `str?`" if kind == "?" else None
            if kind == STRING:
                near = f"declare the values (`{self._declared_name()} = {self.texts[first]} | …`) and name them here"
            self.fail("a type", near)
        if self.kinds[self.at : self.at + 2] == ["[", "]"]:
            self.fail("the end of the type", f"a list is written `[{self._written(first)}]`")
        if self.kinds[self.at] == "?":
            self.at += 1
            core = tree.OptionalType(core, self.since(first))
        return core

    def member_type(self) -> tree.TypeExpr:
        """The type of a field or parameter; what other languages write behind one is told."""
        first = self.at
        kind = self.type()
        sign = self.kinds[self.at]
        if sign not in ("|", "[", "("):
            return kind
        self._no_alternatives(first)
        written = self._written(first)
        if sign == "[" and not self.starts_line(self.at):
            argument = self.texts[self.at + 1]
            form = "{}?" if written.lower() in ("optional", "maybe") else "[{}]"
            self.fail("the end of the type", f"write `{form.format(argument)}`")
        if sign == "(":
            self.fail("the end of the type", "limits stand in notes behind it, such as `@len(0, 80)` or `@min(0)`")
        return kind

    def _no_alternatives(self, first: int) -> None:
        """Behind the type from `first` on stands no `|`."""
        if self.kinds[self.at] == "|":
            written = self._written(first).removesuffix("?")
            null = self.texts[self.at + 1] in ("null", "None", "undefined", "nil")
            name = self._declared_name(first)
            declared = f"declare the alternatives (`{name} = {written} | …`) and name them here"
            self.fail("the end of the type", f"what may be null is written `{written}?`" if null else declared)

    def _written(self, first: int) -> str:
        """The tokens from `first` on, up to the next one to read."""
        return "".join(self.texts[first : self.at])

    def _declared_name(self, at: int | None = None) -> str:
        """What a type could be called that is declared for the member whose type begins `at`, or here."""
        place = self.at if at is None else at
        named = place > 1 and self.kinds[place - 1] == ":" and self.kinds[place - 2] == NAME
        name = self.texts[place - 2] if named else "name"
        return name.title().replace("_", "")

    def map(self, first: int, depth: int) -> tree.MapType:
        opened = self.at
        self.at += 1
        key = self.type(depth + 1)
        if self.kinds[self.at] != ",":
            self.fail("`,` and the type of the map's values", "a map is written `map<str, T>`")
        self.at += 1
        value = self.type(depth + 1)
        self.close(opened, "")
        return tree.MapType(key, value, self.since(first))

    # --- values -------------------------------------------------------------------------------------------------

    def value(self, expected: str = "a value", depth: int = 1) -> tree.Value:
        first = self.at
        kind = self.kinds[first]
        if kind == STRING:
            return self.string()
        if kind == NUMBER:
            return self.number()
        if kind == NAME:
            path = self.dotted(expected)
            return tree.PathValue(path, path.span)
        if kind == "[":
            if depth > MAX_DEPTH:
                self.findings.add(catalog.VALUE_TOO_DEEP, self.span(first), limit=MAX_DEPTH)
                raise Unexpected
            self.at += 1
            items: list[tree.Value] = []
            while self.kinds[self.at] in VALUES:
                items.append(self.value("a value", depth + 1))
                if self.kinds[self.at] != ",":
                    break
                self.at += 1
            self.close(first, "`,` or " if items and self.kinds[self.at - 1] != "," else "a value or ")
            return tree.ListValue(tuple(items), self.since(first))
        if kind == "{":
            self.at += 1
            if self.kinds[self.at] != "}":
                self.fail("`}`", "the only map value is the empty one, `{}`")
            self.at += 1
            return tree.EmptyMapValue(self.since(first))
        return self.fail(expected)

    def number(self) -> tree.NumberValue:
        """The next token, which is a number."""
        span = self.span(self.at)
        text, value = number_value(self.texts[self.at], span, self.findings)
        self.at += 1
        return tree.NumberValue(text, value, span)

    def integer(self, what: str) -> tree.NumberValue:
        if self.kinds[self.at] != NUMBER:
            self.fail(f"{what}, a whole number")
        number = self.number()
        if not isinstance(number.value, int):
            self.findings.add(catalog.WHOLE_NUMBER, number.span, what=what, text=number.text)
        return number

    # --- notes --------------------------------------------------------------------------------------------------

    def brackets(self) -> list[tree.Note]:
        """`[note, …]` before a declaration."""
        opened = self.at
        self.at += 1
        notes = [self.note("a note such as `rootobject`")]
        while self.kinds[self.at] == ",":
            self.at += 1
            if self.kinds[self.at] == "]":
                break
            notes.append(self.note("a note after `,`"))
        self.close(opened, "`,` or ")
        return notes

    def notes(self) -> tuple[tree.Note, ...]:
        """`@note …` after a member."""
        if self.kinds[self.at] != "@":
            return ()
        notes = []
        while self.kinds[self.at] == "@":
            self.at += 1
            if self.at_next_field():
                self.fail("a note after `@`")
            notes.append(self.note("a note after `@`"))
        return tuple(notes)

    def note(self, expected: str) -> tree.Note:
        first = self.at
        name = self.name(expected)
        if self.kinds[self.at] != "(":
            return tree.Note(name, (), name.span)
        opened = self.at
        self.at += 1
        args: list[tree.Arg] = []
        while self.kinds[self.at] in VALUES:
            args.append(self.arg())
            if self.kinds[self.at] != ",":
                break
            self.at += 1
        self.close(opened, "`,` or " if args and self.kinds[self.at - 1] != "," else "an argument or ")
        return tree.Note(name, tuple(args), self.since(first), has_parens=True)

    def arg(self) -> tree.Arg:
        if self.kinds[self.at] == NAME and self.kinds[self.at + 1] == "=":
            first = self.at
            name = self.name("a name")
            self.at += 1
            value = self.value("a value after `=`")
            return tree.Arg(name, value, self.since(first))
        value = self.value()
        return tree.Arg(None, value, value.span)

    # --- results ------------------------------------------------------------------------------------------------

    def outcome(self) -> tuple[tree.TypeExpr | None, tuple[tree.Path, ...]]:
        """`-> type ! Error | Error` of a method or webhook; both parts may be absent."""
        result = None
        if self.kinds[self.at] == "->":
            self.at += 1
            first = self.at
            result = self.type()
            self._no_alternatives(first)
        if self.kinds[self.at] != "!":
            return result, ()
        self.at += 1
        errors = [self.dotted("the name of an error after `!`")]
        while self.kinds[self.at] == "|":
            self.at += 1
            errors.append(self.dotted("the name of an error after `|`"))
        return result, tuple(errors)
