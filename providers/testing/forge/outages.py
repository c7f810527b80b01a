"""The laws of outages: a forge that cannot be reached has neither lost a repository nor refused one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codegen.runtime.testing.conformance import case
from providers.testing.forge.world import MAIN, ForgeWorld
from providers.testing.unavailable import check_unavailable


class OutageLaws(ForgeWorld):
    @case
    def test_an_outage_is_said_to_be_one(self) -> None:
        """`ProviderUnavailable` is asked again; any other error stops a node's repository.

        A plugin that uses no network is not tried.
        """
        plugin = self.make()
        made = self.added(plugin)
        calls: dict[str, Callable[[Any], object]] = {
            "list_repositories": lambda cut: cut.list_repositories(self.owner),
            "get_repository": lambda cut: cut.get_repository(self.owner, made.name),
            "head": lambda cut: cut.head(self.owner, made.name, MAIN),
        }
        if plugin.capabilities().creates:
            calls["ensure_repository"] = lambda cut: cut.ensure_repository(self.owner, self.new_name())
        if plugin.capabilities().sets_webhooks:
            calls["ensure_push_webhook"] = lambda cut: cut.ensure_push_webhook(self.owner, self.new_url())
        for name, call in calls.items():
            check_unavailable(self.make(), name, call)  # a connection that is open already would be used
