"""Rows of JSON with one value changed or left out, each value in turn: whatever checks them has to notice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]


def changed_rows(rows: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """What was changed, and the rows."""
    for number, row in enumerate(rows):
        for *path, name in _places(row):
            for other in (*_others(_inside(row, [*path, name])), ...):
                changed = json.loads(json.dumps(row))
                holder = _inside(changed, path)
                if other is ...:
                    del holder[name]
                else:
                    holder[name] = other
                yield f"{[number, *path, name]}: {other}", [*rows[:number], changed, *rows[number + 1 :]]


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (*path, name)
        yield from _places(inner, (*path, name))


def _inside(value: Any, path: list[Any]) -> Any:
    for name in path:
        value = value[name]
    return value


def _others(value: Any) -> list[Any]:
    """Values that are not this one."""
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, int):
        return [value + 1, str(value)]
    if isinstance(value, str):
        return [value[:-1] + ("0" if value[-1:] != "0" else "1"), value + " ", None]
    return ["x"] if value is None else [None]
