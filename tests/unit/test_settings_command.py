"""`hero-onboarding settings`: every setting with its value and origin, and no secret."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from handlers.cli import main
from handlers.composition import load_domains, load_settings
from handlers.settings_list import HIDDEN

pytestmark = pytest.mark.usefixtures("no_settings")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["settings", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def listed() -> dict[str, tuple[str, str, str]]:
    found = json.loads(run("--json"))
    assert len({each["variable"] for each in found}) == len(found), "each once"
    return {each["variable"]: (each["value"], each["origin"], each["owner"]) for each in found}


def test_all_fields_of_all_domains_are_listed() -> None:
    settings = load_settings()
    assert {settings.variable(field) for field in type(settings).model_fields} <= listed().keys()
    assert {owner for _, _, owner in listed().values()} >= {
        "site",
        "plugin stripe",
        *(domain.name for domain in load_domains() if domain.settings is not None),
    }


def test_values_say_where_they_come_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "port").write_text("9000\n")
    (folder / "base").write_text("https://user:pass@stripe.example\n")
    monkeypatch.setenv("HERO_ONBOARDING_PORT_FILE", "port")
    monkeypatch.setenv("HERO_ONBOARDING_TRUSTED_PROXIES", "10.0.0.1,10.0.0.2")
    monkeypatch.setenv("HERO_ONBOARDING_RATE_LIMITS", "off")
    monkeypatch.setenv("HERO_ONBOARDING_STRIPE_BASE_URL_FILE", "base")
    found = listed()
    assert found["HERO_ONBOARDING_PORT"] == ("9000", "port", "site")
    assert found["HERO_ONBOARDING_HOST"] == ("127.0.0.1", "default", "site")
    assert found["HERO_ONBOARDING_RATE_LIMITS"] == ("off", "environment", "site")
    assert found["HERO_ONBOARDING_TRUSTED_PROXIES"] == ("10.0.0.1/32,10.0.0.2/32", "environment", "identity")
    assert found["HERO_ONBOARDING_TOP_UP_MIN_CENTS"] == ("500", "default", "payments")
    assert found["HERO_ONBOARDING_STRIPE_BASE_URL"] == ("https://user:…@stripe.example", "base", "plugin stripe")


def test_no_secret_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "signing").write_text("whsec_hidden\n")
    monkeypatch.setenv("HERO_ONBOARDING_ADMIN_SECRET", "hidden-admin")
    monkeypatch.setenv("STRIPE_LIVE_SECRET_KEY", "sk_live_hidden")
    monkeypatch.setenv("STRIPE_WEBHOOK_SIGNING_KEY_FILE", "signing")
    monkeypatch.setenv("HERO_ONBOARDING_DATABASE_URL", "postgresql://hero:hidden@db/hero")
    found = listed()
    assert found["HERO_ONBOARDING_ADMIN_SECRET"][:2] == found["STRIPE_LIVE_SECRET_KEY"][:2] == (HIDDEN, "environment")
    assert found["STRIPE_WEBHOOK_SIGNING_KEY"][:2] == (HIDDEN, "signing")
    assert found["HERO_ONBOARDING_DATABASE_URL"][0] == "postgresql://hero:…@db/hero"
    assert "hidden" not in run() + run("--json")


def test_the_text_has_a_heading_for_each_owner() -> None:
    lines = run().splitlines()
    assert lines[0] == "# site"
    assert any(line.startswith("HERO_ONBOARDING_PORT ") and line.endswith("9920  (default)") for line in lines)
    assert "# plugin stripe" in lines
