"""Settings of payments: what a top-up may be, and the vendors' secrets by their usual names."""

from typing import Any

from pydantic import Field, SecretStr, model_validator

from handlers.settings import PREFIX, BaseUrl, Cents, Settings

STRIPE_BASE_URL = "https://api.stripe.com"
SANDBOX_STRIPE_SECRET_KEY, SANDBOX_STRIPE_SIGNING_KEY = "sk_test_sandbox", "whsec_sandbox"
"""The keys that the sandbox publishes; worth nothing anywhere else."""


def vendor(name: str) -> Any:
    """A secret that keeps the name its vendor gives it; None where it is not set."""
    return Field(default=None, validation_alias=name)


class PaymentSettings(Settings):
    top_up_min_cents: Cents = 500
    top_up_max_cents: Cents = 100_000
    kyc_free_cap_cents: Cents = 10_000
    """Top-ups in all that are taken before KYC."""

    stripe_base_url: BaseUrl = STRIPE_BASE_URL
    stripe_sandbox_publishable_key: str | None = vendor("STRIPE_SANDBOX_PUBLISHABLE_KEY")
    stripe_sandbox_secret_key: SecretStr | None = vendor("STRIPE_SANDBOX_SECRET_KEY")
    stripe_live_publishable_key: str | None = vendor("STRIPE_LIVE_PUBLISHABLE_KEY")
    stripe_live_secret_key: SecretStr | None = vendor("STRIPE_LIVE_SECRET_KEY")
    stripe_webhook_signing_key: SecretStr | None = vendor("STRIPE_WEBHOOK_SIGNING_KEY")
    """One, or two with a comma during rotation."""

    @model_validator(mode="before")
    @classmethod
    def _derive_from_sandbox(cls, values: dict[str, Any]) -> dict[str, Any]:
        if sandbox := values.get("sandbox_url"):
            return {"stripe_base_url": f"{str(sandbox).rstrip('/')}/stripe", **values}
        return values

    @model_validator(mode="after")
    def _agree(self) -> "PaymentSettings":
        if self.top_up_min_cents > self.top_up_max_cents:
            raise ValueError(f"{PREFIX}TOP_UP_MIN_CENTS is above {PREFIX}TOP_UP_MAX_CENTS")
        return self
