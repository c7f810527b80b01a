"""Patterns: one meaning everywhere, matched whole, in time that grows with the text alone.

A pattern is read once. Its portable form, with the classes written out in ASCII, goes into JSON Schema; its plain form
goes to the engine of pydantic (Rust's `regex`), which never tries a way twice. That engine looks neither ahead nor
back, so looking ahead is taken where a pattern begins, as further patterns that the same text must or must not begin
with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, SchemaError, SchemaValidator, core_schema

_ASCII = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t\n\r\f\v"}
_ANY = (r"[\d\D]", r"[\D\d]", r"[\w\W]", r"[\W\w]", r"[\s\S]", r"[\S\s]")
"""Ways to write "any character", which mean the same everywhere."""
_CONTROLS = frozenset("nrtfv")
_SIGNS = frozenset("^$\\.*+?()[]{}|/-")
_COUNT = re.compile(r"\{\d{1,4}(,(\d{1,4})?)?\}", re.ASCII)
_AHEAD = {"(?=": True, "(?!": False}
_GROUPS = {
    "(?P": "named groups are not shared",
    "(?<": "named groups are not shared",
    "(?=": "looking ahead is taken at the begin of a pattern only, before all alternatives",
    "(?!": "looking ahead is taken at the begin of a pattern only, before all alternatives",
    "(?>": "atomic groups are not shared",
    "(?#": "comments are not shared",
    "(?(": "conditional groups are not shared",
}
_ESCAPES = {
    "A": "`\\\\A` is not shared; patterns are matched whole, leave it out",
    "Z": "`\\\\Z` is not shared; patterns are matched whole, leave it out",
    "p": "`\\\\p{…}` is not shared; list the characters",
    "P": "`\\\\P{…}` is not shared; list the characters",
    **dict.fromkeys("123456789", "the pattern is wrong: a reference to a group cannot be matched in linear time"),
}


class BadPattern(ValueError):
    """A pattern that not every engine reads alike, or not in linear time; the message says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`portable` is for JSON Schema and JavaScript, `plain` for pydantic's engine; both match the whole text.

    `begins` are what a text must (True) or must not begin with, beside `plain`.
    """

    portable: str
    plain: str
    begins: tuple[tuple[str, bool], ...] = ()

    def fullmatch(self, text: str) -> bool:
        """Whether the whole text matches."""
        return _matches(self.plain, text) and all(_matches(begin, text) is wanted for begin, wanted in self.begins)


@cache
def read_pattern(text: str) -> Pattern:
    """The pattern of `@regex`; a portable form reads as itself. Raises `BadPattern`."""
    body = text.removeprefix("^")
    begins = []
    while body[:3] in _AHEAD:
        wanted = _AHEAD[body[:3]]
        inner, body = _group(body)
        begins.append((_Reader(inner), wanted))
    main = _Reader(body)
    if begins and main.has_alternatives:
        raise BadPattern(_GROUPS["(?="])
    ahead = "".join(f"(?{'=' if wanted else '!'}{reader.portable})" for reader, wanted in begins)
    found = Pattern(
        portable=f"^{ahead}{_to_the_end(main.portable)}" if ahead else _whole(main, main.portable),
        plain=_whole(main, main.plain),
        begins=tuple((f"^(?:{reader.plain})", wanted) for reader, wanted in begins),
    )
    for part in (found.plain, *(begin for begin, _ in found.begins)):
        try:
            _engine(part)
        except SchemaError as error:
            raise BadPattern(f"the pattern is wrong: {_reason(str(error))}") from None
    return found


@dataclass(frozen=True, slots=True)
class Matches:
    """For types: the whole text matches a pattern, which may look ahead."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        pattern = read_pattern(self.pattern)

        def check(value: str) -> str:
            if not pattern.fullmatch(value):
                shown = {"pattern": self.pattern}
                raise PydanticCustomError("string_pattern_mismatch", "String should match pattern '{pattern}'", shown)
            return value

        return core_schema.no_info_after_validator_function(check, handler(source))


@cache
def _engine(plain: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=plain, regex_engine="rust-regex"))


def _matches(plain: str, text: str) -> bool:
    return _engine(plain).isinstance_python(text)


def _reason(said: str) -> str:
    """The engine's reason, without the drawing around it."""
    return said.strip().rpartition("error: ")[2].rpartition("SchemaError: ")[2].strip()


def _whole(reader: _Reader, written: str) -> str:
    """Matches whole texts only, wherever an engine searches."""
    return f"^(?:{written})$" if reader.has_alternatives else f"^{_to_the_end(written)}"


def _to_the_end(pattern: str) -> str:
    escaped = re.search(r"\\*$", pattern.removesuffix("$"))
    assert escaped is not None
    ends = pattern.endswith("$") and len(escaped[0]) % 2 == 0
    return pattern if ends else f"{pattern}$"


def _group(pattern: str) -> tuple[str, str]:
    """What is inside the group that a pattern begins with, and what follows it."""
    depth, at, in_class = 0, 0, False
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at += 1
        elif in_class:
            in_class = sign != "]"
        elif sign == "[":
            in_class = True
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if depth == 0:
                return pattern[3:at], pattern[at + 1 :]
        at += 1
    raise BadPattern("the pattern is wrong: a group is not closed")


