"""The provisioner: the site's words on one side, the directories on the other."""

from collections.abc import Callable
from typing import TypeVar

from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from folder_cloud.hosts import Full, Hosts, Released
from folder_cloud.settings import FolderCloudSettings
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from generated.models.onboarding import Allocation, AllocationStatus, ProvisionedState, ProvisionerCapabilities
from generated.plugins.onboarding import Provisioner

T = TypeVar("T")


class FolderCloud(Provisioner):
    metadata = Metadata("folder_cloud", "0.1.0", frozenset({"stop"}), FolderCloudSettings)

    def __init__(self, settings: FolderCloudSettings) -> None:
        self._hosts = Hosts(settings.folder)

    def capabilities(self) -> ProvisionerCapabilities:
        """Of any size: an operator decides what is in the folder."""
        return ProvisionerCapabilities(title="Folder cloud", skus=[], stop=True, sandbox=True)

    def capacity(self, sku: str) -> int:
        return _call(lambda: self._hosts.count(sku))

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        host = _call(lambda: self._hosts.claim(allocation, sku, ssh_pub_key))
        return Allocation(provider_ref=host.name, address=host.address, status=AllocationStatus.ACTIVE)

    def release(self, allocation: str) -> None:
        _call(lambda: self._hosts.release(allocation))

    def stop(self, allocation: str) -> None:
        _call(lambda: self._hosts.turn(allocation, on=False))

    def start(self, allocation: str) -> None:
        _call(lambda: self._hosts.turn(allocation, on=True))

    def status(self, allocation: str) -> ProvisionedState:
        host = _call(lambda: self._hosts.look(allocation))
        status = AllocationStatus.RELEASED if host.released else AllocationStatus.ACTIVE
        return ProvisionedState(status=status, address=host.address, running=host.running and not host.released)


def _call(act: Callable[[], T]) -> T:
    try:
        return act()
    except Full:
        raise PoolEmpty from None
    except LookupError:
        raise NotFound from None
    except Released:
        raise AllocationFailed(detail="this allocation was released") from None
    except OSError:
        raise AllocationFailed(detail="the folder cannot be reached") from None
