"""Order references: made from a top-up's sid, so that the same top-up always has the same one. Pure.

ClickPesa takes letters and digits only, and 20 of them at most are known to be safe: less than a sid has. So a
reference holds a digest of the sid, the way to pay, and the cents that were asked for: a push is paid in shillings, and
only the reference tells for how many dollars.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple

LINK, PUSH = "HL", "HU"
"""What references begin with: of a hosted link, of a push to a phone (USSD)."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CENTS, _DIGEST = 5, 13
MOST_CENTS = 36**_CENTS - 1
_REFERENCE = re.compile(f"({LINK}|{PUSH})([0-9A-Z]{{{_CENTS}}})[0-9A-Z]{{{_DIGEST}}}")


class Reference(NamedTuple):
    """What a reference tells: the way to pay, and the cents that were asked for."""

    push: bool
    cents: int


def reference(top_up_sid: str, cents: int, *, push: bool) -> str:
    """The order reference of a top-up."""
    digest = int.from_bytes(sha256(top_up_sid.encode()).digest(), "big") % 36**_DIGEST
    return f"{PUSH if push else LINK}{_base36(cents, _CENTS)}{_base36(digest, _DIGEST)}"


def read(text: str) -> Reference | None:
    """What a reference of ours tells; None for those of other programs on the same account."""
    found = _REFERENCE.fullmatch(text)
    return Reference(found[1] == PUSH, int(found[2], 36)) if found is not None else None


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
