"""Which payment providers are on offer: installed, unbroken, and told what they need."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from pydantic import BaseModel

from codegen.runtime.plugins.registry import Metadata, Registry
from generated.errors.onboarding import UnknownProvider
from generated.plugins.onboarding import PaymentProvider
from handlers.payments.providers import Providers, offer
from handlers.payments.settings import PaymentSettings
from handlers.plugins import PAYMENT, load_plugins
from handlers.settings import load
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


def registry(*names: str) -> Registry[PaymentProvider]:
    points = {
        "stub": "tests.server.stub_provider:StubProvider",
        "toll": f"{__name__}:TollProvider",
        "sad": f"{__name__}:SadProvider",
        "gone": "tests.no_such_module:X",
        "stripe": "providers.stripe:StripeProvider",
    }
    found = [EntryPoint(name, points[name], PAYMENT) for name in names]
    return Registry.load(PAYMENT, PaymentProvider, found)  # type: ignore[type-abstract]


def offered(*names: str, **settings: object) -> Providers:
    return offer(load(PaymentSettings, **settings), registry(*names))


def test_stripe_is_installed() -> None:
    assert list(load_plugins().payment) == ["stripe"]


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
    monkeypatch.setenv("HERO_ONBOARDING_TOLL_KEY", "k")
    toll = offered("toll")["toll"]
    assert isinstance(toll, TollProvider) and (toll.settings.key, toll.settings.lanes) == ("k", 2)
    monkeypatch.setenv("HERO_ONBOARDING_TOLL_LANES", "many")
    found = offered("toll")
    assert list(found) == [] and [str(broken) for broken in found.broken] == [
        f"plugin 'toll' ({PAYMENT}): it cannot be set up: its settings are invalid"
    ]
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
        ({"sandbox_url": "http://127.0.0.1:1"}, True),
    ],
)
def test_when_stripe_is_offered(settings: dict[str, str], expected: bool | None) -> None:
    found = offered("stripe", **settings)
    assert found.broken == ()
    assert (found["stripe"].capabilities().sandbox if "stripe" in found else None) is expected
