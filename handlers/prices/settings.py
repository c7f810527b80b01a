"""Settings of prices and of the discount ladder."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from generated.models.onboarding import DiscountBase
from handlers.pricing.ladder import Step, steps
from handlers.settings import Settings

Percent = Annotated[int, Field(ge=0, le=100)]


class PriceSettings(Settings):
    prices: Path | None = None
    """A price book that is loaded when the site starts; the shipped one where none is given."""
    discount_week_percent: Percent = 50
    """How much of its price usage costs from a week after the first top-up on."""
    discount_month_percent: Percent = 25
    """The same from thirty days on."""
    discount_base: DiscountBase = DiscountBase.FULL
    """What the ladder is taken from: the whole price, the margin, or the price but never below cost."""
    discount_ladder_cron_interval_ms: Annotated[int, Field(ge=1000)] = 86_400_000

    @property
    def ladder(self) -> tuple[Step, ...]:
        """The steps of the discount ladder."""
        return steps(self.discount_week_percent, self.discount_month_percent)
