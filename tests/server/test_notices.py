"""Notices: read on their page, sent once to the user's node where that is wished; settings that are kept."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from generated.errors.onboarding import MyceliumUnavailable
from handlers.identity.users import Users
from handlers.notices.delivery import TOPIC, NoticeDelivery
from handlers.notices.notices import Notices, Wishes
from handlers.work.alert_settings import AlertThresholds
from handlers.work.alerts import notify, unread
from tests.server.book import Clock, create_tables
from tests.server.people import Person
from tests.server.test_pages import House, World, where


class Node:
    """Notes what it is handed, or is silent."""

    def __init__(self) -> None:
        self.silent, self.sent = False, list[tuple[bytes, str, str]]()

    def send(self, public_key: bytes, topic: str, text: str) -> None:
        if self.silent:
            raise MyceliumUnavailable
        self.sent.append((public_key, topic, text))


def test_each_is_sent_once_to_those_who_wish_it(database: Database) -> None:
    create_tables(database)
    clock, node = Clock(), Node()
    notices, users = Notices(database, clock), Users(database, clock)
    wisher, other = (users.admit(each.address, each.public_key) for each in (Person(), Person()))
    delivery = NoticeDelivery(database, clock, node.send)
    notify(database, clock, wisher.sid, "vm_free", "old", "long ago")
    clock.time += timedelta(days=2)
    notices.wish(wisher.sid, Wishes(messages=True))
    notices.wish(other.sid, Wishes())
    for user in (wisher, other):
        notify(database, clock, user.sid, "vm_free", f"new:{user.sid}", "A machine is free.")
        assert not notify(database, clock, user.sid, "vm_free", f"new:{user.sid}", "A machine is free.")
    node.silent = True
    assert delivery.run_once() == 0
    node.silent = False
    assert [delivery.run_once() for _ in range(3)] == [1, 0, 0]
    assert node.sent == [(bytes.fromhex(wisher.public_key), TOPIC, "A machine is free.")]
    notices.wish(wisher.sid, Wishes(messages=False))
    notify(database, clock, wisher.sid, "vm_free", "later", "Another one.")
    assert delivery.run_once() == 0
    assert (unread(database, wisher.sid), len(notices.unread(wisher.sid, 10))) == (3, 3)
    notices.read_all(wisher.sid)
    assert (unread(database, wisher.sid), unread(database, other.sid)) == (0, 1)


def test_the_threshold_of_who_set_nothing_is_the_one_that_is_shown(database: Database) -> None:
    create_tables(database)
    clock, person = Clock(), Person()
    user = Users(database, clock).admit(person.address, person.public_key)
    assert AlertThresholds(database).of(user.sid) == Notices(database, clock).wishes(user.sid).threshold
    Notices(database, clock).wish(user.sid, Wishes(False, Money.from_cents(100)))
    assert AlertThresholds(database).of(user.sid) is None


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(House(tmp_path))


def read(world: World, path: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", world.get(path).text)).split())


def test_the_pages(world: World) -> None:
    clock = Clock()
    assert "Nothing to tell you yet." in read(world, "/notices")
    notify(world.database, clock, world.user.sid, "vm_free", "a", "A <machine> is free.")
    assert "A <machine> is free." in read(world, "/notices") and "New" in read(world, "/notices")
    assert where(world.post("/notices", {"csrf_token": world.csrf})) == (303, "/notices")
    assert "New" not in read(world, "/notices")

    fields = {"csrf_token": world.csrf, "display_name": " Ada ", "threshold": "7.50", "messages": "1"}
    assert where(world.post("/settings", fields)) == (303, "/settings?event=settings_saved")
    assert Notices(world.database, clock).wishes(world.user.sid) == Wishes(False, Money.from_cents(750), True)
    shown = world.get("/settings").text
    assert 'value="Ada"' in shown and 'value="7.50"' in shown
    assert where(world.post("/settings", {**fields, "threshold": "-1"})) == (303, "/settings?error=threshold_invalid")
    assert where(world.post("/settings", {**fields, "display_name": "x" * 81})) == (303, "/settings?error=name_invalid")
    assert where(world.post("/settings", {**fields, "display_name": ""}))[1] == "/settings?event=settings_saved"
    assert 'value="Ada"' not in world.get("/settings").text
