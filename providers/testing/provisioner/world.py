"""What the laws of machines are tried with: allocations, the machines that come of them, and how many are free."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from codegen.runtime.testing.arguments import Arguments
from codegen.runtime.values.sid import new_sid
from generated.conformance.onboarding import ProvisionerConformance
from generated.models.onboarding import Allocation, AllocationStatus, ProvisionedState
from generated.plugins.onboarding import Provisioner

LIVE = (AllocationStatus.PROVISIONING, AllocationStatus.ACTIVE)
PAUSE = 0.05
"""Seconds between two looks at a machine that changes."""


@dataclass(frozen=True)
class Machine:
    """A machine that runs: what was asked for, what `allocate` answered, and how it is."""

    allocation: str
    user: str
    answer: Allocation
    state: ProvisionedState


class ProvisionerWorld(ProvisionerConformance):
    """The base of the kit. A plugin's author gives `provider`, `make`, `sku`, and what else the source needs.

    All plugins that one kit object makes speak to the same source: the second is the first after a restart.
    """

    sku: ClassVar[str] = "hero-os-2gb"
    """A size of machine that the source has."""
    comes_up_within: ClassVar[float] = 30
    """Seconds that a machine takes at most until it is `active`, or has started or stopped."""
    many: ClassVar[int] = 20
    """A source with more machines free than this is not emptied by the tests."""

    def stock(self, count: int) -> None:
        """Have just this many machines of `sku` free. A source that always has enough needs nothing."""

    def allocation(self) -> str:
        """The sid of a new allocation. One that the source has to know beforehand is made known here."""
        return new_sid()

    def close(self, plugin: Any) -> None:
        """End what a plugin holds in the thread that used it."""
        close = getattr(plugin, "close", None)
        if close is not None:
            close()

    # --- what the laws are tried with ---------------------------------------------------------------------------

    def machine(self, plugin: Provisioner, **given: str) -> Machine:
        """A machine of a new allocation, when it runs."""
        allocation = given.get("allocation") or self.allocation()
        user = given.get("user") or new_sid()
        answer = self._active(plugin, allocation, user)
        return Machine(allocation, user, answer, plugin.status(allocation))

    def _active(self, plugin: Provisioner, allocation: str, user: str) -> Allocation:
        """Asked for again until it is active, as the site does."""
        until = time.monotonic() + self.comes_up_within
        while True:
            answer = plugin.allocate(allocation, user, self.sku)
            assert isinstance(answer, Allocation), f"allocate answered {answer!r}, which is no Allocation"
            if answer.status is AllocationStatus.ACTIVE:
                return answer
            assert answer.status is AllocationStatus.PROVISIONING, f"allocated just now, it is {answer.status}"
            assert time.monotonic() < until, f"it did not come up within {self.comes_up_within:g} s"
            time.sleep(PAUSE)

    def settled(self, plugin: Provisioner, allocation: str, *, running: bool) -> ProvisionedState:
        """How a machine is when it was started or stopped, and had time for it."""
        until = time.monotonic() + self.comes_up_within
        while True:
            state = plugin.status(allocation)
            if state.running is running or time.monotonic() > until:
                return state
            time.sleep(PAUSE)

    def few(self, plugin: Provisioner, count: int) -> None:
        """Have just this many machines free, or skip the test where that cannot be had."""
        self.stock(count)
        free = plugin.capacity(self.sku)
        if free > self.many:
            pytest.skip(f"{free} machines are free: too many to take them all")
        assert free == count, f"{count} machines are free, and capacity answers {free}"

    def good_calls(self, plugin: Any, method: str) -> Iterator[Arguments]:
        """Calls of `calls` where the author gives some, else those that follow from a machine that runs."""
        if method in self.calls:
            yield from super().good_calls(plugin, method)
            return
        match method:
            case "capacity":
                yield {"sku": self.sku}
            case "allocate":
                self.stock(3)
                made = self.machine(plugin)  # one that still comes up may answer otherwise the next time
                yield {"allocation": made.allocation, "user": made.user, "sku": self.sku}
            case "release" | "status":
                self.stock(3)
                yield {"allocation": self.machine(plugin).allocation}
            case "stop" | "start":
                self.stock(3)
                if plugin.capabilities().stop:
                    yield {"allocation": self.machine(plugin).allocation}
            case _:
                yield from super().good_calls(plugin, method)
