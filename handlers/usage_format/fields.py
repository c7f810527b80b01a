"""The fields of a line: how each is written, and what is wrong with a value that it cannot have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.usage_format.record import SCHEMA

CATEGORIES = ("hero_os_hourly", "llm", "vm")
_EARLIEST = datetime.fromtimestamp(0, UTC)
_LATEST = datetime.fromtimestamp(2**32 - 1, UTC)
_TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `pattern` matches its value as JSON, the value itself in the one group of the pattern; `fault` says
    what is wrong with a value that was read from JSON, None where nothing is."""

    name: str
    pattern: str
    fault: Callable[[object], str | None]
    optional: bool = False


def text(name: str, longest: int, *, optional: bool = False) -> Field:
    """Text of 1 to `longest` characters, none of them a control character."""

    def fault(value: object) -> str | None:
        if not isinstance(value, str):
            return "is no text"
        if not 1 <= len(value) <= longest:
            return f"has {len(value)} characters, which must be 1 to {longest}"
        if re.search(r"[\x00-\x1f\ud800-\udfff]", value):
            return "has a character that text may not have"
        return None

    return Field(name, rf'"([^"\\\x00-\x1f]{{1,{longest}}})"', fault, optional)


def matched(name: str, pattern: str, meaning: str, *, optional: bool = False) -> Field:
    """Text that matches a pattern as a whole."""
    whole = re.compile(pattern)

    def fault(value: object) -> str | None:
        good = isinstance(value, str) and whole.fullmatch(value)
        return None if good else f"is not {meaning}"

    return Field(name, f'"({pattern})"', fault, optional)


def number(name: str, least: int, most: int, *, optional: bool = False) -> Field:
    """A whole number within bounds."""

    def fault(value: object) -> str | None:
        good = type(value) is int and least <= value <= most
        return None if good else f"is no whole number from {least} to {most}"

    return Field(name, "(0|[1-9][0-9]{0,18})", fault, optional)


def constant(name: str, value: int) -> Field:
    """A whole number that is always the same."""
    return Field(name, f"({value})", lambda given: None if type(given) is int and given == value else f"is not {value}")


def decimal(name: str, *, optional: bool = False) -> Field:
    """A number that is not negative, as text: at most 38 digits before and 38 behind the point."""
    pattern = r"(?:0|[1-9][0-9]{0,37})(?:\.[0-9]{1,38})?"
    return matched(name, pattern, "a number as text that is not negative", optional=optional)


def time(name: str) -> Field:
    """A time in UTC, in whole seconds, from 1970 to 2106."""
    whole = re.compile(_TIME)

    def fault(value: object) -> str | None:
        good = isinstance(value, str) and whole.fullmatch(value) and moment(value)
        return None if good else "is not a time in UTC as 2026-11-20T19:03:14Z, from 1970 to 2106"

    return Field(name, f'"({_TIME})"', fault)


def moment(written: str) -> datetime | None:
    """A time that is spelled rightly; None where the calendar has none such, or it is out of bounds."""
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        return None
    return read if _EARLIEST <= read <= _LATEST else None


FIELDS = (
    number("amount_cents", 0, 2**63 - 1, optional=True),
    matched("applies_to", "|".join(CATEGORIES), f"one of {', '.join(CATEGORIES)}", optional=True),
    decimal("cost", optional=True),
    text("idempotency_key", 128),
    text("instance_id", 64, optional=True),
    number("interval_seconds", 0, 2**32 - 1, optional=True),
    number("local_seq", 1, 2**63 - 1),
    text("model", 128, optional=True),
    matched("node_id", "[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "the name of a node"),
    time("occurred_at"),
    decimal("quantity"),
    text("resource_kind", 128),
    constant("schema", SCHEMA),
    text("stream_id", 64),
    matched("user_sid", "[0-9A-Za-z]{4,26}", "a sid"),
    text("void", 128, optional=True),
)
"""In the order of their names, in which a line has them."""
