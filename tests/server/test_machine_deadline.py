"""Provisioners that do not come back: whoever asked goes on after a while, and in the end they and our rows agree."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.runtime.errors import NotFound
from generated.conformance.onboarding import ProvisionerConformance
from generated.errors.onboarding import AllocationFailed, PoolEmpty
from generated.models.onboarding import AllocationStatus
from handlers.plugins import Installed
from handlers.vms.deadline import SECONDS, Calls, InTime
from handlers.vms.provisioners import PROVISIONER, Provisioners
from tests.server.cloud import Cloud
from tests.server.machine_world import SKU, World, world
from tests.waiting import PATIENCE, wait_for

SHORT = 0.2


class Hanging:
    """What a cloud does meanwhile: nothing, until it is let go on."""

    def __init__(self) -> None:
        self.begun, self.on = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.on.wait(PATIENCE)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.on.set()


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def there(tmp_path: Path, database_url: str, cloud: Cloud) -> Iterator[World]:
    with world(tmp_path, database_url, cloud=InTime(cloud, Calls(SHORT))) as made:
        yield made
        made.audit()


def test_an_allocation_that_hangs_is_asked_for_again(there: World, cloud: Cloud, hanging: Hanging) -> None:
    user = there.holder()
    cloud.meanwhile["allocate"] = hanging
    asked = there.allocate(user)
    assert asked.status is AllocationStatus.PROVISIONING and there.used(user) == 1 and cloud.machines == {}
    hanging.on.set()
    wait_for(lambda: cloud.machines, "the end of the call")
    there.later(minutes=5)
    assert there.allocation(asked.sid).status is AllocationStatus.ACTIVE and len(cloud.machines) == 1
    there.audit()


def test_a_release_that_hangs_frees_the_place_at_once(there: World, cloud: Cloud, hanging: Hanging) -> None:
    user = there.holder()
    sid = there.allocate(user).sid
    cloud.meanwhile["release"] = hanging
    assert there.release(user, sid).status is AllocationStatus.RELEASED and there.used(user) == 0
    assert cloud.machines[sid] == "up" and there.allocation(sid).next_check_at is not None
    there.later(hours=1)
    assert cloud.machines[sid] == "gone" and there.allocation(sid).next_check_at is None


def test_what_hangs_is_said_not_to_answer(there: World, cloud: Cloud, hanging: Hanging) -> None:
    user = there.holder()
    sid = there.allocate(user).sid
    cloud.meanwhile["status"] = hanging
    with pytest.raises(AllocationFailed) as refused:
        there.service.status(there.context(user), sid=sid)
    assert refused.value.detail == "its provisioner does not answer"
    cloud.meanwhile["capacity"] = hanging
    assert there.machines.for_plans.free(SKU) == 0


def test_answers_and_errors_are_handed_on(cloud: Cloud) -> None:
    plugin = InTime(cloud, Calls(PATIENCE))
    assert plugin.capacity(SKU) == 5 and plugin.capabilities().title == "Cloud"
    made = plugin.allocate("a1", "u1", SKU, ssh_pub_key=None)
    assert made.status is AllocationStatus.ACTIVE and plugin.allocate("a1", "u1", SKU) == made
    plugin.stop("a1")
    assert not plugin.status("a1").running
    plugin.start("a1")
    assert plugin.status("a1").running
    plugin.release("a1")
    assert cloud.machines == {"a1": "gone"}
    with pytest.raises(NotFound):
        plugin.status("a2")
    cloud.before["allocate"] = PoolEmpty()
    with pytest.raises(PoolEmpty):
        plugin.allocate("a2", "u1", SKU)


def test_one_call_that_hangs_holds_up_no_other(hanging: Hanging) -> None:
    calls = Calls(SHORT, at_once=2)
    with pytest.raises(TimeoutError):
        calls.make(hanging)
    assert [calls.make(lambda: 7) for _ in range(5)] == [7] * 5


def test_where_all_threads_hang_nothing_more_is_begun(hanging: Hanging) -> None:
    calls, begun = Calls(SHORT, at_once=1), list[int]()
    for act in (hanging, lambda: begun.append(1)):
        with pytest.raises(TimeoutError):
            calls.make(act)
    hanging.on.set()
    wait_for(lambda: _answers(calls), "the thread that hung")
    assert begun == []


def _answers(calls: Calls) -> bool:
    try:
        return calls.make(lambda: True)
    except TimeoutError:
        return False


def test_the_time_is_what_the_interface_allows() -> None:
    contracts = ProvisionerConformance.contracts
    assert {each.deadline for each in contracts.values() if not each.offline} == {SECONDS}


def test_those_that_are_installed_hold_nobody(cloud: Cloud) -> None:
    found = Provisioners.of(Installed(PROVISIONER, {"cloud": Cloud}, {"cloud": cloud}, {}, ()))
    assert isinstance(found["cloud"], InTime) and found.for_size(SKU) == "cloud"


def test_a_forked_process_makes_calls_of_its_own() -> None:
    calls = Calls(PATIENCE)
    assert calls.make(lambda: "here") == "here"
    child = os.fork()
    if child == 0:
        try:
            os._exit(calls.make(lambda: 7))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
