"""The laws of releases: what is given up is gone for good, and nothing else goes with it."""

from __future__ import annotations

from contextlib import suppress

import pytest

from codegen.runtime.errors import DeclaredError, NotFound
from codegen.runtime.testing.conformance import case
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import AllocationStatus
from providers.testing.provisioner.world import LIVE, Machine, ProvisionerWorld


class ReleaseLaws(ProvisionerWorld):
    @case
    def test_a_released_machine_is_gone(self) -> None:
        plugin = self.make()
        self.stock(1)
        made = self.machine(plugin)
        plugin.release(made.allocation)
        for asked in (plugin, self.make()):
            self._gone(asked, made)

    @case
    def test_a_machine_can_be_released_twice(self) -> None:
        """The answer may have been lost; after a restart, too."""
        plugin = self.make()
        self.stock(1)
        made = self.machine(plugin)
        plugin.release(made.allocation)
        for asked in (plugin, self.make()):
            try:
                asked.release(made.allocation)
            except NotFound:
                continue  # it is gone: that is what was asked for
            except DeclaredError as error:
                pytest.fail(f"released a second time, it raised {error.slug}; that is no error")
        self._gone(plugin, made)

    @case
    def test_a_release_of_what_is_unknown_changes_nothing(self) -> None:
        """It is asked for whenever nobody knows whether there is a machine."""
        plugin = self.make()
        self.stock(1)
        kept = self.machine(plugin)
        with suppress(NotFound):
            plugin.release(new_sid())
        self._runs(plugin, kept)

    @case
    def test_one_release_frees_no_other_machine(self) -> None:
        """Nor does a second one, when somebody else may have what was released."""
        plugin = self.make()
        self.stock(3)
        first, kept = self.machine(plugin), self.machine(plugin)
        same_user = self.machine(plugin, user=first.user)
        plugin.release(first.allocation)
        for other in (kept, same_user):
            self._runs(plugin, other)
        self.stock(1)
        later = self.machine(plugin)
        plugin.release(first.allocation)
        for other in (kept, same_user, later):
            self._runs(plugin, other)

    @case
    def test_what_was_released_is_never_provided_again(self) -> None:
        """A question may come late: whoever asked gave the machine up meanwhile."""
        plugin = self.make()
        self.stock(2)
        made = self.machine(plugin)
        plugin.release(made.allocation)
        for asked in (plugin, self.make()):
            try:
                again = asked.allocate(made.allocation, made.user, self.sku)
            except DeclaredError:
                continue
            pytest.fail(f"it was released, and is provided again as {again.provider_ref}")

    @case
    def test_a_machine_that_comes_up_can_be_released(self) -> None:
        plugin = self.make()
        self.stock(1)
        allocation, user = self.allocation(), new_sid()
        plugin.allocate(allocation, user, self.sku)
        plugin.release(allocation)
        try:
            found = plugin.status(allocation)
        except NotFound:
            return
        assert found.status not in LIVE, f"it was released while it came up, and is {found.status}"

    # ---------------------------------------------------------------------------------------------------------------

    @staticmethod
    def _gone(plugin: object, made: Machine) -> None:
        try:
            found = plugin.status(made.allocation)  # type: ignore[attr-defined]
        except NotFound:
            return
        assert found.status not in LIVE, f"it was released, and is {found.status}"
        assert not found.running, "it was released, and runs"

    @staticmethod
    def _runs(plugin: object, made: Machine) -> None:
        try:
            found = plugin.status(made.allocation)  # type: ignore[attr-defined]
        except NotFound:
            pytest.fail("another machine was released, and this one is not known any more")
        told = (found.status, found.running, found.address)
        assert told == (AllocationStatus.ACTIVE, True, made.state.address), (
            f"another one was released, and this one is {found.status}, running: {found.running}, at {found.address}"
        )
