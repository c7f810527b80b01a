"""What validates and writes the values of a type, made once per type: the same types are asked for again and again."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """The `TypeAdapter` of a type. PERF: pydantic takes milliseconds for one, and an application needs hundreds."""
    return TypeAdapter(kind)
