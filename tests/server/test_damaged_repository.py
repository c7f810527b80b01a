"""A repository of which git cannot unpack what comes: what its alert says leads out, and everything is charged once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import HaltReason, NodeKey, NodeState
from generated.tables.onboarding import NODE
from handlers.node.errors import NodeError
from handlers.node.init import init
from handlers.node.log import UsageLog
from handlers.node.push import push
from handlers.node.usage import NewUsage
from handlers.usage.fetchers import Limits
from handlers.usage.mirrors import Mirrors
from tests.git_repository import QUIET, GitRepository
from tests.server.test_rebuild import MUCH, rebuilt
from tests.server.usage_world import KINDS, UsageWorld
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("quick_disk")
COMMAND = re.compile(r"bring the branch back by `(git [^`]+)`")


class Scene:
    """A node that has pushed two records, which were consumed, and its repository at a forge."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.world = UsageWorld(database, Mirrors.below(folder / "mirrors", Limits(silence=PATIENCE), at_once=1))
        self.var, self.folder = folder, folder / "n1"
        self.forge = GitRepository.new(folder / "billing-n1.git")
        self.user = self.world.user(10)
        self.register()
        self.use(2)
        self.push()
        assert self.world.run().records_consumed == 2

    def register(self) -> None:
        now = self.world.clock.now()
        made = init(self.folder, "n1", self.forge.url, self.world.clock)
        key = NodeKey(public_key=made.public_key, valid_from=now - timedelta(hours=1))
        nodes = Store.of(NODE, self.world.database)
        known = nodes.one({"node_id": "n1"})
        if known is not None:
            nodes.patch(known.sid, {"keys": [*known.keys, key]})
            return
        nodes.new({"node_id": "n1", "repo_url": self.forge.url, "keys": [key], "kinds": KINDS}, now)

    def use(self, times: int = 1) -> None:
        self.world.clock.time += timedelta(minutes=1)
        hour = NewUsage(self.user, "hero_os_hour", Decimal(1), interval_seconds=3600)
        with UsageLog(self.folder, self.world.clock) as log:
            log.append_all([hour] * times)

    def push(self) -> None:
        push(self.folder, self.world.clock)

    def unpack(self) -> None:
        """As git does with what it receives; an object that it has already stays as it is, damaged or not."""
        for pack in list(self.forge.path.glob("objects/pack/*.pack")):
            data = pack.read_bytes()
            for file in pack.parent.glob(f"{pack.stem}.*"):
                file.unlink()
            self.forge.git("unpack-objects", "-q", given=data)

    def damage(self) -> None:
        """The forge's disk changes a byte of what was pushed last."""
        self.unpack()
        name = self.forge.git("ls-tree", "--name-only", "main:usage").splitlines()[-1]
        blob = self.forge.git("rev-parse", f"main:usage/{name}")
        file = self.forge.path / "objects" / blob[:2] / blob[2:]
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.chmod(0o644)
        file.write_bytes(content)

    def empty(self) -> None:
        """An empty repository in the place of the one at the forge."""
        shutil.rmtree(self.forge.path)
        GitRepository.new(self.forge.path)

    def unreachable(self) -> str:
        """It stands still, nothing can be skipped; the command of its alert."""
        for _ in range(2):
            [halt] = self.world.run().halted
            assert (halt.reason, halt.commit) == (HaltReason.UNREACHABLE, None)
        [alert] = self.world.alerts()
        told = COMMAND.search(alert.detail)
        assert told is not None and alert.detail.endswith("the node's next push brings what is missing.")
        assert alert.detail.endswith(str(self.world.nodes.overview(self.world.operator)[0].advice))
        return told[1]

    def do(self, command: str) -> None:
        environment = {**os.environ, **QUIET, "HERO_ONBOARDING_VAR_DIR": str(self.var)}
        subprocess.run(command, shell=True, check=True, capture_output=True, env=environment)

    def goes_on(self) -> None:
        assert (self.world.run().halted, self.world.node().state) == ([], NodeState.ACTIVE)

    def whole(self, *numbers: int) -> None:
        """Everything was charged once, and a rebuild says so."""
        self.goes_on()
        assert [each.local_seq for each in self.world.records()] == list(numbers)
        assert self.world.alerts() == []
        self.world.audit()
        assert rebuilt(self.world.database, self.world.mirrors, cap=MUCH).differences == []


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Scene:
    return Scene(database, tmp_path)


def test_a_commit_that_nobody_can_unpack_is_taken_back(scene: Scene) -> None:
    """Somebody else pushed it: the branch is brought back, and the node goes on."""
    blob = scene.forge.git("hash-object", "-w", "--stdin", given=b"x")
    tree = scene.forge.git(
        "hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=b"777777 a\0" + bytes.fromhex(blob)
    )
    commit = scene.forge.git("commit-tree", tree, "-p", "main", "-m", "usage")
    scene.forge.git("update-ref", "refs/heads/main", commit)
    command = scene.unreachable()
    scene.use()
    with pytest.raises(NodeError):
        scene.push()
    scene.do(command)
    scene.goes_on()
    scene.push()
    scene.whole(1, 2, 3)


def test_what_a_forge_has_damaged_is_pushed_again(scene: Scene) -> None:
    scene.use()
    scene.push()
    scene.damage()
    scene.do(scene.unreachable())
    scene.goes_on()
    scene.use()
    scene.push()
    scene.whole(1, 2, 3, 4)


def test_a_forge_that_keeps_what_is_damaged_is_emptied(scene: Scene) -> None:
    """Whatever is pushed, it has the object already: only an empty repository helps, filled from our copy."""
    scene.use()
    scene.push()
    scene.damage()
    command = scene.unreachable()
    scene.do(command)
    scene.goes_on()
    scene.use()
    scene.push()
    scene.unpack()
    assert scene.unreachable() == command
    scene.empty()
    scene.do(command)
    scene.goes_on()
    scene.push()
    scene.whole(1, 2, 3, 4)


def test_without_our_copy_the_node_fills_an_empty_repository(scene: Scene) -> None:
    scene.use()
    scene.push()
    scene.damage()
    scene.unreachable()
    scene.empty()
    scene.world.mirrors.discard("n1")
    scene.push()
    scene.whole(1, 2, 3)


def test_without_the_node_our_copy_fills_it_and_a_new_folder_goes_on(scene: Scene) -> None:
    """What was pushed last and could not be read is lost with both; what was charged is not."""
    scene.use()
    scene.push()
    scene.damage()
    command = scene.unreachable()
    scene.empty()
    scene.do(command)
    shutil.rmtree(scene.folder)
    scene.register()
    scene.use()
    scene.push()
    scene.whole(1, 2, 1)
