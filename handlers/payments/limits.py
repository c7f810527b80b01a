"""Between which amounts one top-up lies: this site's limits, and those of the provider that is chosen."""

from __future__ import annotations

from typing import NamedTuple

from codegen.runtime.values.types import Money
from generated.models.onboarding import PaymentCapabilities
from handlers.payments.settings import PaymentSettings


class Limits(NamedTuple):
    """Both inclusive; where the least is above the greatest, nothing can be paid this way."""

    least: Money
    greatest: Money


def limits(settings: PaymentSettings, able: PaymentCapabilities | None) -> Limits:
    """Those of a provider, or of the site alone."""
    least, greatest = Money.from_cents(settings.top_up_min_cents), Money.from_cents(settings.top_up_max_cents)
    if able is not None and able.minimum is not None:
        least = max(least, able.minimum)
    if able is not None and able.maximum is not None:
        greatest = min(greatest, able.maximum)
    return Limits(least, greatest)
