"""Settings of verification. What providers are told, they say themselves."""

from handlers.settings import Settings


class KycSettings(Settings):
    kyc_provider: str | None = None
    """The name of the KYC provider that new attempts are made at; the first by name where several are installed."""
