"""The table of wrong providers: each is the sound one with one fault, and the test of the kit that is meant for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tests.kits.sound import SoundProvider

P = TypeVar("P", bound=type[SoundProvider])
WRONG: dict[type[SoundProvider], str] = {}
"""Provider → the name of the test, without `test_`."""


def caught_by(test: str) -> Callable[[P], P]:
    """Put a wrong provider into the table; its docstring says what is wrong with it."""

    def add(provider: P) -> P:
        WRONG[provider] = test
        return provider

    return add
