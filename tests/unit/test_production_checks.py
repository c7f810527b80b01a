"""`check-prod-config`: a sound configuration passes, and each way to spoil it is named."""

from collections.abc import Callable

import pytest

from handlers.composition import load_settings
from handlers.domain import Problem
from handlers.production_checks import problems

SOUND = {
    "HERO_ONBOARDING_PUBLIC_URL": "https://onboarding.example",
    "HERO_ONBOARDING_DATABASE_URL": "postgresql://db/onboarding",
    "HERO_ONBOARDING_WORKERS": "4",
    "HERO_ONBOARDING_ADMIN_SECRET": "mK3vQ8zR1xW6yT9bN2cL5dF7",
    "STRIPE_LIVE_SECRET_KEY": "sk_live_51HabcdefGHIJKL",
    "STRIPE_WEBHOOK_SIGNING_KEY": "whsec_live0123456789abcdef",
    "IDENFY_API_KEY": "aKeyOfTheApi",
    "IDENFY_API_SECRET": "theSecretOfTheApi",
    "IDENFY_WEBHOOK_SIGNING_KEY": "aKeyThatSignsCallbacks",
    "CLICKPESA_CLIENT_ID": "IDlive0123",
    "CLICKPESA_API_KEY": "SKlive0123456789abcdef",
    "CLICKPESA_CHECKSUM_KEY": "CHKlive0123456789abcdef",
}
LIVE, TEST, SIGNING = "STRIPE_LIVE_SECRET_KEY", "STRIPE_SANDBOX_SECRET_KEY", "STRIPE_WEBHOOK_SIGNING_KEY"
GOOD = SOUND[SIGNING]

pytestmark = pytest.mark.usefixtures("no_settings")

Check = Callable[..., list[Problem]]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Check:
    """The problems of the sound configuration with these variables changed, or taken away (None)."""

    def run(changed: dict[str, str | None] | None = None) -> list[Problem]:
        for name, value in {**SOUND, **(changed or {})}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        return problems(load_settings())

    return run


def faults(found: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.fault, problem.variable) for problem in found]


def test_sound_configuration(check: Check) -> None:
    assert check() == []
    assert check({SIGNING: f"{GOOD}, whsec_rotated9876543210"}) == [], "two keys during rotation"
    assert check({"STRIPE_LIVE_PUBLISHABLE_KEY": "pk_live_51Habc"}) == []
    assert check({"HERO_ONBOARDING_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::1"}) == []


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("HERO_ONBOARDING_ADMIN_SECRET", None, "missing"),
        ("HERO_ONBOARDING_ADMIN_SECRET", "short", "weak"),
        ("HERO_ONBOARDING_ADMIN_SECRET", "a" * 40, "weak"),
        ("HERO_ONBOARDING_ADMIN_SECRET", " " * 40, "weak"),
        ("HERO_ONBOARDING_ADMIN_SECRET", "demo-mK3vQ8zR1xW6yT9bN2cL5dF7", "weak"),
        ("HERO_ONBOARDING_PUBLIC_URL", "http://onboarding.example", "weak"),
        ("HERO_ONBOARDING_PUBLIC_URL", "https://127.0.0.1:9920", "weak"),
        ("HERO_ONBOARDING_ADMIN_PORT", "9920", "contradictory"),
        ("HERO_ONBOARDING_RATE_LIMITS", "off", "weak"),
        ("HERO_ONBOARDING_TEST_CLOCK", "var/clock", "sandbox"),
        ("HERO_ONBOARDING_TRUSTED_PROXIES", "10.0.0.1, 0.0.0.0/0", "weak"),
        ("HERO_ONBOARDING_TRUSTED_PROXIES", "::/0", "weak"),
        ("HERO_ONBOARDING_STRIPE_BASE_URL", "http://127.0.0.1:1", "sandbox"),
        ("HERO_ONBOARDING_CLICKPESA_BASE_URL", "https://api-sandbox.clickpesa.com", "sandbox"),
        ("CLICKPESA_CLIENT_ID", None, "missing"),
        ("CLICKPESA_API_KEY", None, "missing"),
        ("CLICKPESA_API_KEY", "SKsandbox", "sandbox"),
        ("CLICKPESA_CHECKSUM_KEY", " , ", "missing"),
        ("CLICKPESA_CHECKSUM_KEY", "guess", "weak"),
        ("CLICKPESA_CHECKSUM_KEY", "SKlive0123456789abcdef", "contradictory"),
        ("HERO_ONBOARDING_CLICKPESA_TZS_PER_DOLLAR", "many", "contradictory"),
        (LIVE, None, "missing"),
        (LIVE, " ", "missing"),
        (LIVE, "x", "contradictory"),
        (LIVE, ",", "contradictory"),
        (LIVE, "sk_test_51Habc", "contradictory"),
        (LIVE, "sk_live_51Habc sk_test_51Habc", "contradictory"),
        (LIVE, "pk_live_51Habc", "contradictory"),
        (LIVE, "sk_live_", "contradictory"),
        (TEST, "sk_test_51Habc", "sandbox"),
        ("STRIPE_LIVE_PUBLISHABLE_KEY", "pk_test_51Habc", "sandbox"),
        ("STRIPE_LIVE_PUBLISHABLE_KEY", "x", "sandbox"),
        ("STRIPE_SANDBOX_PUBLISHABLE_KEY", "pk_test_51Habc", "sandbox"),
        (SIGNING, None, "missing"),
        (SIGNING, " ", "missing"),
        (SIGNING, ",", "missing"),
        (SIGNING, " , ,", "missing"),
        (SIGNING, "x", "weak"),
        (SIGNING, "whsec_", "weak"),
        (SIGNING, f"{GOOD},x", "weak"),
        (SIGNING, f"{GOOD} {GOOD}", "weak"),
        (SIGNING, "whsec_sandbox", "sandbox"),
        (SIGNING, f"{GOOD},whsec_sandbox", "sandbox"),
        (SIGNING, f"{GOOD}, whsec_sandbox", "sandbox"),
        (SIGNING, f"\t whsec_sandbox ,{GOOD}", "sandbox"),
    ],
)
def test_each_fault_is_named(name: str, value: str | None, fault: str, check: Check) -> None:
    assert faults(check({name: value})) == [(fault, name)]


