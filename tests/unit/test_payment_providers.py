"""Which payment providers are on offer: installed, unbroken, and told what they need."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from pydantic import BaseModel

from codegen.runtime.plugins.registry import Metadata, Registry
from generated.errors.onboarding import UnknownProvider
from generated.models.onboarding import PaymentCapabilities
from generated.plugins.onboarding import PaymentProvider
from handlers.payments.providers import PAYMENT, Providers
from handlers.plugins import Installed, installed, set_up
from handlers.settings import Settings, load
from tests.server.stub_provider import StubProvider

pytestmark = pytest.mark.usefixtures("no_settings")


class TollSettings(BaseModel):
    key: str
    lanes: int = 2


class TollProvider(StubProvider):
    metadata = Metadata("toll", "1.0", settings=TollSettings)

    def __init__(self, settings: TollSettings) -> None:
        super().__init__()
        self.settings = settings


class SadProvider(StubProvider):
    metadata = Metadata("sad", "1.0")

    def __init__(self) -> None:
        raise RuntimeError("secret words")


class DoubleProvider(StubProvider):
    metadata = Metadata("double", "1.0")

    def capabilities(self) -> PaymentCapabilities:
        return super().capabilities().model_copy(update={"webhook_path": "/webhooks/stub"})


def registry(*names: str) -> Registry[PaymentProvider]:
    points = {
        "stub": "tests.server.stub_provider:StubProvider",
        "toll": f"{__name__}:TollProvider",
        "double": f"{__name__}:DoubleProvider",
        "sad": f"{__name__}:SadProvider",
        "gone": "tests.no_such_module:X",
        "stripe": "providers.stripe:StripeProvider",
    }
    found = [EntryPoint(name, points[name], PAYMENT.group) for name in names]
    return Registry.load(PAYMENT.group, PAYMENT.interface, found)


def found_plugins(*names: str) -> Installed[PaymentProvider]:
    return set_up(PAYMENT, registry(*names), load(Settings))


def offered(*names: str) -> Providers:
    return Providers.of(found_plugins(*names))


def test_ours_are_installed() -> None:
    assert list(installed(PAYMENT, load(Settings)).classes) == ["clickpesa", "stripe"]


def test_a_broken_plugin_does_not_stop_the_others() -> None:
    found = offered("stub", "gone", "sad")
    assert list(found) == ["stub"] and "stub" in found
    assert {broken.name for broken in found.broken} == {"gone", "sad"}
    assert not any("secret words" in broken.reason for broken in found.broken)
    with pytest.raises(UnknownProvider):
        found["sad"]
    assert found.capabilities()["stub"].title == "Stub"


def test_a_plugins_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert list(offered("toll")) == []  # not told its key: installed, and not offered
    assert found_plugins("toll").unconfigured == {"toll": ("HERO_ONBOARDING_TOLL_KEY",)}
    monkeypatch.setenv("HERO_ONBOARDING_TOLL_KEY", "k")
    toll = offered("toll")["toll"]
    assert isinstance(toll, TollProvider) and (toll.settings.key, toll.settings.lanes) == ("k", 2)
    monkeypatch.setenv("HERO_ONBOARDING_TOLL_LANES", "many")
    found = offered("toll")
    [broken] = found.broken
    assert list(found) == [] and str(broken).startswith(
        f"plugin 'toll' ({PAYMENT.group}): its settings are wrong: HERO_ONBOARDING_TOLL_LANES: "
    )
    monkeypatch.setenv("HERO_ONBOARDING_TOLL_LANES", "3")
    monkeypatch.delenv("HERO_ONBOARDING_TOLL_KEY")
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.setenv("HERO_ONBOARDING_TOLL_KEY_FILE", str(tmp_path / "key"))
    toll = offered("toll")["toll"]
    assert isinstance(toll, TollProvider) and (toll.settings.key, toll.settings.lanes) == ("from a file", 3)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"STRIPE_SANDBOX_SECRET_KEY": "sk_test_1"}, None),  # its webhooks could not be verified
        ({"STRIPE_WEBHOOK_SIGNING_KEY": "whsec_1"}, None),
        ({"STRIPE_SANDBOX_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SIGNING_KEY": "whsec_1"}, True),
        (
            {
                "STRIPE_LIVE_SECRET_KEY": "sk_live_1",
                "STRIPE_SANDBOX_SECRET_KEY": "sk_test_1",
                "STRIPE_WEBHOOK_SIGNING_KEY": "whsec_1, whsec_2",
            },
            False,
        ),
        ({"STRIPE_LIVE_SECRET_KEY": " ", "STRIPE_WEBHOOK_SIGNING_KEY": " , "}, None),
        ({"HERO_ONBOARDING_SANDBOX_URL": "http://127.0.0.1:1"}, True),
    ],
)
def test_when_stripe_is_offered(
    settings: dict[str, str], expected: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = offered("stripe")
    assert found.broken == ()
    assert (found["stripe"].capabilities().sandbox if "stripe" in found else None) is expected


@pytest.mark.parametrize("variable", ["STRIPE_LIVE_SECRET_KEY", "STRIPE_SANDBOX_SECRET_KEY"])
def test_a_key_of_the_wrong_mode_is_not_used(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test payments would be credited as real ones, or real ones taken in a test."""
    key = "sk_test_51Habcdefgh" if "LIVE" in variable else "sk_live_51Habcdefgh"
    monkeypatch.setenv(variable, key)
    monkeypatch.setenv("STRIPE_WEBHOOK_SIGNING_KEY", "whsec_0123456789")
    found = offered("stripe")
    assert list(found) == []
    [broken] = found.broken
    assert variable in broken.reason and key not in broken.reason


def test_two_providers_never_share_a_webhook_path(monkeypatch: pytest.MonkeyPatch) -> None:
    found = offered("double", "stub")
    assert list(found) == ["double"]
    assert [str(broken) for broken in found.broken] == [
        f"plugin 'stub' ({PAYMENT.group}): its webhook path is that of 'double'"
    ]
