"""What operators do to the pool: the command `pool`, and CRUD, which refuses what a user relies on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import falcon.testing
import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import PoolEmpty
from generated.models.onboarding import PoolVmState
from generated.tables.onboarding import OPERATOR_ACT
from handlers.identity.api_keys import ApiKeys
from tests.server.machine_world import KEY, SKU, World, world
from tests.server.site import ADMIN, Site, bearer


@pytest.fixture
def there(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, f"sqlite:///{tmp_path}/test.db") as made:
        yield made
        made.audit()


def call(there: World, method: str, headers: dict[str, str], **params: Any) -> Any:
    """The result of a call, or its error."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = falcon.testing.TestClient(there.app).simulate_post("/rpc", headers=headers, json=body).json
    return answer["result"] if "result" in answer else answer["error"]


def test_crud_leaves_alone_what_is_in_use(there: World) -> None:
    there.fill_pool(2)
    user = there.holder()
    made = there.allocate(user)
    used, free = there.pool()

    def admin(verb: str, **params: Any) -> Any:
        return call(there, f"pool_vm.{verb}", ADMIN, **params)

    for change in ({"address": "5a0:ff::1"}, {"name": "other"}, {"sku": "other"}):
        assert admin("patch", sid=used.sid, data=change)["data"]["error"] == "conflict", change
    assert admin("delete", sid=used.sid)["data"]["error"] == "in_use"
    assert admin("patch", sid=used.sid, data={"address": used.address.upper()})["address"] == used.address
    assert admin("patch", sid=used.sid, data={"state": "free"})["state"] == "used", "only the pool moves it"
    there.release(user, made.sid)
    assert admin("delete", sid=used.sid)["data"]["error"] == "in_use", "it is dirty"
    assert admin("patch", sid=free.sid, data={"address": "5A0:0:0::9"})["address"] == "5a0::9"
    assert admin("delete", sid=free.sid) is None

    assert admin("new", data={"name": "h", "address": "home.example", "sku": "other"})["address"] == "home.example"
    new = admin("new", data={"name": "n", "address": "5A0:0:0::7", "sku": SKU})
    assert new["address"] == "5a0::7" and new["state"] == "free"
    assert admin("new", data={"name": "o", "address": "5a0::0:7", "sku": SKU})["data"]["error"] == "conflict"
    assert there.allocate(user).address == "5a0::7"
    assert call(there, "pool_vm.list", {}, limit=1)["code"] != 0, "nobody else"


def test_who_waits_no_more_by_crud_leaves_no_alert(there: World) -> None:
    user, other = there.holder("1"), there.holder("2")
    with pytest.raises(PoolEmpty):
        there.allocate(user)
    [(entry, _)] = there.machines.allocations.waiting.all_of(user.sid)
    keys = {each.sid: ApiKeys(there.database, there.clock).create_for_user(each.sid, "t") for each in (user, other)}
    assert call(there, "waiting_list_entry.delete", bearer(keys[other.sid].secret), sid=entry.sid)["code"] != 0
    assert there.alerts() == ["pool_empty"]
    assert call(there, "waiting_list_entry.delete", bearer(keys[user.sid].secret), sid=entry.sid) is None
    assert there.waiting() == [] and there.alerts() == []


def test_the_command(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.command("migrate")
    rows = tmp_path / "pool.csv"
    rows.write_text(f"name,address,sku\nm1,5a0::1,{SKU}\nm2,5a0::2,{SKU}\n")
    assert site.command("pool", "import", str(rows)) == "2 added, 0 there already"
    assert json.loads(site.command("pool", "import", str(rows), "--json")) == {"added": 0, "known": 2}
    again = tmp_path / "again.json"
    again.write_text(
        json.dumps([{"name": "m3", "address": "5a0::3", "sku": SKU}, {"name": "m1", "address": "5a0::4", "sku": SKU}])
    )
    refused = site.command("pool", "import", str(again), status=1)
    assert "nothing was taken in" in refused and "line 1: the pool has m1 with the address 5a0::1" in refused
    site.command("pool", "import", str(tmp_path / "none.csv"), status=2)
    (tmp_path / "pool.txt").write_text("x")
    assert "FILE ends in" in site.command("pool", "import", str(tmp_path / "pool.txt"), status=2)

    found = json.loads(site.command("pool", "list", "--json"))
    assert [(vm["name"], vm["state"], vm["ssh_pub_key"]) for vm in found] == [
        ("m1", "free", None),
        ("m2", "free", None),
    ]
    assert f"{SKU}: 2 free" in site.command("pool", "list")
    first = found[0]["sid"]
    assert "does not wait for a wipe" in site.command("pool", "wiped", first, status=1)
    assert "no machine of the pool" in site.command("pool", "wiped", "0" * 26, status=1)
    site.command("pool", "retire", first, "--reason", "", status=2)

    database = Database.open(f"sqlite:///{tmp_path}/var/hero-onboarding.db")
    database.execute("UPDATE pool_vm SET state = 'dirty' WHERE sid = ?", (first,))
    assert json.loads(site.command("pool", "wiped", first, "--reason", "seen", "--json"))["state"] == "free"
    assert site.command("pool", "retire", first, "--reason", "old") == "m1: retired"
    assert json.loads(site.command("pool", "list", "--state", "retired", "--json"))[0]["sid"] == first
    acts = Store.of(OPERATOR_ACT, database).list_full()["items"]
    assert [(act.act, act.reason) for act in acts][1:] == [("vm.pool_wiped", "seen"), ("vm.pool_retire", "old")]
    database.close()


def test_a_host_sees_whose_key_to_let_in(there: World) -> None:
    """And nothing of who had it before."""
    there.fill_pool(1)
    user = there.holder()
    made = there.allocate(user, ssh_pub_key=KEY)
    [vm] = there.machines.pool.machines()
    assert (vm["ssh_pub_key"], vm["user_sid"], vm["running"]) == (KEY, user.sid, True)
    there.release(user, made.sid)
    [vm] = there.machines.pool.machines()
    assert (vm["ssh_pub_key"], vm["user_sid"], vm["running"], vm["state"]) == (None, None, False, PoolVmState.DIRTY)
