"""What a JSON text may not be though it is one: too deep, with too many members, with numbers beyond Python's."""

import re
from itertools import accumulate
from typing import Any

# NOTE: possessive, and an unterminated string runs to the end: no input makes this more than linear.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BLANK = b" \t\r\n"
_SHAPES = bytes(48 if 48 <= byte <= 57 else 101 if byte == 69 else byte for byte in range(256))
"""Each digit as `0`, and `E` as `e`."""
_LARGE, _LARGE_SIGNED, _LONG = b"0e000", b"0e+000", b"0" * 200
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # as signed bytes: one up, one down
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def deeper_than(text: bytes, limit: int) -> bool:
    """Whether arrays and objects nest more than `limit` levels. Texts that are no JSON may answer either way.

    Short texts cost nothing, those with at most `limit` opening brackets, which is nearly all others, two counts. In
    the rest strings are taken out and brackets counted up and down.
    """
    if len(text) <= 2 * limit or text.count(b"[") + text.count(b"{") <= limit:
        return False
    steps = _STRING.sub(b"", text).translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0) > limit


def more_members_than(text: bytes, limit: int) -> bool:
    """Whether the objects of a text have more than `limit` members together. Texts that are no JSON may answer either
    way.

    A member takes six bytes, so short texts cost nothing. Others cost a count of what may be the end of a name; only
    where that is too high and quotes within strings may be what was counted, strings are taken out.
    """
    if len(text) <= 6 * limit or text.translate(None, _BLANK).count(b'":') <= limit:
        return False
    return rb"\"" not in text or _STRING.sub(b"", text).count(b":") > limit


def has_infinity(text: bytes, value: Any) -> bool:
    """Whether a number of the text, read as `value`, became infinite (`1e999`).

    A float overflows only with an exponent of three digits, or with some two hundred digits before a smaller one:
    nearly all texts cost a copy, in which each digit is `0`, and searches for these.
    """
    shape = text.translate(_SHAPES)
    if _LARGE not in shape and _LARGE_SIGNED not in shape and (len(shape) < len(_LONG) or _LONG not in shape):
        return False
    pending = [value]
    while pending:
        part = pending.pop()
        if type(part) is float and part - part != 0:
            return True
        if type(part) is dict:
            pending.extend(part.values())
        elif type(part) is list:
            pending.extend(part)
    return False
