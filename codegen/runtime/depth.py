"""How deep a JSON text nests, without parsing it: the guard that runs before a body is read."""

import re

# NOTE: possessive, and an unterminated string runs to the end: no input makes this more than linear.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_TO_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def deeper_than(text: bytes, limit: int) -> bool:
    """Whether arrays and objects nest more than `limit` levels. Texts that are no JSON may answer either way.

    Texts with at most `limit` opening brackets, which is nearly all of them, cost two counts. For the others strings
    are taken out, then one level of innermost brackets at a time, each in one pass.
    """
    if text.count(b"[") + text.count(b"{") <= limit:
        return False
    brackets = _STRING.sub(b"", text).translate(_TO_SQUARE, _NO_BRACKETS)
    for _ in range(limit):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)
