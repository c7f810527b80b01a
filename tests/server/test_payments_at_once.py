"""Many payments of one user at once, at the running site: what meets in the database is tried again, none is lost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from codegen.runtime.storage.database import Database
from tests.programs import free_port
from tests.server.audited import audit
from tests.server.people import Person
from tests.server.site import ADMIN, Site, bearer, running_sandbox, site_on
from tests.server.visitor import database_url_of
from tests.waiting import PATIENCE, wait_for

PAYMENTS = 8


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_many_payments_of_one_user_at_once(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    port = free_port()
    sandbox = f"http://127.0.0.1:{port}"
    settings = {"SANDBOX_URL": sandbox, "RATE_LIMITS": "off", "KYC_FREE_CAP_CENTS": "10000000"}
    with site_on(dialect, request, tmp_path, **settings) as site, running_sandbox(site, port):
        user = site.call("user.new", {"data": Person().identity}, ADMIN)
        key = bearer(site.command("apikey", "create", "--user", user["sid"], "--name", "payer"))

        def act(**asked: Any) -> None:
            answer = httpx.post(f"{sandbox}/_control/stripe", json=asked, timeout=PATIENCE)
            assert answer.status_code == 200, answer.text

        def start(number: int) -> str:
            started = site.call("payments.create_top_up", {"provider": "stripe", "amount_cents": 1000}, key)
            return str(started["top_up_sid"])

        def pay(sid: str) -> None:
            act(act="pay", session=site.call("top_up.get", {"sid": sid}, key)["session_ref"])

        act(webhook_copies=2)  # each event comes twice
        with ThreadPoolExecutor(PAYMENTS) as pool:
            top_ups = list(pool.map(start, range(PAYMENTS)))
            list(pool.map(pay, top_ups))

        def balance() -> Any:
            found = site.call("billing.find", {"filter": {}}, key)["items"]
            return found[0]["credit_balance"] if found else None

        def all_done() -> bool:
            entries = site.call("webhook_inbox_entry.list_full", {"limit": 1000}, ADMIN)["items"]
            return all(entry["state"] in ("applied", "ignored") for entry in entries)

        wait_for(lambda: balance() == f"{PAYMENTS * 10}.00", "every payment")
        wait_for(all_done, "the end of every event")
        assert balance() == f"{PAYMENTS * 10}.00", "and none is counted twice"
        assert {site.call("top_up.get", {"sid": sid}, key)["status"] for sid in top_ups} == {"settled"}
        faults = [line for line in map(json.loads, lines(site)) if line["event"] == "fault"]
        assert faults == []
        database = Database.open(database_url_of(site))
        assert audit(database) == []
        database.close()


def lines(site: Site) -> list[str]:
    """Those of the log that are whole."""
    whole = site.log.read_text().rpartition("\n")[0]
    return [line for line in whole.splitlines() if line.startswith("{")]
