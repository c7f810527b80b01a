"""A cloud in memory that keeps its contract, and fails where a test says so: before it does something, or after."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar

from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from generated.models.onboarding import Allocation, AllocationStatus, ProvisionedState, ProvisionerCapabilities
from generated.plugins.onboarding import Provisioner

T = TypeVar("T")


class Killed(BaseException):
    """The process that asked is gone: nothing of it goes on."""


class Cloud(Provisioner):
    """Machines by their allocations: `up`, `down` (stopped), `coming`, `gone`."""

    metadata: ClassVar[Metadata] = Metadata("cloud", "1.0", frozenset())

    def __init__(self, free: int = 5, *, skus: tuple[str, ...] = (), stop: bool = True, slow: bool = False) -> None:
        self.free, self.skus, self.can_stop, self.slow = free, skus, stop, slow
        self.machines: dict[str, str] = {}
        self.asked: list[str] = []
        self.before: dict[str, BaseException] = {}
        """Method → what it raises instead of doing its work."""
        self.after: dict[str, BaseException] = {}
        """Method → what it raises when it has done its work."""
        self.meanwhile: dict[str, Callable[[], object]] = {}
        """Method → what happens once while it is under way, before its work is done."""

    def capabilities(self) -> ProvisionerCapabilities:
        return ProvisionerCapabilities(title="Cloud", skus=list(self.skus), stop=self.can_stop, sandbox=True)

    def capacity(self, sku: str) -> int:
        return self._do("capacity", lambda: self.free)

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        return self._do("allocate", lambda: self._allocated(allocation))

    def release(self, allocation: str) -> None:
        self._do("release", lambda: self._turn(allocation, "gone"))

    def stop(self, allocation: str) -> None:
        self._do("stop", lambda: self._turn(allocation, "down"))

    def start(self, allocation: str) -> None:
        self._do("start", lambda: self._turn(allocation, "up"))

    def status(self, allocation: str) -> ProvisionedState:
        return self._do("status", lambda: self._state(allocation))

    # ---------------------------------------------------------------------------------------------------------------

    def _do(self, method: str, work: Callable[[], T]) -> T:
        self.asked.append(method)
        if method in self.meanwhile:
            self.meanwhile.pop(method)()
        if method in self.before:
            raise self.before[method]
        done = work()
        if method in self.after:
            raise self.after[method]
        return done

    def _allocated(self, allocation: str) -> Allocation:
        if allocation not in self.machines:
            if not self.free:
                raise PoolEmpty
            self.free -= 1
            self.machines[allocation] = "coming" if self.slow else "up"
        if self.machines[allocation] == "gone":
            raise AllocationFailed(detail="it was released")
        coming = self.machines[allocation] == "coming"
        status = AllocationStatus.PROVISIONING if coming else AllocationStatus.ACTIVE
        address = None if coming else f"5a0:c::{allocation[-4:].encode().hex()[:4]}"
        return Allocation(provider_ref=f"vm-{allocation}", address=address, status=status)

    def _turn(self, allocation: str, state: str) -> None:
        if allocation not in self.machines:
            raise NotFound
        if self.machines[allocation] != "gone":
            self.machines[allocation] = state

    def _state(self, allocation: str) -> ProvisionedState:
        if allocation not in self.machines:
            raise NotFound
        state = self.machines[allocation]
        status = {"coming": AllocationStatus.PROVISIONING, "gone": AllocationStatus.RELEASED}.get(
            state, AllocationStatus.ACTIVE
        )
        return ProvisionedState(status=status, running=state == "up")
