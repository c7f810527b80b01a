"""The provisioner passes the kit of provisioners."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
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

    @pytest.fixture(autouse=True)
    def own_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        put_free(self.folder, 5)

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
