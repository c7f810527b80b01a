"""Stripe's request bodies: `line_items[0][price_data][currency]=usd` as nested values."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

_KEY = re.compile(r"[^\[\]]+|\[[^\[\]]*\]")


class FormError(ValueError):
    """The body is no form that Stripe would read."""


def decode(text: str) -> dict[str, Any]:
    """Nested dicts and lists of strings; `[0]`, `[1]` … are places in a list, which must be gapless, `[]` the next."""
    root: dict[str, Any] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        parts = [part.strip("[]") for part in _KEY.findall(key)]
        if not parts or not parts[0] or "".join(_KEY.findall(key)) != key:
            raise FormError(f"cannot read the parameter name {key!r}")
        place = root
        for part in parts[:-1]:
            place = place.setdefault(part or str(len(place)), {})
            if not isinstance(place, dict):
                raise FormError(f"{key!r} is given as a value and as a group")
        place[parts[-1] or str(len(place))] = value
    listed: dict[str, Any] = {name: _with_lists(value) for name, value in root.items()}
    return listed


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(part) for name, part in value.items()}
    if inner and all(name.isdigit() for name in inner):
        if sorted(map(int, inner)) != list(range(len(inner))):
            raise FormError("a list has gaps")
        return [inner[str(place)] for place in range(len(inner))]
    return inner
