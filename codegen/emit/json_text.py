"""JSON documents for people who read differences: what fits in a line stands on one, the rest one entry to a line."""

from __future__ import annotations

import json
from typing import Any

WIDTH = 120
_encode = json.JSONEncoder(ensure_ascii=False).encode


def json_text(document: Any) -> str:
    """The document with a newline at its end; keys stay in their order, texts as they are."""
    out: list[str] = []
    _write(document, 0, 0, out)
    return "".join(out) + "\n"


def _write(value: Any, indent: int, used: int, out: list[str]) -> None:
    """`used` are the columns of the line that are taken already, the comma behind the value included."""
    if not isinstance(value, dict | list | tuple) or not value:
        out.append(_encode(value))
        return
    if 3 * len(value) <= WIDTH:  # an entry takes three columns at least
        line = _encode(value)
        if used + len(line) <= WIDTH:
            out.append(line)
            return
    margin = f"\n{' ' * (indent + 1)}"
    separator = margin
    if isinstance(value, dict):
        out.append("{")
        for key, item in value.items():
            name = f"{_encode(key)}: "
            out += (separator, name)
            _write(item, indent + 1, indent + len(name) + 2, out)
            separator = f",{margin}"
    else:
        out.append("[")
        for item in value:
            out.append(separator)
            _write(item, indent + 1, indent + 2, out)
            separator = f",{margin}"
    out.append(f"\n{' ' * indent}{'}' if isinstance(value, dict) else ']'}")
