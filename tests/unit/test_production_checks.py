"""`check-prod-config`: a sound configuration passes, and each way to spoil it is named."""

import pytest

from handlers.checks import problems
from handlers.settings import load_settings

SOUND = {
    "public_url": "https://onboarding.example",
    "database_url": "postgresql://db/onboarding",
    "workers": 4,
    "admin_secret": "mK3vQ8zR1xW6yT9bN2cL5dF7",
    "forge_url": "https://forge.example",
    "STRIPE_LIVE_SECRET_KEY": "sk_live_1",
    "STRIPE_LIVE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SIGNING_KEY": "whsec_1",
    "CLICKPESA_CLIENT_ID": "c",
    "CLICKPESA_API_KEY": "k",
    "CLICKPESA_CHECKSUM_KEY": "s",
    "IDENFY_API_KEY": "a",
    "IDENFY_API_SECRET": "b",
    "IDENFY_WEBHOOK_SIGNING_KEY": "w",
    "FORGE_TOKEN": "t",
}


pytestmark = pytest.mark.usefixtures("no_settings")


def faults(**changed: object) -> list[tuple[str, str]]:
    given = {name: value for name, value in {**SOUND, **changed}.items() if value is not None}
    return [(problem.fault, problem.variable) for problem in problems(load_settings(**given))]


def test_sound_configuration() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"admin_secret": None}, ("missing", "HERO_ONBOARDING_ADMIN_SECRET")),
        ({"admin_secret": "short"}, ("weak", "HERO_ONBOARDING_ADMIN_SECRET")),
        ({"admin_secret": "a" * 40}, ("weak", "HERO_ONBOARDING_ADMIN_SECRET")),
        ({"admin_secret": "demo-mK3vQ8zR1xW6yT9bN2cL5dF7"}, ("weak", "HERO_ONBOARDING_ADMIN_SECRET")),
        ({"public_url": "http://onboarding.example"}, ("weak", "HERO_ONBOARDING_PUBLIC_URL")),
        ({"public_url": "https://127.0.0.1:9920"}, ("weak", "HERO_ONBOARDING_PUBLIC_URL")),
        ({"database_url": "sqlite:///x.db"}, ("contradictory", "HERO_ONBOARDING_WORKERS")),
        ({"admin_port": 9920}, ("contradictory", "HERO_ONBOARDING_ADMIN_PORT")),
        ({"plans_json": "[]"}, ("contradictory", "HERO_ONBOARDING_PLANS_JSON")),
        ({"rate_limits": False}, ("weak", "HERO_ONBOARDING_RATE_LIMITS")),
        ({"stripe_base_url": "http://127.0.0.1:1"}, ("sandbox", "HERO_ONBOARDING_STRIPE_BASE_URL")),
        ({"forge_url": "http://forge.example"}, ("weak", "HERO_ONBOARDING_FORGE_URL")),
        ({"STRIPE_LIVE_SECRET_KEY": "sk_test_1"}, ("contradictory", "STRIPE_LIVE_SECRET_KEY")),
        ({"STRIPE_SANDBOX_SECRET_KEY": "sk_test_1"}, ("sandbox", "STRIPE_SANDBOX_SECRET_KEY")),
        ({"STRIPE_WEBHOOK_SIGNING_KEY": "whsec_1,whsec_sandbox"}, ("sandbox", "STRIPE_WEBHOOK_SIGNING_KEY")),
        ({"IDENFY_WEBHOOK_SIGNING_KEY": "b"}, ("weak", "IDENFY_WEBHOOK_SIGNING_KEY")),
        ({"FORGE_TOKEN": None}, ("missing", "FORGE_TOKEN")),
    ],
)
def test_each_fault_is_named(changed: dict[str, object], expected: tuple[str, str]) -> None:
    assert faults(**changed) == [expected]


def test_defaults_are_no_production() -> None:
    found = faults(**dict.fromkeys(SOUND))
    assert ("missing", "HERO_ONBOARDING_ADMIN_SECRET") in found
    assert ("missing", "STRIPE_LIVE_SECRET_KEY") in found
    assert ("weak", "HERO_ONBOARDING_PUBLIC_URL") in found


def test_the_sandbox_is_refused() -> None:
    found = faults(sandbox_url="http://127.0.0.1:9930", forge_url=None)
    assert ("sandbox", "HERO_ONBOARDING_SANDBOX_URL") in found
    assert ("sandbox", "HERO_ONBOARDING_CLICKPESA_BASE_URL") in found


def test_no_secret_is_told() -> None:
    given = {name: "s3cret" for name in SOUND if name.isupper()}
    told = " ".join(problem.message for problem in problems(load_settings(admin_secret="s3cret", **given)))
    assert "s3cret" not in told
