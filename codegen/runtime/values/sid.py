"""New identifiers: monotonic ULIDs, which sort by the time they were made."""

import os
import threading
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)  # ten bits at a time
_RANDOM_BITS = 80
_LENGTH, _SIGNS = 26, frozenset(_ALPHABET)

_lock = threading.Lock()
_last = 0


def new_sid() -> str:
    """26 characters: 48 bits of milliseconds since 1970, then 80 random bits; each greater than the one before.

    Within one millisecond, and when the clock steps back, the one before is counted up by one, as the ULID
    specification says. Unguessable secrets are not made this way.
    """
    return _text(_taken(1))


def new_sids(count: int) -> list[str]:
    """What as many calls of `new_sid` would give, in their order, in a fifth of the time: for rows that are written
    together."""
    first = _taken(count)
    sids, above, head = list[str](), -1, ""
    for value in range(first, first + count):
        if value >> 30 != above:
            above, head = value >> 30, _text(value)[:-6]
        sids.append(head + _PAIRS[value >> 20 & 1023] + _PAIRS[value >> 10 & 1023] + _PAIRS[value & 1023])
    return sids


def not_before(sid: str) -> None:
    """Let all made from here on be greater than `sid`, which another process may have made by another clock.

    A sid that was not made here, but given by somebody, says nothing of a clock.
    """
    global _last
    if len(sid) != _LENGTH or not _SIGNS.issuperset(sid):
        return
    number = 0
    for character in sid:
        number = number << 5 | _ALPHABET.index(character)
    with _lock:
        _last = max(_last, number)


def _taken(count: int) -> int:
    """The first of so many numbers that follow each other and are nobody else's."""
    global _last
    with _lock:
        milliseconds = time.time_ns() // 1_000_000
        if milliseconds > _last >> _RANDOM_BITS:
            _last = milliseconds << _RANDOM_BITS | int.from_bytes(os.urandom(10), "big")
        else:
            _last += 1
        first = _last
        _last += count - 1
    return first


def _text(value: int) -> str:
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])
