"""Calls of one turn of the event loop read in one transaction, where there are enough of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from codegen.runtime.http.reading_turn import APART, FEW, ReadingTurn


class Loop:
    """An event loop and a database, of which it is seen what they are told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.later: list[Callable[[], None]] = []
        self.turn = ReadingTurn(cast(Any, self), cast(Any, self))

    def call_soon(self, function: Callable[[], None]) -> None:
        self.later.append(function)

    def begin_reading(self) -> None:
        self.told.append("begin")

    def end_reading(self) -> None:
        self.told.append("end")

    def run(self, calls: int) -> list[str]:
        """A turn with so many calls, and the beginning of the next."""
        self.told.clear()
        for _ in range(calls):
            self.turn.join()
            self.told.append("read")
        for function in self.later:
            function()
        self.later.clear()
        return list(self.told)


def test_the_calls_of_a_turn_read_together_and_those_of_the_next_anew() -> None:
    loop = Loop()
    for calls in (FEW, FEW + 1, 16):
        assert loop.run(calls) == ["begin", *["read"] * calls, "end"]


def test_where_few_come_at_a_time_each_reads_for_itself_until_it_is_tried_again() -> None:
    loop = Loop()
    assert loop.run(1) == ["begin", "read", "end"]
    for _ in range(APART):
        assert loop.run(1) == ["read"]
    assert loop.run(FEW) == ["begin", *["read"] * FEW, "end"]
    assert loop.run(FEW)[0] == "begin"
