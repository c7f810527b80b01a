"""From which balance on a user wants to be warned."""

from __future__ import annotations

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.tables.onboarding import ALERT_SETTINGS

DEFAULT_THRESHOLD = Money.from_cents(500)
"""Of users who have set nothing; the schema says the same of `AlertSettings`."""


class AlertThresholds:
    """Reads the settings in a database."""

    def __init__(self, database: Database) -> None:
        self._settings = Store.of(ALERT_SETTINGS, database)

    def of(self, user_sid: str) -> Money | None:
        """The balance below which the user is warned; None where that is switched off."""
        settings = self._settings.one({"user_sid": user_sid})
        if settings is None:
            return DEFAULT_THRESHOLD
        return Money(settings.low_balance_threshold) if settings.low_balance else None
