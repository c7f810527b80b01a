"""What the plain git forge is told: the file that lists repositories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field

from codegen.runtime.plugins.settings import Finding, PluginSettings
from providers.git.repository_list import ListInvalid, read


class GitSettings(PluginSettings):
    """Without a list there are no such repositories, which is allowed."""

    node_repos: Path | None = Field(default=None, validation_alias="HERO_ONBOARDING_NODE_REPOS")
    """A YAML file."""

    def findings(self) -> Iterator[Finding]:
        """A list or a password that cannot be read; a password that goes where others can read it."""
        if self.node_repos is None:
            return
        try:
            found = read(self.node_repos)
        except ListInvalid as error:
            yield Finding("contradictory", "node_repos", str(error))
            return
        for each in found:
            if each.password_file is None:
                continue
            name = f"{each.owner}/{each.name}"
            if not each.password():
                yield Finding("missing", "node_repos", f"{name}: its password cannot be read in {each.password_file}")
            if urlsplit(each.url).scheme != "https":
                yield Finding("weak", "node_repos", f"{name}: its password goes without https")
