"""What the provisioner needs to be told."""

from collections.abc import Iterable
from pathlib import Path

from codegen.runtime.plugins.settings import Finding, PluginSettings


class FolderCloudSettings(PluginSettings):
    """`HERO_ONBOARDING_FOLDER_CLOUD_FOLDER`: the directory with `free`, `used` and `released`."""

    folder: Path

    def findings(self) -> Iterable[Finding]:
        """It is an example: no machine runs there."""
        yield Finding("sandbox", "folder", "directories stand for machines: nobody can log in to one")
