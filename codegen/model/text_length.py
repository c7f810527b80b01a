"""How long a text can be at most, by its constraints: `@len`, or a pattern that ends."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import inf

from codegen.model.model import Constraints
from codegen.runtime.values.pattern import read_pattern

_TOKEN = re.compile(
    r"""(?P<nothing>\^|\$|\\[bB])
    | (?P<ahead>\(\?[=!])
    | (?P<open>\(\?:)
    | (?P<close>\))
    | (?P<either>\|)
    | (?P<repeat>(?:[*+?]|\{\d+(?P<more>,(?P<most>\d*))?\})\??)
    | (?P<one>\[(?:\\.|[^\]\\])*\]|\\x..|\\u....|\\.|.)""",
    re.VERBOSE | re.DOTALL,
)


def longest(constraints: Iterable[Constraints]) -> float:
    """The length that none of them lets a text exceed, in characters; infinite where all let it be of any."""
    limits = [inf]
    for each in constraints:
        if each.max_length is not None:
            limits.append(each.max_length)
        if each.regex is not None:
            limits.append(_longest_match(read_pattern(each.regex).portable))
    return min(limits)


class _Group:
    """A group while it is read: the longest of its alternatives so far, the present one, and its last item."""

    def __init__(self, *, counts: bool = True) -> None:
        self.counts = counts
        self.longest, self.length, self.last = 0.0, 0.0, 0.0

    def item(self, length: float) -> None:
        self.length, self.last = self.length + self.last, length

    def alternative(self) -> None:
        self.longest = max(self.longest, self.length + self.last)
        self.length, self.last = 0.0, 0.0


def _longest_match(portable: str) -> float:
    groups = [_Group()]
    for token in _TOKEN.finditer(portable):
        match token.lastgroup:
            case "ahead" | "open" as kind:
                groups.append(_Group(counts=kind == "open"))
            case "close":
                done = groups.pop()
                done.alternative()
                groups[-1].item(done.longest if done.counts else 0)
            case "either":
                groups[-1].alternative()
            case "repeat":
                most = _most(token)
                groups[-1].last = groups[-1].last * most if groups[-1].last and most else 0.0
            case "one":
                groups[-1].item(1)
    groups[0].alternative()
    return groups[0].longest


def _most(repeat: re.Match[str]) -> float:
    """How often at most: `?` once, `*`, `+` and `{2,}` without end, `{2}` twice, `{2,5}` five times."""
    text = repeat[0]
    if text[0] in "*+":
        return inf
    if text[0] == "?":
        return 1
    if repeat["more"] is None:
        return int(text[1 : text.index("}")])
    return int(repeat["most"]) if repeat["most"] else inf
