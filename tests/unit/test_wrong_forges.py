"""The sound forge passes its kit; each of those with a fault fails the test that is meant for it."""

import pytest

from codegen.runtime.errors import DeclaredError
from tests.kits.sound_forge import SoundForge, SoundForgeKit
from tests.kits.wrong_forges import WRONG_FORGES


class TestSoundForge(SoundForgeKit):
    """No fault is found in it."""


def test_the_table_is_whole() -> None:
    assert len(WRONG_FORGES) >= 44


@pytest.mark.parametrize("provider", WRONG_FORGES, ids=lambda provider: provider.__name__)
def test_each_fault_is_caught_by_its_name(provider: type[SoundForge]) -> None:
    hangs = "Hang" in provider.__name__
    kit = type("TestWrong", (SoundForgeKit,), {"provider": provider, "patience": 1 if hangs else 30})()
    with pytest.raises((AssertionError, DeclaredError, pytest.fail.Exception)):
        getattr(kit, f"test_{WRONG_FORGES[provider]}")()
