"""Example values of primitives: the same on each run, and named after what they stand for."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from decimal import Decimal
from hashlib import sha256

from codegen.emit.openrpc.samples import sample
from codegen.model.model import INTEGER_BOUNDS, Constraints, Json, Primitive
from codegen.runtime.values.pattern import read_pattern

_SID_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_WORDS: Sequence[tuple[str, str]] = (
    ("email", "ada@example.org"),
    ("url", "https://example.org/return"),
    ("uri", "https://example.org/return"),
    ("phone", "+255712345678"),
    ("currency", "USD"),
    ("country", "TZ"),
    ("locale", "en"),
    ("language", "en"),
    ("ssh", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx0nUkPfLk2mEYb3W7VQnIfdWJ1hZlVv5sGm4zqPmTu ada@example.org"),
    ("public_key", sha256(b"public key").hexdigest()),
    ("sha256", sha256(b"example").hexdigest()),
    ("hash", sha256(b"example").hexdigest()),
    ("commit", sha256(b"commit").hexdigest()[:40]),
    ("address", "5af:1c2b:77e0:9d31:4c02:8e11:0b6a:93f4"),
    ("month", "2026-05"),
    ("isbn", "9780131103627"),
    ("reason", "Requested by the customer"),
    ("detail", "The connection was refused"),
    ("message", "Hello"),
    ("description", "A short description"),
    ("title", "A good title"),
    ("note", "A short note"),
    ("display_name", "Ada Lovelace"),
    ("name", "Ada"),
    ("path", "data/2026-05-20.jsonl"),
    ("version", "1.0.0"),
    ("cursor", "eyJhZnRlciI6IjAxSlZIIn0"),
    ("code", "A17"),
)
"""What a text is about, by a word of its name → the text."""


class NoExample(Exception):
    """No value was found that keeps all constraints."""


def scalar(type_: Primitive, names: tuple[str, ...], constraints: tuple[Constraints, ...]) -> Json:
    """A value of a primitive; `names` say what it is about, the nearest first. Raises `NoExample`."""
    name = type_.name
    if name == "bool":
        return True
    if name == "json":
        return {"any": "value"}
    if name == "str":
        return _text(names, constraints)
    if name == "bytes":
        low, high = lengths(constraints)
        return b64encode(b"Hello, world. "[: min(max(low, 5), high)].ljust(low, b".")).decode()
    if name == "sid":
        return sid(next((n for n in names if n), "sid").removesuffix("_sid"))
    if name == "uuid":
        return "0196f2a4-6c1e-7b52-9d0f-3a5b8c7d2e41"
    if name == "duration":
        return "PT1H30M"
    if name in ("otime", "datetime", "date"):
        start = "2026-05-20" if name == "date" else "2026-05-20T22:03:14Z"
        return _clipped_text(start, constraints)
    return _number(type_, names, constraints)


def sid(about: str) -> str:
    """The same for everything of that name, so that references in examples lead somewhere."""
    return "01JV" + "".join(_SID_SIGNS[byte % 32] for byte in sha256(about.encode()).digest()[:22])


def lengths(constraints: tuple[Constraints, ...]) -> tuple[int, int]:
    return (
        max((c.min_length or 0 for c in constraints), default=0),
        min((c.max_length for c in constraints if c.max_length is not None), default=1 << 30),
    )


def _text(names: tuple[str, ...], constraints: tuple[Constraints, ...]) -> str:
    low, high = lengths(constraints)
    patterns = [c.regex for c in constraints if c.regex is not None]
    for text in _candidates(names, patterns, low, high):
        if low <= len(text) <= high and all(read_pattern(pattern).fullmatch(text) for pattern in patterns):
            return text
    raise NoExample


def _candidates(names: tuple[str, ...], patterns: list[str], low: int, high: int) -> Iterator[str]:
    first = next((name for name in names if name), "text")
    for name in names:
        yield from (text for word, text in _WORDS if f"_{word}_" in f"_{name}_" or name.endswith(word))
    plain = first.replace("_", "-")
    if low < 1 << 16:
        yield from (f"{plain}-1".ljust(low, "1"), plain.ljust(low, "x"), plain[:high], "x" * max(low, 1), "")
    for pattern in patterns:
        for seed in (first, "", "again", "more"):
            text = sample(pattern, seed)
            if text is not None:
                yield text


def _clipped_text(value: str, constraints: tuple[Constraints, ...]) -> str:
    """Times in their one written form sort as text."""
    for constraint in constraints:
        if isinstance(constraint.minimum, str):
            value = max(value, constraint.minimum)
        if isinstance(constraint.maximum, str):
            value = min(value, constraint.maximum)
    return value


def _number(type_: Primitive, names: tuple[str, ...], constraints: tuple[Constraints, ...]) -> Json:
    exact = type_.name in ("money", "decimal")
    whole = type_.name in INTEGER_BOUNDS
    about = next((name for name in names if name), "")
    start = (
        Decimal("12.50")
        if exact
        else Decimal(1999 if about.endswith("cents") else 1 if about == "rev" else 3)
        if whole
        else Decimal("0.5")
    )
    low, high = INTEGER_BOUNDS.get(type_.name, (None, None))
    bounds = [
        (
            Decimal(str(c.minimum)) if c.minimum is not None else None,
            Decimal(str(c.maximum)) if c.maximum is not None else None,
        )
        for c in constraints
    ]
    for least, most in [*bounds, (Decimal(low), Decimal(high))] if low is not None and high is not None else bounds:
        start = start if least is None else max(start, least)
        start = start if most is None else min(start, most)
    if exact:
        return format(start, "f")
    return int(start) if whole else float(start)
