"""Names that input may have beside those of its fields: names they had before (`@was`), and fields that are ignored."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError


def also_reads(old: Mapping[str, str], ignored: Collection[str] = ()) -> Any:
    """Of a model, in its body: it is read with these old names (old → new), and `ignored` ones are left out."""
    return model_validator(mode="before")(_reader(old, frozenset(ignored)))


def reading_old(kind: Any, old: Mapping[str, str]) -> Any:
    """A `TypedDict` that is read with these old names, too; where there are none, as it is."""
    return _reading(kind, tuple(old.items())) if old else kind


@cache
def _reading(kind: Any, old: tuple[tuple[str, str], ...]) -> Any:
    """The same each time, so that its validator is made once."""
    return Annotated[kind, BeforeValidator(_reader(dict(old), frozenset()))]


def _reader(old: Mapping[str, str], ignored: frozenset[str]) -> Callable[[Any], Any]:
    others = old.keys() | ignored

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping) or others.isdisjoint(value):
            return value
        found = {name: part for name, part in value.items() if name not in ignored}
        for name, new in old.items():
            if name in found:
                if new in found:
                    raise PydanticCustomError(
                        "renamed", "{old} is the old name of {new}: give one of them", {"old": name, "new": new}
                    )
                found[new] = found.pop(name)
        return found

    return read
