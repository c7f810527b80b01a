"""JSON documents for people who read differences: what fits in a line stands on one, the rest one entry to a line."""

from __future__ import annotations

import json
from json.encoder import encode_basestring
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
    line = _flat(value, WIDTH - used)
    if line is not None:
        out.append(line)
        return
    if not isinstance(value, dict | list | tuple) or not value:
        out.append(_encode(value))
        return
    margin = f"\n{' ' * (indent + 1)}"
    separator = margin
    if isinstance(value, dict):
        out.append("{")
        for key, item in value.items():
            name = f"{encode_basestring(key)}: "
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


def _flat(value: Any, room: int) -> str | None:
    """The value as it stands on one line, None where that takes more than `room` columns.

    PERF: it gives up at the first entry that goes beyond, so no large object is written to see that it is large.
    """
    if isinstance(value, str):
        text = encode_basestring(value)
    elif isinstance(value, dict) and value:
        entries: list[str] = []
        for key, item in value.items():  # each with two columns more: of the brackets, then of the comma before it
            name = f"{encode_basestring(key)}: "
            inner = _flat(item, room - len(name) - 2)
            if inner is None:
                return None
            entries.append(name + inner)
            room -= len(name) + len(inner) + 2
        return f"{{{', '.join(entries)}}}"
    elif isinstance(value, list | tuple) and value:
        items: list[str] = []
        for item in value:
            inner = _flat(item, room - 2)
            if inner is None:
                return None
            items.append(inner)
            room -= len(inner) + 2
        return f"[{', '.join(items)}]"
    else:
        text = _encode(value)
    return text if len(text) <= room else None
