"""`check-prod-config`: a sound configuration passes, and each way to spoil it is named."""

import pytest

from handlers.composition import load_settings
from handlers.production_checks import problems

SOUND = {
    "public_url": "https://onboarding.example",
    "database_url": "postgresql://db/onboarding",
    "workers": 4,
    "admin_secret": "mK3vQ8zR1xW6yT9bN2cL5dF7",
    "STRIPE_LIVE_SECRET_KEY": "sk_live_1",
    "STRIPE_LIVE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SIGNING_KEY": "whsec_1",
}


pytestmark = pytest.mark.usefixtures("no_settings")


def faults(**changed: object) -> list[tuple[str, str]]:
    given = {name: value for name, value in {**SOUND, **changed}.items() if value is not None}
    return [(problem.fault, problem.variable) for problem in problems(load_settings(**given))]


def test_sound_configuration() -> None:
    assert faults() == []
    assert faults(trusted_proxies="10.0.0.0/8, 2001:db8::1") == []


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
        ({"rate_limits": False}, ("weak", "HERO_ONBOARDING_RATE_LIMITS")),
        ({"trusted_proxies": "10.0.0.1, 0.0.0.0/0"}, ("weak", "HERO_ONBOARDING_TRUSTED_PROXIES")),
        ({"trusted_proxies": "::/0"}, ("weak", "HERO_ONBOARDING_TRUSTED_PROXIES")),
        ({"stripe_base_url": "http://127.0.0.1:1"}, ("sandbox", "HERO_ONBOARDING_STRIPE_BASE_URL")),
        ({"STRIPE_LIVE_SECRET_KEY": "sk_test_1"}, ("contradictory", "STRIPE_LIVE_SECRET_KEY")),
        ({"STRIPE_SANDBOX_SECRET_KEY": "sk_test_1"}, ("sandbox", "STRIPE_SANDBOX_SECRET_KEY")),
        ({"STRIPE_WEBHOOK_SIGNING_KEY": "whsec_1,whsec_sandbox"}, ("sandbox", "STRIPE_WEBHOOK_SIGNING_KEY")),
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
    found = faults(sandbox_url="http://127.0.0.1:9930")
    assert ("sandbox", "HERO_ONBOARDING_SANDBOX_URL") in found
    assert ("sandbox", "HERO_ONBOARDING_STRIPE_BASE_URL") in found


def test_no_secret_is_told() -> None:
    given = {name: "s3cret" for name in SOUND if name.isupper()}
    told = " ".join(problem.message for problem in problems(load_settings(admin_secret="s3cret", **given)))
    assert "s3cret" not in told
