"""Settings of the nodes whose logs a site keeps."""

from typing import Annotated

from pydantic import Field

from handlers.settings import Settings


class NodeSettings(Settings):
    push_cron_interval_ms: Annotated[int, Field(ge=1000)] = 3_600_000
    """How often the usage of nodes whose logs this host keeps is pushed."""
    record_usage_daily_cents: Annotated[int, Field(ge=0)] = 1_000_000
    """Most that programs may record for one user on a day (UTC), in cents."""
    allowance_seconds: Annotated[int, Field(ge=1)] = 3600
    """How long a node that cannot ask goes by the last answer whether it may serve a user."""