class _Reader:
    """Reads a pattern without looking ahead, and writes both forms of it."""

    def __init__(self, pattern: str) -> None:
        self._pattern, self._at, self._depth = pattern, 0, 0
        self.has_alternatives = False
        self._portable: list[str] = []
        self._plain: list[str] = []
        after_repeat = False  # another sign would make it possessive or double
        while self._at < len(pattern):
            after_repeat = self._one(after_repeat)

    @property
    def portable(self) -> str:
        return "".join(self._portable)

    @property
    def plain(self) -> str:
        return "".join(self._plain)

    def _write(self, portable: str, length: int, plain: str | None = None) -> None:
        self._portable.append(portable)
        self._plain.append(portable if plain is None else plain)
        self._at += length

    def _one(self, after_repeat: bool) -> bool:
        """Read one sign, class or repeat; whether it was a repeat."""
        sign = self._pattern[self._at]
        if sign in "*+?{":
            self._repeat(sign, after_repeat)
            return True
        if sign == "\\":
            self._escape()
        elif sign == "[":
            self._class()
        elif sign == "(":
            self._open()
        elif sign == ".":
            self._write(r"[^\n]", 1)
        elif sign in "]}":
            raise BadPattern(f"`{sign}` stands alone; escape it: `\\\\{sign}`")
        else:
            self._depth -= sign == ")"
            self.has_alternatives |= sign == "|" and self._depth == 0
            self._write(sign, 1)
        return False

    def _repeat(self, sign: str, after_repeat: bool) -> None:
        length = 1
        if sign == "{":
            count = _COUNT.match(self._pattern, self._at)
            if count is None:
                raise BadPattern("`{` stands in counts only (`{2}`, `{2,}`, `{2,5}`); escape it: `\\\\{`")
            length = len(count[0])
        if after_repeat:
            raise BadPattern("possessive and doubled repeats are not shared")
        before, earlier = self._pattern[: self._at][-1:], self._pattern[: self._at][-2:-1]
        if not before or (before in "(|^$" and earlier != "\\"):
            raise BadPattern(f"`{sign}` repeats nothing; escape it: `\\\\{sign}`")
        length += self._pattern[self._at + length : self._at + length + 1] == "?"
        self._write(self._pattern[self._at : self._at + length], length)

    def _open(self) -> None:
        opened = "(?:" if self._pattern.startswith("(?:", self._at) else "("
        if opened == "(" and self._pattern.startswith("(?", self._at):
            if self._pattern[self._at : self._at + 4] in ("(?<=", "(?<!"):
                raise BadPattern("the pattern is wrong: looking back is not possible in linear time")
            start = self._pattern[self._at : self._at + 3]
            raise BadPattern(_GROUPS.get(start, "flags in a pattern are not shared"))
        self._depth += 1
        self._write("(?:", len(opened))

    def _escape(self) -> None:
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter in _ASCII and letter:
            self._write(f"[{_ASCII[letter]}]", 2)
        elif letter and letter.lower() in _ASCII:
            self._write(f"[^{_ASCII[letter.lower()]}]", 2)
        elif letter in ("b", "B"):
            self._write(f"\\{letter}", 2, f"(?-u:\\{letter})")
        else:
            self._character()

    def _character(self) -> None:
        """An escaped sign, which is the same everywhere."""
        letter = self._pattern[self._at + 1 : self._at + 2]
        if not letter:
            raise BadPattern("the pattern ends with a backslash")
        if letter in _CONTROLS or letter in _SIGNS:
            self._write(f"\\{letter}", 2)
            return
        for mark, digits in (("x", 2), ("u", 4)):
            number = self._pattern[self._at + 2 : self._at + 2 + digits]
            if letter == mark and re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", number):
                self._write(f"\\{letter}{number}", 2 + digits)
                return
        raise BadPattern(_ESCAPES.get(letter, f"`\\\\{letter}` is not shared"))

    def _class(self) -> None:
        for written in _ANY:
            if self._pattern.startswith(written, self._at):
                self._write(written, len(written))
                return
        start = "[^" if self._pattern.startswith("[^", self._at) else "["
        self._write(start, len(start))
        if self._pattern.startswith("]", self._at):
            raise BadPattern("an empty class is not shared; escape `]` in a class: `[\\\\]]`")
        while self._at < len(self._pattern):
            sign, pair = self._pattern[self._at], self._pattern[self._at : self._at + 2]
            if sign == "]":
                self._write("]", 1)
                return
            if sign == "[":
                raise BadPattern("`[` in a class is not shared; escape it: `\\\\[`")
            if pair in ("--", "&&", "~~", "||"):
                raise BadPattern(f"`{pair}` in a class is not shared; escape it")
            if sign == "\\" and pair[1:] in _ASCII and len(pair) == 2:
                self._write(_ASCII[pair[1]], 2)
            elif sign == "\\" and pair[1:].lower() in _ASCII and len(pair) == 2:
                raise BadPattern(f"`{pair[0]}{pair}` in a class is not shared; list the characters, or use `[^…]`")
            elif sign == "\\":
                self._character()
            else:
                self._write(sign, 1)
        raise BadPattern("a class is not closed: `]` is missing")
