"""The product on a clock that ran a day ahead and is set right: after a restart jobs run, limits end, users stay in."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import httpx
import pytest

from codegen.runtime.context import SystemClock
from codegen.runtime.storage.database import Database
from tests.programs import program
from tests.server.audited import audit
from tests.server.people import Person
from tests.server.site import ADMIN, Site
from tests.server.visitor import Visitor, database_url_of
from tests.waiting import wait_for

DAY = 86_400
AHEAD = (
    "from datetime import timedelta; from codegen.runtime.clock import SystemClock; true = SystemClock.now; "
    "SystemClock.now = lambda self: true(self) + timedelta(days=1); from handlers.cli import main; main()"
)


class Ahead(SystemClock):
    """Tomorrow's."""

    def now(self) -> datetime:
        return super().now() + timedelta(days=1)


@pytest.fixture
def site(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Site:
    workers = "2" if database_url.startswith("postgresql") else "1"
    found = Site(tmp_path_factory.mktemp("site"), database_url, WORKERS=workers)
    found.command("migrate")
    return found


@contextmanager
def a_day_ahead(site: Site) -> Iterator[None]:
    """Served by a clock of tomorrow, and then killed: nothing is given back."""
    command = [sys.executable, "-c", AHEAD, "serve"]
    with program(
        command, ready=f"{site.url}/readyz", log=site.directory / "ahead.log", environment=site.environment
    ) as process:
        yield
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def lease(site: Site) -> tuple[str, int]:
    """Who runs the jobs, and how long they have the right to, in seconds from now."""
    database = Database.open(database_url_of(site))
    found = database.execute('SELECT "holder", "expires_at" FROM "lease" WHERE "name" = \'jobs\'')
    database.close()
    return (str(found[0][0]), int(found[0][1]) - int(time.time())) if found else ("", 0)


def test_a_clock_that_is_set_back(site: Site) -> None:
    person = Person()

    def log_in() -> httpx.Response:
        return site.http.post("/auth/challenge", json={"public_key": person.public_key}, headers={"Origin": site.url})

    with a_day_ahead(site):
        visitor = Visitor(site, Ahead())
        visitor.reads()  # and is seen tomorrow
        assert visitor.adjust(500).status_code == 200
        wait_for(lambda: lease(site)[1] > DAY / 2, "a right to run jobs until tomorrow")
        wait_for(lambda: log_in().status_code == 429, "the end of what one key may ask for")
        before = lease(site)[0]
    with site.running():
        assert log_in().status_code == 200, "a window of tomorrow holds nobody"
        wait_for(lambda: lease(site)[0] != before and lease(site)[1] <= 20, "jobs in the new process")
        visitor.reads()
        assert visitor.adjust(700).status_code == 200
        assert site.call("billing.find", {"filter": {}}, ADMIN)["items"][0]["credit_balance"] == "7.00"
        database = Database.open(database_url_of(site))
        assert audit(database) == []
        database.close()
