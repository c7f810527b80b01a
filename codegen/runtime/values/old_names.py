"""Read the names that fields and parameters had before (`@was`): each is the new name before anything is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError


def reads_old(names: Mapping[str, str]) -> Any:
    """Of a model, in its body: it is read with these old names, too (old name → new name)."""
    return model_validator(mode="before")(_renaming(names))


def reading_old(kind: Any, names: Mapping[str, str]) -> Any:
    """A `TypedDict` that is read with these old names, too; where there are none, as it is."""
    return Annotated[kind, BeforeValidator(_renaming(names))] if names else kind


def _renaming(names: Mapping[str, str]) -> Callable[[Any], Any]:
    def renamed(value: Any) -> Any:
        if not isinstance(value, Mapping) or names.keys().isdisjoint(value):
            return value
        found = dict(value)
        for old, new in names.items():
            if old in found:
                if new in found:
                    raise PydanticCustomError(
                        "renamed", "{old} is the old name of {new}: give one of them", {"old": old, "new": new}
                    )
                found[new] = found.pop(old)
        return found

    return renamed
