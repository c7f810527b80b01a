"""The log names plugins that miss something, and none that nobody wants: which forges there are is a choice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codegen.runtime.http.log import Log
from codegen.runtime.plugins.registry import Metadata, Registry
from codegen.runtime.plugins.settings import SettingsMissing
from handlers.plugins import installed, set_up
from handlers.settings import Settings, load
from handlers.usage.forges import FORGE

pytestmark = pytest.mark.usefixtures("no_settings")
LIST, ADDRESS, TOKEN = "HERO_ONBOARDING_NODE_REPOS", "HERO_ONBOARDING_FORGE_URL", "FORGE_TOKEN"


class Bare:
    """A plugin without settings of its own, so that nothing but itself can say what it misses."""

    metadata = Metadata("bare", "1.0")

    def __init__(self) -> None:
        raise SettingsMissing(["BARE_TOKEN"])


def logged(found: Any) -> list[tuple[str, list[str]]]:
    lines: list[bytes] = []
    log = Log(lines.append)
    found.log(log)
    log.flush()
    told = [json.loads(line) for line in b"".join(lines).splitlines()]
    return [(each["plugin"], each["missing"]) for each in told]


@pytest.mark.parametrize(
    ("given", "ready", "listed", "told"),
    [
        ({}, [], {"forge": (ADDRESS,), "git": (LIST,)}, []),
        ({ADDRESS: "https://forge.example", TOKEN: "0123456789abcdef"}, ["forge"], {"git": (LIST,)}, []),
        ({ADDRESS: "https://forge.example"}, [], {"forge": (TOKEN,), "git": (LIST,)}, [("forge", [TOKEN])]),
    ],
    ids=["none", "one", "half of one"],
)
def test_a_forge_that_nobody_set_is_listed_and_not_warned_of(
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str],
    ready: list[str],
    listed: dict[str, tuple[str, ...]],
    told: list[tuple[str, list[str]]],
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = installed(FORGE, load(Settings))
    assert (list(found.ready), found.unconfigured) == (ready, listed)
    assert logged(found) == told


def test_one_without_settings_is_warned_of() -> None:
    registry: Registry[Any] = Registry(FORGE.group, {"bare": Bare})
    assert logged(set_up(FORGE, registry, load(Settings))) == [("bare", ["BARE_TOKEN"])]
