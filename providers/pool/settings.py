"""What the pool is told: where its table is."""

from __future__ import annotations

from pydantic import Field, SecretStr

from codegen.runtime.plugins.settings import PluginSettings


class PoolSettings(PluginSettings):
    database_url: SecretStr = Field(validation_alias="HERO_ONBOARDING_DATABASE_URL")
    """The site's own database. It may hold a password."""
