"""Provisioners that are wrong in one thing each, and the test of the kit that is meant for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

from codegen.runtime.errors import NotFound
from codegen.runtime.values.sid import new_sid
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from generated.models.onboarding import Allocation, AllocationStatus, ProvisionedState, ProvisionerCapabilities
from tests.kits.machine_vendor import Full, Host
from tests.kits.sound_provisioner import SKU, SoundProvisioner
from tests.waiting import PATIENCE

P = TypeVar("P", bound=type[SoundProvisioner])
WRONG_PROVISIONERS: dict[type[SoundProvisioner], str] = {}
"""Provisioner → the name of the test, without `test_`."""


def caught_by(test: str) -> Callable[[P], P]:
    """Put a wrong provisioner into the table; its docstring says what is wrong with it."""

    def add(provider: P) -> P:
        WRONG_PROVISIONERS[provider] = test
        return provider

    return add


# --- allocate -------------------------------------------------------------------------------------------------------


@caught_by("one_allocation_has_one_machine")
class MakesAnotherOneEachTime(SoundProvisioner):
    """A lost answer costs a machine that nobody knows."""

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        self.vendor.hosts.pop(allocation, None)
        return super().allocate(allocation, user, sku)


@caught_by("one_allocation_has_one_machine")
class RemembersInItsProcess(SoundProvisioner):
    """After a restart the same allocation gets another machine."""

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        known = self.__dict__.setdefault("mine", set())
        if allocation not in known:
            self.vendor.hosts.pop(allocation, None)
            known.add(allocation)
        return super().allocate(allocation, user, sku)


@caught_by("two_allocations_have_two_machines")
class OneMachineForAUser(SoundProvisioner):
    """Their second allocation is their first machine."""

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        for host in list(self.vendor.hosts.values()):
            if host.user == user and host.state != "gone":
                self.vendor.hosts.setdefault(allocation, host)
        return super().allocate(allocation, user, sku)


@caught_by("two_allocations_have_two_machines")
class OneAddressForAll(SoundProvisioner):
    """That of the gateway."""

    def given(self, host: Host) -> Allocation:
        return super().given(host).model_copy(update={"address": "5a0::1"})

    def seen(self, host: Host) -> ProvisionedState:
        return super().seen(host).model_copy(update={"address": "5a0::1"})


@caught_by("a_machine_comes_up")
class NeverSaysThatItIsUp(SoundProvisioner):
    """It runs, and its user is told after a day that it could not be started."""

    def given(self, host: Host) -> Allocation:
        return super().given(host).model_copy(update={"status": AllocationStatus.PROVISIONING})


@caught_by("a_machine_comes_up")
class SaysTooSoonThatItIsUp(SoundProvisioner):
    def given(self, host: Host) -> Allocation:
        return super().given(host).model_copy(update={"status": AllocationStatus.ACTIVE})

    def seen(self, host: Host) -> ProvisionedState:
        return super().seen(host).model_copy(update={"status": AllocationStatus.PROVISIONING})


@caught_by("a_machine_that_runs_has_its_address")
class TellsNoAddress(SoundProvisioner):
    def seen(self, host: Host) -> ProvisionedState:
        return super().seen(host).model_copy(update={"address": None})


@caught_by("a_machine_that_runs_has_its_address")
class TellsTwoAddresses(SoundProvisioner):
    """Where it is, and where it would be."""

    def given(self, host: Host) -> Allocation:
        return super().given(host).model_copy(update={"address": f"5a0:1::{host.ref[1:]}"})


@caught_by("a_restart_forgets_no_machine")
class ForgetsAtARestart(SoundProvisioner):
    def status(self, allocation: str) -> ProvisionedState:
        if allocation not in self.__dict__.get("mine", ()):
            raise NotFound
        return super().status(allocation)

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        self.__dict__.setdefault("mine", set()).add(allocation)
        return super().allocate(allocation, user, sku)


@caught_by("an_unknown_machine_is_not_found")
class KnowsEverything(SoundProvisioner):
    """What it does not know was released, it says: one that was never asked for, too."""

    def status(self, allocation: str) -> ProvisionedState:
        try:
            return super().status(allocation)
        except NotFound:
            return ProvisionedState(status=AllocationStatus.RELEASED, running=False)


@caught_by("capacity_counts_what_can_be_allocated")
class CountsWhatItOnceHad(SoundProvisioner):
    """Plans are sold that nobody can serve."""

    def capacity(self, sku: str) -> int:
        used = sum(host.state != "gone" for host in self.vendor.hosts.values())
        return super().capacity(sku) and super().capacity(sku) + used


@caught_by("an_empty_source_says_that_it_is_empty")
class FailsWhenItIsEmpty(SoundProvisioner):
    """The user would be told that it failed, and wait for nothing."""

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        try:
            return super().allocate(allocation, user, sku)
        except PoolEmpty:
            raise AllocationFailed(detail="no machine is free") from None


@caught_by("an_empty_source_says_that_it_is_empty")
class OwesAMachine(SoundProvisioner):
    """It says that there is none, and makes one as soon as it can."""

    def ask(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Full:
            self.__dict__["owes"] = True
            raise PoolEmpty from None
        except KeyError:
            if "owes" in self.__dict__:
                return Host("h0", "owed", "owed")
            raise NotFound from None


@caught_by("a_size_that_it_does_not_have_is_refused")
class GivesWhatItHas(SoundProvisioner):
    """Whatever size was asked for, and paid."""

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        return self.given(self.ask(lambda: self.vendor.make(allocation, user)))


class Looks(SoundProvisioner):
    """It looks, and acts on what it saw; who asks at the same time sees the same."""

    both: ClassVar[threading.Barrier]

    def __init_subclass__(cls) -> None:
        cls.both = threading.Barrier(2, timeout=PATIENCE)

    def looked(self) -> None:
        """Two have looked, or nobody else comes."""
        with suppress(threading.BrokenBarrierError):
            self.both.wait()


@caught_by("the_last_machine_is_given_once")
class LooksThenTakes(Looks):
    """Two see the last one free before either has it."""

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        if not self.capacity(sku):
            raise PoolEmpty
        self.looked()
        self.vendor.free = 9  # nobody looks a second time
        return super().allocate(allocation, user, sku)


@caught_by("one_allocation_asked_for_at_once_is_one")
class AsksWhetherThereIsOne(Looks):
    """And makes one where there is none: two who ask at once make two."""

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        if allocation in self.vendor.hosts or sku != SKU:
            return super().allocate(allocation, user, sku)
        self.looked()
        made = self.ask(lambda: self.vendor.make(new_sid(), user))
        self.vendor.hosts[allocation] = made
        return self.given(made)


# --- release --------------------------------------------------------------------------------------------------------


@caught_by("a_released_machine_is_gone")
class ReleasesNothing(SoundProvisioner):
    """Its owner goes on to use it, and pays for it no more."""

    def release(self, allocation: str) -> None:
        self.ask(lambda: self.vendor.host(allocation))


@caught_by("a_machine_can_be_released_twice")
class TakesASecondReleaseForAFault(SoundProvisioner):
    """It would be asked for ever."""

    def release(self, allocation: str) -> None:
        if self.ask(lambda: self.vendor.host(allocation)).state == "gone":
            raise AllocationFailed(detail="it is gone already")
        super().release(allocation)


@caught_by("a_release_of_what_is_unknown_changes_nothing")
class ReleasesTheLastOne(SoundProvisioner):
    """Where it does not know which one is meant."""

    def release(self, allocation: str) -> None:
        super().release(allocation if allocation in self.vendor.hosts else list(self.vendor.hosts)[-1])


@caught_by("one_release_frees_no_other_machine")
class ReleasesAllOfAUser(SoundProvisioner):
    def release(self, allocation: str) -> None:
        user = self.ask(lambda: self.vendor.host(allocation)).user
        for host in list(self.vendor.hosts.values()):
            if host.user == user:
                super().release(host.mark)


@caught_by("one_release_frees_no_other_machine")
class ReleasesWhoeverHasItNow(SoundProvisioner):
    """A second release is of the place, which somebody else has by now."""

    def release(self, allocation: str) -> None:
        if self.ask(lambda: self.vendor.host(allocation)).state == "gone":
            super().release(list(self.vendor.hosts)[-1])
        super().release(allocation)


@caught_by("what_was_released_is_never_provided_again")
class StartsAnewWhatWasReleased(SoundProvisioner):
    """A question that comes late makes a machine that nobody gives up."""

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        known = self.vendor.hosts.get(allocation)
        if known is not None and known.state == "gone":
            del self.vendor.hosts[allocation]
        return super().allocate(allocation, user, sku)


@caught_by("a_machine_that_comes_up_can_be_released")
class ReleasesOnlyWhatRuns(SoundProvisioner):
    """What comes up meanwhile goes on, unknown to all."""

    def release(self, allocation: str) -> None:
        known = self.vendor.hosts.get(allocation)
        if known is None or known.state != "coming":
            super().release(allocation)


# --- stop and start -------------------------------------------------------------------------------------------------


@caught_by("a_stopped_machine_is_kept_and_does_not_run")
class AnswersFromMemory(SoundProvisioner):
    """How a machine was when somebody first asked: every answer is older than the last."""

    def status(self, allocation: str) -> ProvisionedState:
        found = super().status(allocation)
        if found.status is AllocationStatus.PROVISIONING:
            return found
        kept: dict[str, ProvisionedState] = self.__dict__.setdefault("kept", {})
        return kept.setdefault(allocation, found)

    def release(self, allocation: str) -> None:
        super().release(allocation)
        self.__dict__.setdefault("kept", {}).pop(allocation, None)


@caught_by("a_stopped_machine_is_kept_and_does_not_run")
class StopsForGood(SoundProvisioner):
    """A stop is a release: the disk goes within the week in which it is to be kept."""

    def stop(self, allocation: str) -> None:
        self.release(allocation)


@caught_by("a_stopped_machine_starts_as_it_was")
class StartsElsewhere(SoundProvisioner):
    """At another address, which its user does not know."""

    def seen(self, host: Host) -> ProvisionedState:
        found = super().seen(host)
        moved = host.mark in self.__dict__.get("started", ())
        return found.model_copy(update={"address": f"5a0:2::{host.ref[1:]}"}) if moved else found

    def start(self, allocation: str) -> None:
        super().start(allocation)
        self.__dict__.setdefault("started", set()).add(allocation)


@caught_by("a_stopped_machine_starts_as_it_was")
class StartsNothing(SoundProvisioner):
    def start(self, allocation: str) -> None:
        self.ask(lambda: self.vendor.host(allocation))


@caught_by("one_stop_stops_no_other_machine")
class StopsThemAll(SoundProvisioner):
    """The whole host goes down."""

    def stop(self, allocation: str) -> None:
        super().stop(allocation)
        for host in list(self.vendor.hosts.values()):
            if host.state == "up":
                super().stop(host.mark)


@caught_by("a_stopped_machine_can_be_released")
class KeepsWhatIsStopped(SoundProvisioner):
    """Its disk is kept for ever."""

    def release(self, allocation: str) -> None:
        known = self.vendor.hosts.get(allocation)
        if known is None or known.state != "down":
            super().release(allocation)


@caught_by("a_stopped_machine_keeps_its_disk")
class WipesWhatIsStopped(SoundProvisioner):
    def stop(self, allocation: str) -> None:
        super().stop(allocation)
        self.vendor.hosts[allocation].disk.clear()


@caught_by("a_disk_is_wiped_before_anybody_else_gets_it")
class HandsOnTheDisk(SoundProvisioner):
    """The next user reads what the one before left."""

    def release(self, allocation: str) -> None:
        left = list(self.vendor.hosts[allocation].disk) if allocation in self.vendor.hosts else []
        super().release(allocation)
        self.__dict__.setdefault("left", []).extend(left)

    def given(self, host: Host) -> Allocation:
        host.disk.extend(self.__dict__.pop("left", []))
        return super().given(host)


# --- what is said ---------------------------------------------------------------------------------------------------


@caught_by("an_outage_is_said_to_be_one")
class AnOutageIsARelease(SoundProvisioner):
    """What cannot be asked about is taken to be gone, and runs on."""

    def ask(self, act: Callable[[], Any]) -> Any:
        try:
            return super().ask(act)
        except AllocationFailed:
            raise NotFound from None


@caught_by("an_outage_is_said_to_be_one")
class AnOutageIsAnEmptySource(SoundProvisioner):
    def capacity(self, sku: str) -> int:
        try:
            return super().capacity(sku)
        except AllocationFailed:
            return 0


@caught_by("an_outage_is_said_to_be_one")
class LeaksTheOutage(SoundProvisioner):
    def ask(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Full:
            raise PoolEmpty from None
        except KeyError:
            raise NotFound from None


@caught_by("release_raises_only_what_is_declared")
class LeaksAKeyError(SoundProvisioner):
    def release(self, allocation: str) -> None:
        self.vendor.turn(allocation, "gone")


@caught_by("allocate_answers_what_is_declared")
class AnswersAReference(SoundProvisioner):
    """By itself, as text."""

    def given(self, host: Host) -> Allocation:
        return host.ref  # type: ignore[return-value]


@caught_by("status_answers_what_is_declared")
class AnswersUncheckedFields(SoundProvisioner):
    def seen(self, host: Host) -> ProvisionedState:
        return ProvisionedState.model_construct(status="running", address=host.address, running=True)


@caught_by("status_changes_nothing")
class StartsWhatItLooksAt(SoundProvisioner):
    """What is looked at is used up: a machine less is free each time."""

    def status(self, allocation: str) -> ProvisionedState:
        self.vendor.free -= 1
        return super().status(allocation)


@caught_by("capabilities_uses_no_network")
class AsksWhatItCan(SoundProvisioner):
    def capabilities(self) -> ProvisionerCapabilities:
        self.vendor.reach()
        return super().capabilities()


@caught_by("no_secret_is_told")
class TellsItsKeyInAnError(SoundProvisioner):
    """As the address that it asked."""

    def ask(self, act: Callable[[], Any]) -> Any:
        try:
            return super().ask(act)
        except NotFound:
            key = self.settings.api_key.get_secret_value()
            raise AllocationFailed(detail=f"404 of https://sound.example/hosts?key={key}") from None


@caught_by("allocate_can_be_called_as_declared")
class WantsTheKey(SoundProvisioner):
    """There may be none."""

    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str) -> Allocation:  # type: ignore[override]
        return super().allocate(allocation, user, sku, ssh_pub_key=ssh_pub_key)


@caught_by("allocate_comes_back_in_time")
class HangsForEver(SoundProvisioner):
    def allocate(self, allocation: str, user: str, sku: str, *, ssh_pub_key: str | None = None) -> Allocation:
        threading.Event().wait(20)
        return super().allocate(allocation, user, sku)
