"""The example of a provisioner passes its own tests, and serves a site that knows nothing of it."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from generated.models.onboarding import AllocationStatus
from tests.server.installed_provisioner import installed
from tests.server.machine_world import KEY, World, world

EXAMPLE = Path(__file__).parents[2] / "docs/examples/folder_cloud"
PATHS = [str(EXAMPLE / "src"), str(EXAMPLE / "tests")]
sys.path[:0] = PATHS
example = import_module("test_folder_cloud")
for path in PATHS:
    sys.path.remove(path)
TestFolderCloud = example.TestFolderCloud
TestFolderCloud.examples = 5


def used(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "used").iterdir())


def test_it_serves_a_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = tmp_path / "cloud"
    cloud.mkdir()
    example.put_free(cloud, 1)
    monkeypatch.setenv("HERO_ONBOARDING_FOLDER_CLOUD_FOLDER", str(cloud))
    found = installed(tmp_path, monkeypatch, "folder_cloud", "folder_cloud:FolderCloud")
    assert sorted(found.offered) == ["folder_cloud", "pool"] and found.broken == ()
    with world(tmp_path, f"sqlite:///{tmp_path}/site.db", **found.offered) as there:
        start_stop_and_release(there, cloud)
        there.audit()
    for provisioner in found.offered.values():
        if hasattr(provisioner, "close"):
            provisioner.close()


def start_stop_and_release(there: World, cloud: Path) -> None:
    user = there.holder()
    made = there.allocate(user, ssh_pub_key=KEY)
    assert (made.provider, made.status, made.address) == ("folder_cloud", AllocationStatus.ACTIVE, "5a0:f::1")
    host = cloud / "used" / made.sid
    assert used(cloud) == [made.sid] and (host / "authorized_keys").read_text() == f"{KEY}\n"
    plans = there.machines.for_plans
    there.database.run(lambda: plans.period_ended(user.sid, there.clock.now()))
    plans.at_once(user.sid)
    assert not there.service.status(there.context(user), sid=made.sid).running and (host / "disk").is_dir()
    purchase = there.plan(user)
    there.database.run(lambda: plans.period_renewed(user.sid, purchase))
    plans.at_once(user.sid)
    assert there.service.status(there.context(user), sid=made.sid).running
    there.release(user, made.sid)
    assert used(cloud) == [] and sorted(path.name for path in (cloud / "free" / "m1").iterdir()) == ["machine.json"]
    assert there.allocation(made.sid).next_check_at is None
