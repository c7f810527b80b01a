"""Pages of a list: where the next one is, and when there is none.

A page may be short or empty while others follow, for repositories that the token may not see are taken out of it. The
forge says in `Link` that there is a next page; where a proxy takes that away there is the number of all of them. How
many a page holds at most is the forge's own setting: it is at least what any page has held.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

LIMIT = 50
"""What is asked for; a forge may give fewer."""
_CURSOR = re.compile(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,3})")
_LINK = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?')


@dataclass(frozen=True, slots=True)
class Page:
    """`number` counts from 1; `held` is what the longest page before it held, at least 1."""

    number: int = 1
    held: int = 1

    @classmethod
    def of(cls, cursor: str | None) -> Page | None:
        """None for what is no cursor of ours."""
        if cursor is None:
            return cls()
        found = _CURSOR.fullmatch(cursor)
        return cls(int(found[1]), int(found[2])) if found else None

    @property
    def cursor(self) -> str:
        return f"{self.number}-{self.held}"

    def next(self, length: int, link: str | None, total: str | None) -> Page | None:
        """The page behind this one, which held `length`; None at the end. Of a link only the number counts: its host
        may be another one, to which no token goes."""
        held = min(max(self.held, length), LIMIT)
        if link is not None:
            number = _number(link)
            return None if number is None or number <= self.number else Page(number, held)
        if total is not None and total.isdecimal() and len(total) < 10 and self.number * held < int(total):
            return Page(self.number + 1, held)
        return None


def _number(link: str) -> int | None:
    found = _LINK.search(link)
    values = parse_qs(urlsplit(found[1]).query).get("page", []) if found else []
    return int(values[0]) if values and re.fullmatch("[1-9][0-9]{0,8}", values[0]) else None
