"""What must be mended before real money: settings that are missing, weak, a sandbox's, or contradictory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from handlers.identity.origin import is_loopback
from handlers.plans.offer import PlansInvalid, read_plans
from handlers.settings import (
    CLICKPESA_BASE_URL,
    IDENFY_BASE_URL,
    SANDBOX_STRIPE_SIGNING_KEY,
    STRIPE_BASE_URL,
    Settings,
)

MINIMUM_SECRET = 24
"""Characters of a secret that people or machines may guess at."""

Fault = Literal["missing", "weak", "sandbox", "contradictory"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that must not go into production as it is."""

    fault: Fault
    variable: str
    message: str


def problems(settings: Settings) -> list[Problem]:
    """All of them, in the order of the settings; empty where nothing is to be mended."""
    order = list(Settings.model_fields)
    found = [
        Problem(fault, Settings.variable(field), message)
        for check in (_site, _secrets, _vendors, _sandbox)
        for fault, field, message in check(settings)
    ]
    places = {Settings.variable(field): place for place, field in enumerate(order)}
    return sorted(found, key=lambda problem: places[problem.variable])


Found = Iterator[tuple[Fault, str, str]]


def _site(settings: Settings) -> Found:
    if settings.public_url.startswith("http://"):
        yield "weak", "public_url", "an https:// origin is needed: cookies and login challenges rely on it"
    elif is_loopback(settings.public_url):
        yield "weak", "public_url", "nobody else can reach this machine's own address"
    if settings.database_url.startswith("sqlite") and settings.workers > 1:
        yield "contradictory", "workers", "SQLite serves one process; use PostgreSQL for more"
    if (settings.host, settings.port) == (settings.admin_host, settings.admin_port):
        yield "contradictory", "admin_port", "the operator pages need a port of their own"
    try:
        read_plans(settings.plans_json)
    except PlansInvalid as error:
        yield "contradictory", "plans_json", str(error)
    if not settings.rate_limits:
        yield "weak", "rate_limits", "rate limits are off"


def _secrets(settings: Settings) -> Found:
    secret = settings.admin_secret
    if secret is None:
        yield "missing", "admin_secret", "the machine routes and operator pages need it"
    elif weakness := _weakness(secret):
        yield "weak", "admin_secret", weakness


def _weakness(secret: SecretStr) -> str | None:
    value = secret.get_secret_value()
    if len(value) < MINIMUM_SECRET:
        return f"shorter than {MINIMUM_SECRET} characters"
    if len(set(value)) < 10:
        return "too few different characters"
    if value.startswith("demo"):
        return "the demo's"
    return None


def _vendors(settings: Settings) -> Found:
    stripe = settings.stripe_live_secret_key
    needed = {
        "stripe_live_secret_key": "Stripe cannot be called",
        "stripe_live_publishable_key": "Stripe's pages need it",
        "stripe_webhook_signing_key": "Stripe's webhooks would be refused",
        "clickpesa_client_id": "ClickPesa cannot be called",
        "clickpesa_api_key": "ClickPesa cannot be called",
        "clickpesa_checksum_key": "ClickPesa's webhooks would be refused",
        "idenfy_api_key": "iDenfy cannot be called",
        "idenfy_api_secret": "iDenfy cannot be called",
        "idenfy_webhook_signing_key": "iDenfy's callbacks would be refused",
        "forge_url": "node repositories cannot be found",
        "forge_token": "node repositories cannot be read",
    }
    for field, consequence in needed.items():
        if getattr(settings, field) is None:
            yield "missing", field, consequence
    if stripe is not None and not stripe.get_secret_value().startswith(("sk_live_", "rk_live_")):
        yield "contradictory", "stripe_live_secret_key", "not a live key (sk_live_… or rk_live_…)"
    if settings.stripe_live_publishable_key is not None and not settings.stripe_live_publishable_key.startswith(
        "pk_live_"
    ):
        yield "contradictory", "stripe_live_publishable_key", "not a live key (pk_live_…)"
    signing = settings.idenfy_webhook_signing_key
    if signing is not None and signing == settings.idenfy_api_secret:
        yield "weak", "idenfy_webhook_signing_key", "the API secret; set a signing key of its own at iDenfy"


def _sandbox(settings: Settings) -> Found:
    if settings.sandbox_url is not None:
        yield "sandbox", "sandbox_url", "payments and identities would be make-believe"
    for field, vendor in (
        ("stripe_base_url", STRIPE_BASE_URL),
        ("clickpesa_base_url", CLICKPESA_BASE_URL),
        ("idenfy_base_url", IDENFY_BASE_URL),
    ):
        if getattr(settings, field) != vendor:
            yield "sandbox", field, f"not the vendor's {vendor}"
    if settings.forge_url is not None and settings.forge_url.startswith("http://"):
        yield "weak", "forge_url", "the token would travel in the clear"
    signing = settings.stripe_webhook_signing_key
    if signing is not None and SANDBOX_STRIPE_SIGNING_KEY in signing.get_secret_value().split(","):
        yield "sandbox", "stripe_webhook_signing_key", "the sandbox's published key: anybody could sign webhooks"
    for field in ("stripe_sandbox_secret_key", "stripe_sandbox_publishable_key"):
        if getattr(settings, field) is not None:
            yield "sandbox", field, "a test key has no place beside the live one"
