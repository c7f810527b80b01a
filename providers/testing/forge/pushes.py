"""The laws of announced pushes: what was pushed is told, and nothing else passes for a push."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codegen.runtime.testing.conformance import case
from generated.errors.onboarding import WebhookMalformed
from generated.models.onboarding import PushNotice, WebhookRequest
from generated.plugins.onboarding import Forge
from providers.testing.forge.world import MAIN, ForgeWorld

OTHERS: tuple[Any, ...] = (
    {"action": "opened", "number": 1},
    {"ref": "v1", "ref_type": "tag"},
    {"zen": "practicality beats purity"},
)


class PushLaws(ForgeWorld):
    @case
    def test_a_push_names_its_repository_branch_and_commit(self) -> None:
        plugin = self.make()
        self._require_announcements(plugin)
        made = self.added(plugin)
        for branch in (MAIN, MAIN, "usage/other"):
            told = self._read(plugin, self.announced(plugin, made.name, branch))
            assert (told.owner, told.name, told.branch) == (self.owner, made.name, branch), (
                f"{made.name} got a push to {branch}, and {told.owner}/{told.name} is told to have one to {told.branch}"
            )
            now = plugin.head(self.owner, made.name, branch)
            assert told.after == now, f"the branch is at {now}, and the push is told to have brought {told.after}"

    @case
    def test_the_first_push_has_nothing_before_it(self) -> None:
        """Git's name for nothing, forty zeros, is no commit."""
        plugin = self.make()
        self._require_announcements(plugin)
        made = self.added(plugin)
        first = self._read(plugin, self.announced(plugin, made.name))
        assert first.before is None, f"before the first push there was {first.before}"
        second = self._read(plugin, self.announced(plugin, made.name))
        assert second.before == first.after, "the second push does not follow the first"

    @case
    def test_what_is_no_push_is_passed_over(self) -> None:
        """A forge tells of much else, with the same signature."""
        plugin = self.make()
        self._require_announcements(plugin)
        for other in OTHERS:
            webhook = self.sign(json.dumps(other).encode(), self.signing_key)
            try:
                told = plugin.verify_webhook(webhook), plugin.read_webhook(webhook)
            except WebhookMalformed:
                continue
            assert told[1] is None, f"{other} is read as a push to {told[1].name}"

    @staticmethod
    def _require_announcements(plugin: Forge) -> None:
        if not plugin.capabilities().push_webhooks:
            pytest.skip("it announces no pushes")

    @staticmethod
    def _read(plugin: Forge, webhook: WebhookRequest) -> PushNotice:
        found = plugin.read_webhook(webhook)
        assert found is not None, "somebody pushed, and its webhook does not concern us"
        return found
