"""Settings of payments: what a top-up may be. What providers are told, they say themselves."""

from pydantic import model_validator

from handlers.settings import PREFIX, Cents, Settings


class PaymentSettings(Settings):
    top_up_min_cents: Cents = 500
    top_up_max_cents: Cents = 100_000
    kyc_free_cap_cents: Cents = 10_000
    """Top-ups in all that are taken before KYC."""

    @model_validator(mode="after")
    def _agree(self) -> "PaymentSettings":
        if self.top_up_min_cents > self.top_up_max_cents:
            raise ValueError(f"{PREFIX}TOP_UP_MIN_CENTS is above {PREFIX}TOP_UP_MAX_CENTS")
        return self
