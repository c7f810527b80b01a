"""The laws of webhooks that a forge sets: each push is announced once where it has to be, and verifies there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from codegen.runtime.errors import NotFound
from codegen.runtime.testing.conformance import case
from generated.errors.onboarding import InvalidSignature, ProviderRefused
from generated.plugins.onboarding import Forge
from providers.testing.forge.repositories import UNKNOWN
from providers.testing.forge.world import ForgeWorld


class AnnouncingLaws(ForgeWorld):
    @case
    def test_a_push_is_announced_where_it_was_asked_for(self) -> None:
        """By the webhook of its repository, or of all of its owner's; signed with a key that is taken."""
        plugin = self._setting()
        made, url = self.added(plugin).name, self.new_url()
        assert not self._heard(plugin, made, url), "a push is announced before anybody asked for it"
        plugin.ensure_push_webhook(self.owner, url, name=made)
        assert self._heard(plugin, made, url) == 1, "a push to the repository is not announced once"
        everywhere = self.new_url()
        plugin.ensure_push_webhook(self.owner, everywhere)
        for name in (made, self.added(plugin).name):
            assert self._heard(plugin, name, everywhere) == 1, "a push to one of the owner's is not announced once"

    @case
    def test_a_webhook_of_one_repository_announces_no_other(self) -> None:
        plugin = self._setting()
        made, other, url = self.added(plugin).name, self.added(plugin).name, self.new_url()
        plugin.ensure_push_webhook(self.owner, url, name=made)
        assert not self._heard(plugin, other, url), "a webhook was asked for of one repository, and all have it"

    @case
    def test_a_webhook_is_set_once(self) -> None:
        """However often it is asked for, also after a restart; others at other addresses stay."""
        plugin = self._setting()
        made, url, other = self.added(plugin).name, self.new_url(), self.new_url()
        plugin.ensure_push_webhook(self.owner, other, name=made)
        ids = {each.ensure_push_webhook(self.owner, url, name=made).id for each in (plugin, self.make(), plugin)}
        assert len(ids) == 1, f"asked for three times, the webhook has the names {sorted(ids)}"
        for each in (url, other):
            heard = self._heard(plugin, made, each)
            assert heard == 1, f"a push is announced {heard} times at one address"

    @case
    def test_a_renewed_webhook_takes_the_others_place(self) -> None:
        """For a key that is new: nobody can see which one the old webhook signs with."""
        plugin = self._setting()
        made, url = self.added(plugin).name, self.new_url()
        for renew in (True, True, False):
            plugin.ensure_push_webhook(self.owner, url, name=made, renew=renew)
            heard = self._heard(plugin, made, url)
            assert heard == 1, f"a push is announced {heard} times at one address"

    @case
    def test_a_renewed_webhook_signs_with_the_key_of_now(self) -> None:
        """Where `make_with_another_key` is given."""
        old = self.make_with_another_key()
        plugin = self._setting()
        made, url = self.added(plugin).name, self.new_url()
        old.ensure_push_webhook(self.owner, url, name=made)
        with pytest.raises(InvalidSignature):
            self._heard(plugin, made, url)
        plugin.ensure_push_webhook(self.owner, url, name=made, renew=True)
        assert self._heard(plugin, made, url) == 1, "the new webhook is not alone at its address"

    @case
    def test_a_webhook_that_announces_nothing_is_replaced(self) -> None:
        """Somebody switched it off, or it was set for something else."""
        plugin = self._setting()
        made, url = self.added(plugin).name, self.new_url()
        plugin.ensure_push_webhook(self.owner, url, name=made)
        self.spoil(plugin, url)
        plugin.ensure_push_webhook(self.owner, url, name=made)
        assert self._heard(plugin, made, url) == 1, "the webhook is there, and announces nothing"

    @case
    def test_no_webhook_is_set_for_what_is_unknown(self) -> None:
        plugin = self._setting()
        acts: tuple[Callable[[], object], ...] = (
            lambda: plugin.ensure_push_webhook(UNKNOWN, self.new_url()),
            lambda: plugin.ensure_push_webhook(self.owner, self.new_url(), name=UNKNOWN),
            lambda: plugin.ensure_push_webhook(self.owner, self.new_url(), name="../x"),
        )
        for act in acts:
            with pytest.raises(NotFound):
                act()

    @case
    def test_what_cannot_be_set_is_refused(self) -> None:
        """By a forge that sets none: nobody may believe that pushes are announced."""
        plugin = self.make()
        if plugin.capabilities().sets_webhooks:
            assert plugin.capabilities().push_webhooks, "it sets webhooks, and announces nothing"
            return
        with pytest.raises(ProviderRefused):
            plugin.ensure_push_webhook(self.owner, self.new_url(), name=self.added(plugin).name)

    def _setting(self) -> Forge:
        plugin: Forge = self.make()
        if not plugin.capabilities().sets_webhooks:
            pytest.skip("it sets no webhooks")
        return plugin

    def _heard(self, plugin: Forge, name: str, url: str) -> int:
        """How often a push is announced at an address; each time it is verified and told as it is."""
        requests = [request for address, request in self.sent(plugin, name) if address == url]
        for request in requests:
            plugin.verify_webhook(request)
            told = plugin.read_webhook(request)
            assert told is not None and told.name == name, "another push is announced than the one that was"
        return len(requests)
