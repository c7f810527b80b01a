"""`/vms` as a browser has it: starting and releasing by forms; every refusal says what to do and leads on."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.runtime.context import SystemClock
from codegen.runtime.storage.store import Store
from generated.models.onboarding import KycStatus, PoolVmState
from generated.tables.onboarding import POOL_VM, USER, VM_ALLOCATION
from tests.server.audited import audit
from tests.server.machine_world import KEY, fill_pool
from tests.server.test_pages import House, World, where
from tests.server.test_plan_pages import buy, give, links, read, verify


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(House(tmp_path))


def start(world: World, token: str = "t", **fields: str) -> tuple[int, str]:
    return where(world.post("/vm/allocate", {"csrf_token": world.csrf, "form_token": token, **fields}))


def release(world: World, sid: str) -> tuple[int, str]:
    return where(world.post("/vm/release", {"csrf_token": world.csrf, "sid": sid}))


def newest(world: World) -> str:
    return Store.of(VM_ALLOCATION, world.database).list(100)["items"][-1]


def test_from_no_plan_to_a_machine_and_back(world: World) -> None:
    assert start(world) == (303, "/vms?error=no_active_plan")
    assert "/plans" in links(world, "/vms?error=no_active_plan") and "Choose a plan" in read(world, "/vms")
    fill_pool(world.database, SystemClock(), 6)
    verify(world)
    give(world, 1000)
    buy(world)
    Store.of(USER, world.database).patch(world.user.sid, {"kyc_status": KycStatus.EXPIRED})
    assert start(world) == (303, "/vms?error=kyc_required")
    assert "/kyc" in links(world, "/vms?error=kyc_required")
    verify(world)

    refused = start(world, ssh_pub_key="-----BEGIN OPENSSH PRIVATE KEY-----")
    assert refused[1].startswith("/vms?error=ssh_key_invalid")
    assert "it begins with ssh-ed25519 or ssh-rsa" in read(world, refused[1])
    assert start(world, sku="hero-os-64gb") == (303, "/vms?error=sku_invalid")
    done = (303, "/vms?event=vm_allocated")
    assert start(world, ssh_pub_key=f" {KEY}\r\n") == start(world, ssh_pub_key=KEY) == done, "one form, one machine"
    shown = read(world, "/vms?event=vm_allocated")
    assert "Your machine is ready." in shown and "1 of 5" in shown and "key me@here" in shown
    for place in range(4):
        assert start(world, token=f"other {place}") == done
    assert start(world, token="one more") == (303, "/vms?error=quota_exceeded")
    assert "All 5 machines of your plan are in use" in read(world, "/vms")
    assert release(world, newest(world)) == release(world, newest(world)) == (303, "/vms?event=vm_released")
    assert "4 of 5" in read(world, "/vms?event=vm_released")
    assert audit(world.database) == []


def test_the_waiting_list_on_the_page(world: World) -> None:
    fill_pool(world.database, SystemClock(), 5)
    verify(world)
    give(world, 1000)
    buy(world)
    pool = Store.of(POOL_VM, world.database)
    for vm in pool.list_full()["items"]:
        pool.patch(vm.sid, {"state": PoolVmState.RETIRED})
    assert start(world, ssh_pub_key=KEY) == (303, "/vms?error=pool_empty")
    assert start(world, ssh_pub_key=KEY, token="again") == (303, "/vms?error=pool_empty")
    shown = read(world, "/vms?error=pool_empty")
    assert "You are next." in shown and "0 of 5" in shown and "you can start the next one here" in shown
    assert "Failed" not in shown, "nothing failed: it waits"
    [(sid,)] = world.database.execute("SELECT sid FROM waiting_list_entry")
    leave = {"csrf_token": world.csrf, "sid": sid}
    assert where(world.post("/vm/wait/leave", leave)) == (303, "/vms?event=wait_left")
    assert world.post("/vm/wait/leave", leave).status_code == 404
    assert "Give the key that lets you in" in read(world, "/vms")
    assert audit(world.database) == []


def test_nobody_acts_for_somebody_else(world: World, tmp_path: Path) -> None:
    fill_pool(world.database, SystemClock(), 5)
    verify(world)
    give(world, 1000)
    buy(world)
    start(world)
    mine = newest(world)
    other = World(world.house)
    assert other.post("/vm/release", {"csrf_token": other.csrf, "sid": mine}).status_code == 404
    for sid in ("", "x", "0" * 26):
        assert world.post("/vm/release", {"csrf_token": world.csrf, "sid": sid}).status_code == 404, sid
    assert world.post("/vm/release", {"csrf_token": "guess", "sid": mine}).status_code != 303
    assert "1 of 5" in read(world, "/vms")
