"""The sound KYC provider passes its kit; each of those with a fault fails the test that is meant for it."""

import pytest

from codegen.runtime.errors import DeclaredError
from tests.kits.sound_kyc import SoundKyc, SoundKycKit
from tests.kits.wrong_kyc import WRONG_KYC


class TestSoundKyc(SoundKycKit):
    """No fault is found in it."""


def test_the_table_is_whole() -> None:
    assert len(WRONG_KYC) >= 35


@pytest.mark.parametrize("provider", WRONG_KYC, ids=lambda provider: provider.__name__)
def test_each_fault_is_caught_by_its_name(provider: type[SoundKyc]) -> None:
    hangs = "Hang" in provider.__name__
    kit = type("TestWrong", (SoundKycKit,), {"provider": provider, "patience": 1 if hangs else 30})()
    with pytest.raises((AssertionError, DeclaredError, pytest.fail.Exception)):
        getattr(kit, f"test_{WRONG_KYC[provider]}")()
