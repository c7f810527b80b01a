"""The patterns that JSON Schema (ECMA-262) and Python's `re` read alike, matched whole, with ASCII classes."""

import re
import warnings

_CLASSES = frozenset("dDwWsS")
_CONTROLS = frozenset("nrtfv")
_SIGNS = frozenset("^$\\.*+?()[]{}|/-")
_COUNT = re.compile(r"\{\d{1,4}(,(\d{1,4})?)?\}", re.ASCII)
_GROUPS = {
    "(?P": "named groups are not shared",
    "(?<": "named groups are not shared",
    "(?>": "atomic groups are not shared",
    "(?#": "comments are not shared",
    "(?(": "conditional groups are not shared",
}


def problem(pattern: str) -> str | None:
    """Why a pattern is outside the shared subset; None where it is inside."""
    try:
        _scan(pattern)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern, re.ASCII)
    except _Outside as outside:
        return str(outside)
    except re.error as error:
        return f"the pattern is wrong: {error.msg}"
    except (Warning, OverflowError, RecursionError):
        return "the pattern is wrong: it is read differently by different engines"
    return None


class _Outside(Exception):
    pass


def _scan(pattern: str) -> None:
    at = 0
    after_repeat = False  # a quantifier stands just before, so another sign would make it possessive or double
    while at < len(pattern):
        sign = pattern[at]
        repeat = False
        if sign == "\\":
            at = _escape(pattern, at, in_class=False)
        elif sign == "[":
            at = _class(pattern, at)
        elif sign == "(":
            at = _group(pattern, at)
        elif sign in "*+?" or sign == "{":
            if sign == "{":
                count = _COUNT.match(pattern, at)
                if count is None:
                    raise _Outside("`{` stands in counts only (`{2}`, `{2,}`, `{2,5}`); escape it: `\\\\{`")
                at = count.end()
            else:
                at += 1
            if after_repeat:
                raise _Outside("possessive and doubled repeats are not shared")
            if pattern[at : at + 1] == "?":
                at += 1
            repeat = True
        elif sign in "]}":
            raise _Outside(f"`{sign}` stands alone; escape it: `\\\\{sign}`")
        else:
            at += 1
        after_repeat = repeat


def _escape(pattern: str, at: int, *, in_class: bool) -> int:
    letter = pattern[at + 1 : at + 2]
    if not letter:
        raise _Outside("the pattern ends with a backslash")
    if letter in _CLASSES or letter in _CONTROLS or letter in _SIGNS:
        return at + 2
    if (letter == "b" and not in_class) or (letter == "B" and not in_class):
        return at + 2
    if letter in "123456789" and not in_class:
        return at + 2
    for mark, digits in (("x", 2), ("u", 4)):
        if letter == mark and re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", pattern[at + 2 : at + 2 + digits]):
            return at + 2 + digits
    anchors = {
        "A": "`\\\\A` is not shared; patterns are matched whole, leave it out",
        "Z": "`\\\\Z` is not shared; patterns are matched whole, leave it out",
        "p": "`\\\\p{…}` is not shared; list the characters",
        "P": "`\\\\P{…}` is not shared; list the characters",
    }
    raise _Outside(anchors.get(letter, f"`\\\\{letter}` is not shared"))


def _class(pattern: str, at: int) -> int:
    at += 1
    if pattern[at : at + 1] == "^":
        at += 1
    if pattern[at : at + 1] == "]":
        raise _Outside("an empty class is not shared; escape `]` in a class: `[\\\\]]`")
    while at < len(pattern):
        if pattern[at] == "]":
            return at + 1
        if pattern[at] == "[":
            raise _Outside("`[` in a class is not shared; escape it: `\\\\[`")
        if pattern[at : at + 2] in ("--", "&&", "~~", "||"):
            raise _Outside(f"`{pattern[at : at + 2]}` in a class is not shared; escape it")
        at = _escape(pattern, at, in_class=True) if pattern[at] == "\\" else at + 1
    raise _Outside("a class is not closed: `]` is missing")


def _group(pattern: str, at: int) -> int:
    if pattern[at : at + 2] != "(?":
        return at + 1
    for start in ("(?:", "(?=", "(?!", "(?<=", "(?<!"):
        if pattern.startswith(start, at):
            return at + len(start)
    raise _Outside(_GROUPS.get(pattern[at : at + 3], "flags in a pattern are not shared"))
