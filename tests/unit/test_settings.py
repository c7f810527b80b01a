"""Settings: names, defaults, files, secrets that stay out of sight."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from handlers.composition import load_settings
from handlers.identity.settings import IdentitySettings
from handlers.settings import SettingsInvalid, load

pytestmark = pytest.mark.usefixtures("no_settings")


DEFAULTS = {
    "host": "127.0.0.1",
    "port": 9920,
    "admin_host": "127.0.0.1",
    "admin_port": 9921,
    "public_url": "http://127.0.0.1:9920",
    "database_url": "sqlite:///var/hero-onboarding.db",
    "workers": 1,
    "admin_secret": None,
    "sandbox_url": None,
    "mycelium_api_url": "http://127.0.0.1:8989",
    "plans_json": None,
    "top_up_min_cents": 500,
    "top_up_max_cents": 100000,
    "kyc_free_cap_cents": 10000,
    "rate_limits": True,
    "test_clock": None,
    "trusted_proxies": (),
    "worker_tasks": 4,
    "worker_silence_seconds": 30,
}


def test_defaults() -> None:
    settings = load_settings()
    assert {name: getattr(settings, name) for name in DEFAULTS} == DEFAULTS


def test_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERO_ONBOARDING_PORT", "8000")
    monkeypatch.setenv("HERO_ONBOARDING_VAR_DIR", "/srv/onboarding")
    monkeypatch.setenv("HERO_ONBOARDING_RATE_LIMITS", "off")
    monkeypatch.setenv("HERO_ONBOARDING_HOST", "")
    monkeypatch.setenv("HERO_ONBOARDING_TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    settings = load_settings()
    assert settings.port == 8000
    assert settings.database_url == "sqlite:////srv/onboarding/hero-onboarding.db"
    assert settings.rate_limits is False
    assert settings.host == "127.0.0.1", "an empty variable counts as unset"
    assert [str(proxy) for proxy in load(IdentitySettings).trusted_proxies] == ["10.0.0.0/8", "::1/128"]


def test_workers_follow_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert load_settings(database_url="postgresql://db/onboarding").workers == 6
    assert load_settings(database_url="postgresql://db/onboarding", workers=3).workers == 3
    assert load_settings().workers == 1


def test_value_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = "HERO_ONBOARDING_ADMIN_SECRET"
    (tmp_path / "secret").write_text("s3cret with = and spaces\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    assert load_settings().admin_secret == SecretStr("s3cret with = and spaces")
    monkeypatch.setenv(name, "other")
    with pytest.raises(SettingsInvalid, match=f"both {name} and {name}_FILE"):
        load_settings()


def test_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HERO_ONBOARDING_ADMIN_SECRET_FILE", str(tmp_path / "nothing"))
    with pytest.raises(SettingsInvalid, match=r"HERO_ONBOARDING_ADMIN_SECRET_FILE: cannot read .*nothing"):
        load_settings()


def test_secrets_stay_out_of_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERO_ONBOARDING_ADMIN_SECRET", "s3cret")
    monkeypatch.setenv("HERO_ONBOARDING_DATABASE_URL", "postgresql://u:s3cret@db/onboarding")
    settings = load_settings()
    assert "s3cret" not in repr(settings) + str(settings)


def test_problems_name_the_variable_and_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERO_ONBOARDING_PORT", "s3cret")
    monkeypatch.setenv("HERO_ONBOARDING_PUBLIC_URL", "example.com")
    with pytest.raises(SettingsInvalid) as raised:
        load_settings()
    assert [problem.partition(":")[0] for problem in raised.value.problems] == [
        "HERO_ONBOARDING_PORT",
        "HERO_ONBOARDING_PUBLIC_URL",
    ]
    assert "s3cret" not in str(raised.value)


def test_limits_that_cross_are_refused() -> None:
    with pytest.raises(SettingsInvalid, match="TOP_UP_MIN_CENTS"):
        load_settings(top_up_min_cents=2, top_up_max_cents=1)
