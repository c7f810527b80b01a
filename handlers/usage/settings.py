"""Settings of usage."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from handlers.settings import Settings
from handlers.usage.fetchers import Limits


class UsageSettings(Settings):
    aggregate_cron_interval_ms: Annotated[int, Field(ge=1000)] = 300_000
    """How often a running site consumes what nodes pushed."""

    discover_cron_interval_ms: Annotated[int, Field(ge=1000)] = 3_600_000
    """How often a running site looks for repositories at the forge that no node is registered with."""

    forge_owner: Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,100}$")] = "hero_ops"
    """Who has the nodes' repositories at the forge."""

    fetch_mib: Annotated[int, Field(ge=1, le=1 << 20)] = 1024
    """Most that one fetch of a node's repository may bring, in MiB, with as much memory and ten minutes a GiB."""

    @property
    def logs(self) -> Path:
        """Where the logs of nodes are that this host keeps, a folder each."""
        return self.var_dir / "nodes"

    @property
    def fetch_limits(self) -> Limits:
        return Limits.of(self.fetch_mib)

    @property
    def mirrors(self) -> Path:
        """Where our copies of the nodes' repositories are kept."""
        return self.var_dir / "mirrors"
