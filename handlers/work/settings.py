"""Settings of the workers."""

from typing import Annotated

from pydantic import Field

from handlers.settings import Settings


class WorkSettings(Settings):
    worker_tasks: Annotated[int, Field(ge=1, le=64)] = 4
    """Pieces of work that one `hero-onboarding worker` does at once, on PostgreSQL."""
    worker_silence_seconds: Annotated[int, Field(ge=3, le=3600)] = 30
    """A worker that is not heard of for so long counts as dead, and others do what it was doing."""
