"""Text that matches a pattern, for examples: always the same for the same pattern and seed, and good to look at."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from zlib import crc32

from codegen.runtime.values.pattern import read_pattern

_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " "}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
_PRINTABLE = string.ascii_lowercase + string.digits + string.ascii_uppercase + " -_.,:;!?#$%&'()*+/<=>@[]^`{|}~\"\\"
_MOST = 8
"""How often an unbounded repeat is repeated."""


def sample(pattern: str, seed: str = "") -> str | None:
    """A text that the pattern matches whole; None where none is found (a lookahead may forbid all that are tried)."""
    try:
        tree = _Reader(pattern).alternatives()
    except _Unreadable:
        return None
    for most in (_MOST, 1, 0, 3):
        for attempt in range(3):
            text = _Writer(f"{seed}{pattern}{attempt}", most, attempt).write(tree)
            if read_pattern(pattern).fullmatch(text):
                return text
    return None


class _Unreadable(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Chars:
    choices: str


@dataclass(frozen=True, slots=True)
class _Repeat:
    inner: _Node
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class _Choice:
    """Alternatives, each a sequence."""

    branches: tuple[tuple[_Node, ...], ...]


_Node = _Chars | _Repeat | _Choice
_COUNT = re.compile(r"\{(\d+)(,(\d*))?\}")


class _Reader:
    """Reads the patterns that oschema allows; what stands for a place and no sign (`^`, `\\b`) reads as nothing."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def take(self) -> str:
        if self.at >= len(self.pattern):
            raise _Unreadable
        self.at += 1
        return self.pattern[self.at - 1]

    def alternatives(self) -> _Choice:
        branches: list[tuple[_Node, ...]] = []
        branch: list[_Node] = []
        while self.peek() not in ("", ")"):
            if self.peek() == "|":
                self.take()
                branches.append(tuple(branch))
                branch = []
            else:
                branch.append(self.repeated(self.atom()))
        return _Choice((*branches, tuple(branch)))

    def atom(self) -> _Node:
        sign = self.take()
        if sign == "(":
            return self.group()
        if sign == "[":
            return self.char_class()
        if sign == "\\":
            return _Chars(self.escape())
        if sign in "^$":
            return _Choice(((),))
        return _Chars(_PRINTABLE if sign == "." else sign)

    def group(self) -> _Node:
        looks = self.pattern.startswith(("?=", "?!"), self.at)
        if self.peek() == "?":
            self.at += 2
        inner = self.alternatives()
        if self.take() != ")":
            raise _Unreadable
        return _Choice(((),)) if looks else inner

    def escape(self) -> str:
        sign = self.take()
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign in ("D", "W", "S"):
            return "".join(c for c in _PRINTABLE if c not in _CLASSES[sign.lower()])
        if sign in "bB":
            return ""
        if sign in "xu":
            length = 2 if sign == "x" else 4
            self.at += length
            return chr(int(self.pattern[self.at - length : self.at], 16))
        return _CONTROLS.get(sign, sign)

    def char_class(self) -> _Chars:
        negated = self.peek() == "^"
        if negated:
            self.take()
        chars: list[str] = []
        while (sign := self.take()) != "]":
            low = self.escape() if sign == "\\" else sign
            if len(low) == 1 and self.peek() == "-" and self.pattern[self.at + 1 : self.at + 2] != "]":
                self.take()
                high = self.take()
                high = self.escape() if high == "\\" else high
                low = "".join(map(chr, range(ord(low), min(ord(high), ord(low) + 255) + 1)))
            chars.append(low)
        found = "".join(chars)
        return _Chars("".join(c for c in _PRINTABLE if c not in found) if negated else found)

    def repeated(self, node: _Node) -> _Node:
        count = _COUNT.match(self.pattern, self.at)
        if count:
            self.at = count.end()
            low = int(count[1])
            high = low if count[2] is None else int(count[3]) if count[3] else None
        elif self.peek() and self.peek() in "*+?":
            sign = self.take()
            low, high = (1 if sign == "+" else 0), (1 if sign == "?" else None)
        else:
            return node
        if self.peek() == "?":
            self.take()
        return _Repeat(node, low, high)


class _Writer:
    def __init__(self, seed: str, most: int, branch: int) -> None:
        self.state, self.most, self.branch = crc32(seed.encode()), most, branch

    def write(self, node: _Node) -> str:
        match node:
            case _Chars(choices):
                return self.pick(choices)
            case _Choice(branches):
                return "".join(self.write(part) for part in branches[self.branch % len(branches)])
            case _Repeat(inner, low, high):
                count = max(low, self.most if high is None or high > 1 else 0)
                return "".join(self.write(inner) for _ in range(count if high is None else min(count, high)))

    def pick(self, choices: str) -> str:
        if len(choices) < 2:
            return choices
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF  # ANSI C's generator: enough to look at random
        plain = [c for c in choices if c.isalnum()] or list(choices)
        return plain[(self.state >> 8) % len(plain)]
