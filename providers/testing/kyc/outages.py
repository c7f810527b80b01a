"""The laws of outages: when the vendor cannot be reached, nobody knows what happened, and that is what is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codegen.runtime.testing.conformance import case
from providers.testing.kyc.world import KycWorld
from providers.testing.unavailable import check_unavailable


class OutageLaws(KycWorld):
    @case
    def test_an_outage_is_said_to_be_one(self) -> None:
        """`ProviderUnavailable` is asked again; any other error says for good that it did not happen.

        A plugin that uses no network is not tried.
        """
        plugin = self.make()
        decided, new = self.decided(plugin), self.order()
        calls: dict[str, Callable[[Any], object]] = {
            "start": lambda cut: cut.start(new),
            "fetch": lambda cut: cut.fetch(decided.attempt.scan_ref),
        }
        if plugin.capabilities().erasure:
            calls["erase"] = lambda cut: cut.erase(decided.attempt.scan_ref)
        for name, call in calls.items():
            check_unavailable(self.make(), name, call)  # a connection that is open already would be used
