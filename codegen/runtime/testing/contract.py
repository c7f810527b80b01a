"""What a kit knows of an interface's methods: their arguments, answers, errors and laws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from codegen.runtime.errors import DeclaredError


@dataclass(frozen=True)
class MethodContract:
    """One method of an interface. `required` and `optional` are strategies of its arguments by name.

    `result` is the annotation of what it answers. The rest are its laws: with `idempotent`, the same call twice has one
    outcome; `same` are fields of the answer with the place of the argument that they are.
    """

    name: str
    required: Mapping[str, st.SearchStrategy[Any]] = field(default_factory=dict)
    optional: Mapping[str, st.SearchStrategy[Any]] = field(default_factory=dict)
    result: Any = None
    errors: tuple[type[DeclaredError], ...] = ()
    safe: bool = False
    idempotent: bool = False
    same: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    deadline: int | None = None
    offline: bool = False
    paged: bool = False

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.result)

    @cached_property
    def arguments(self) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries(dict(self.required), optional=dict(self.optional))

    @cached_property
    def simplest(self) -> Mapping[str, Any]:
        """Valid arguments, all of them and none null, always the same."""
        found: list[dict[str, Any]] = []
        every = {
            name: strategy.filter(lambda value: value is not None)
            for name, strategy in {**self.required, **self.optional}.items()
        }

        @settings(
            max_examples=1,
            database=None,
            derandomize=True,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(st.fixed_dictionaries(every))
        def look(arguments: dict[str, Any]) -> None:
            found.append(arguments)

        look()
        return found[0]
