"""The provisioner passes the kit of provisioners."""

import json
import shutil
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from folder_cloud import FolderCloud, FolderCloudSettings

from providers.testing.provisioner import ProvisionerKit

SKU = "hero-os-2gb"


def put_free(folder: Path, count: int, first: int = 1) -> None:
    """As an operator does: machines, and the directories of a cloud."""
    for name in ("free", "used", "released"):
        (folder / name).mkdir(exist_ok=True)
    for number in range(first, first + count):
        host = folder / "free" / f"m{number}"
        host.mkdir()
        about = {"name": host.name, "address": f"5a0:f::{number:x}", "sku": SKU}
        (host / "machine.json").write_text(json.dumps(about))


class TestFolderCloud(ProvisionerKit):
    provider = FolderCloud
    sku = SKU

    @cached_property
    def folder(self) -> Path:
        folder = Path(mkdtemp())
        put_free(folder, 5)
        return folder

    def make(self) -> FolderCloud:
        return FolderCloud(FolderCloudSettings(folder=self.folder))

    def stock(self, count: int) -> None:
        """Free ones go, and new ones come."""
        for host in (self.folder / "free").iterdir():
            shutil.rmtree(host)
        self.numbers = getattr(self, "numbers", 5) + count
        put_free(self.folder, count, first=self.numbers - count + 1)

    def write(self, plugin: Any, provider_ref: str) -> None:
        (self._disk(provider_ref) / "mark").touch()

    def written(self, plugin: Any, provider_ref: str) -> bool:
        return (self._disk(provider_ref) / "mark").exists()

    def _disk(self, name: str) -> Path:
        places = self.folder.glob("*/*/machine.json")
        return next(each.parent for each in places if json.loads(each.read_text())["name"] == name) / "disk"