SECRETS = (
    "HERO_ONBOARDING_ADMIN_SECRET",
    SIGNING,
    "IDENFY_API_KEY",
    "IDENFY_API_SECRET",
    "IDENFY_WEBHOOK_SIGNING_KEY",
    "CLICKPESA_CLIENT_ID",
    "CLICKPESA_API_KEY",
    "CLICKPESA_CHECKSUM_KEY",
)
BADLY_COPIED = {
    "in double quotes": '"{}"',
    "in single quotes": "'{}'",
    "with a quote left": "{}'",
    "with an invisible blank": "{}\u200b",
    "with an accent": "{}\u00e9",
    "with a blank within": "abcd {}",
    "with a line within": "abcd\n{}",
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("how", BADLY_COPIED)
def test_a_secret_that_was_not_copied_well(name: str, how: str, check: Check) -> None:
    """It would be refused at the first payment, or let no webhook in."""
    found = check({name: BADLY_COPIED[how].format(SOUND[name])})
    assert [each.variable for each in found] == [name]
    assert not any(SOUND[name] in each.message for each in found)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("text", ["x" * 60, "changeme" * 8])
def test_a_secret_of_few_different_characters(name: str, text: str, check: Check) -> None:
    """It is long enough, and anybody's first guess."""
    value = f"whsec_{text}" if name == SIGNING and text[0] == "x" else text
    assert [each.variable for each in check({name: value})] == [name]
    assert {each.fault for each in check({name: value})} == {"weak"}


@pytest.mark.parametrize("name", ["IDENFY_API_KEY", "IDENFY_API_SECRET", "CLICKPESA_CLIENT_ID"])
@pytest.mark.parametrize("value", ["x", ",", "abc"])
def test_what_is_no_key_at_all(name: str, value: str, check: Check) -> None:
    assert faults(check({name: value})) == [("weak", name)]


def test_sqlite_serves_one_process(check: Check) -> None:
    found = faults(check({"HERO_ONBOARDING_DATABASE_URL": "sqlite:///x.db"}))
    assert found == [("contradictory", "HERO_ONBOARDING_WORKERS")]


def test_a_live_key_in_the_place_of_the_test_key(check: Check) -> None:
    assert faults(check({TEST: "sk_live_51Habc"})) == [("contradictory", TEST), ("sandbox", TEST)]


def test_defaults_are_no_production(check: Check) -> None:
    found = faults(check(dict.fromkeys(SOUND)))
    assert ("missing", "HERO_ONBOARDING_ADMIN_SECRET") in found
    assert ("missing", LIVE) in found
    assert ("missing", SIGNING) in found
    assert ("weak", "HERO_ONBOARDING_PUBLIC_URL") in found
    assert len(set(found)) == len(found), "nothing is said twice"


def test_the_sandbox_is_refused(check: Check) -> None:
    found = faults(check({"HERO_ONBOARDING_SANDBOX_URL": "http://127.0.0.1:9930"}))
    assert found == [
        ("sandbox", "HERO_ONBOARDING_SANDBOX_URL"),
        ("sandbox", "HERO_ONBOARDING_CLICKPESA_BASE_URL"),
        ("sandbox", "HERO_ONBOARDING_STRIPE_BASE_URL"),
        ("sandbox", "HERO_ONBOARDING_IDENFY_BASE_URL"),
    ]


def test_no_secret_is_told(check: Check) -> None:
    secrets = {name: "s3cret" for name in (*SOUND, TEST) if "KEY" in name or "SECRET" in name}
    assert "s3cret" not in " ".join(problem.message for problem in check(secrets))
