"""Times in an answer that name no zone: another moment on another machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from typing import Any

from pydantic import BaseModel


def naive_times(value: Any, place: str) -> Iterator[str]:
    """Where they stand in `value`, which is called `place`."""
    if isinstance(value, (datetime, time)):
        if value.tzinfo is None:
            yield place
    elif isinstance(value, BaseModel):
        for name, held in value:
            yield from naive_times(held, f"{place}.{name}")
    elif isinstance(value, Mapping):
        for name, held in value.items():
            yield from naive_times(held, f"{place}[{name!r}]")
    elif isinstance(value, (list, tuple)):
        for number, held in enumerate(value):
            yield from naive_times(held, f"{place}[{number}]")
