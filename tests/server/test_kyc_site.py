"""Verification through site and sandbox over HTTP: the pages, the callbacks, and that nothing of a person is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx import Response

from codegen.runtime.http.log import Log
from codegen.runtime.storage.store import Store
from generated.models.onboarding import KycStatus, LoginMethod, User
from generated.tables import STORED
from generated.tables.onboarding import KYC_SESSION, TOP_UP, USER
from handlers.identity.peer import Peer
from handlers.identity.sessions import Sessions
from handlers.kyc.credit import HeldCredit
from handlers.kyc.service import Verification
from handlers.kyc.settings import KycSettings
from handlers.ledger.standing import Standings
from handlers.settings import load
from providers.sandbox.idenfy.room import SIGNING_KEY
from tests.server.payment_world import World, world
from tests.waiting import PATIENCE, wait_for

HEADER = "Idenfy-Signature"


class Browser:
    """Somebody who is signed in."""

    def __init__(self, site: World, user: User) -> None:
        sessions = Sessions(site.database, site.clock, site.settings)
        cookie = site.database.run(lambda: sessions.create(user.sid, LoginMethod.SEALED, Peer("127.0.0.1")))
        self.site, self.user = site, user
        self.csrf = sessions.csrf_token(cookie)
        self.http = httpx.Client(base_url=site.site_url, cookies={"hl_session": cookie}, timeout=PATIENCE, verify=False)

    def get(self, path: str) -> str:
        answer = self.http.get(path, headers={"Accept": "text/html"}, follow_redirects=True)
        assert answer.status_code == 200
        return answer.text

    def start(self) -> str:
        """Press the button; where it leads."""
        answer = self.http.post("/kyc/start", data={"csrf_token": self.csrf}, headers={"Origin": self.site.site_url})
        assert answer.status_code == 303
        return answer.headers["location"]

    def finish(self, page: str, outcome: str, *reasons: str) -> str:
        """Choose how it goes on the vendor's page; where it leads."""
        hosted = self.site.http.get(page, follow_redirects=True)
        assert hosted.status_code == 200 and "Verify your identity" in hosted.text
        done = self.site.http.post(str(hosted.url), data={"outcome": outcome, "reason": list(reasons)})
        assert done.status_code == 303
        return done.headers["location"]

    @property
    def status(self) -> KycStatus:
        return Store.of(USER, self.site.database).get(self.user.sid).kyc_status


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, database_url) as found:
        yield found
        found.audit()


@pytest.fixture
def browser(site: World) -> Browser:
    return Browser(site, site.user())


def control(site: World, **asked: Any) -> Any:
    answer = site.http.post(f"{site.sandbox_url}/_control/idenfy", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def callback(site: World, body: bytes, key: str | None = SIGNING_KEY, **headers: str) -> Response:
    signed = {} if key is None else {HEADER: hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}
    return site.http.post(f"{site.site_url}/webhooks/idenfy", content=body, headers={**signed, **headers})


def decided(browser: Browser, status: KycStatus) -> None:
    wait_for(lambda: browser.status == status, f"the callback that says {status}")


def test_denied_then_approved_and_what_was_held_is_released(browser: Browser) -> None:
    site = browser.site
    assert "Verify with iDenfy" in browser.get("/kyc")
    back = browser.finish(browser.start(), "deny", "DOC_EXPIRED", "FACE_MISMATCH")
    assert back == f"{site.site_url}/kyc/return"
    decided(browser, KycStatus.FAILED)
    shown = browser.get("/kyc")
    assert "The document has expired. The face does not match the document." in shown and "Try again" in shown
    assert "Not accepted" in browser.get("/dashboard")

    started = site.start(browser.user, 10000)
    control(site, webhooks="hold")
    page = browser.start()
    assert browser.start() == page, "the open one again"
    browser.finish(page, "approve")
    control(site, webhooks="send")
    assert "Checking" in browser.get("/kyc/return?anything=1")
    control(site, act="release")
    decided(browser, KycStatus.COMPLETED)
    assert "You are verified" in browser.get("/kyc")
    assert "Verified" in browser.get("/dashboard")
    assert browser.start() == "/kyc?error=kyc_completed"
    assert "You are verified already" in browser.get("/kyc?error=kyc_completed")
    site.pay(started)
    site.settle()
    assert site.balance(browser.user) == 100


def test_approval_sets_free_what_was_held(browser: Browser) -> None:
    site = browser.site
    users = Store.of(USER, site.database)
    users.patch(browser.user.sid, {"kyc_status": KycStatus.COMPLETED})
    first, second = (site.start(browser.user, 10000) for _ in range(2))
    users.patch(browser.user.sid, {"kyc_status": KycStatus.PENDING})
    for started in (first, second):
        site.pay(started)
        site.settle()
    assert site.balance(browser.user) == 100
    browser.finish(browser.start(), "approve")
    decided(browser, KycStatus.COMPLETED)
    standing = Standings(site.database, site.payments.settlement.ledger, site.clock).of(browser.user.sid)
    assert (int(standing.balance), int(standing.held_for_kyc)) == (200 * 10**9, 0)
    assert {int(each.held) for each in Store.of(TOP_UP, site.database).list_full()["items"]} == {0}


def test_what_the_page_says(browser: Browser) -> None:
    site = browser.site
    for number, (outcome, status, says) in enumerate(
        (
            ("suspect", KycStatus.REVIEW, "People look at it"),
            ("expire", KycStatus.EXPIRED, "It was not finished in time"),
            ("review", KycStatus.IN_PROGRESS, "Checking"),
        )
    ):
        visitor = Browser(site, site.user(str(number + 2)))
        visitor.finish(visitor.start(), outcome)
        wait_for(lambda: says in visitor.get("/kyc"), says)  # noqa: B023
        assert visitor.status == status


def test_a_lost_callback_and_a_vendor_that_fails(browser: Browser) -> None:
    site = browser.site
    control(site, api_fail={"status": 500, "count": 1})
    assert browser.start() == "/kyc?error=kyc_unavailable"
    assert "does not answer" in browser.get("/kyc?error=kyc_unavailable")
    decided(browser, KycStatus.PENDING)
    control(site, webhook_lost=["APPROVED"])
    browser.finish(browser.start(), "approve")
    settlement = site.payments.settlement
    held = HeldCredit(settlement.ledger.transaction, settlement.release)
    settings = load(
        KycSettings, var_dir=site.settings.var_dir, database_url=site.database.url, sandbox_url=site.sandbox_url
    )
    checks = Verification.installed(site.database, site.clock, settings, held, Log(site.logged.append)).checks
    site.clock.ahead += timedelta(minutes=11)
    assert checks.run_once() == 1
    assert browser.status == KycStatus.COMPLETED


def test_callbacks_are_answered_as_they_should(browser: Browser) -> None:
    site = browser.site
    ref = begun(browser)
    body = json.dumps({"scanRef": ref, "final": True, "status": {"overall": "APPROVED"}}).encode()
    assert callback(site, body, None).status_code == 401
    assert callback(site, body, "another key").status_code == 401
    assert callback(site, body, None, **{HEADER: "0" * 64}).status_code == 401
    assert callback(site, b"{").status_code == 400
    assert callback(site, b"{}").status_code == 400
    unknown = json.dumps({"scanRef": "of-others", "final": True, "status": {"overall": "APPROVED"}}).encode()
    for other in (unknown, json.dumps({"scanRef": ref, "type": "another event"}).encode()):
        assert callback(site, other).status_code == 200
    assert browser.status == KycStatus.IN_PROGRESS
    control(site, webhook_forge=True, webhook_copies=3)
    control(site, act="approve", scanRef=ref)
    decided(browser, KycStatus.COMPLETED)
    assert callback(site, body).status_code == 200


def begun(browser: Browser) -> str:
    browser.start()
    [session] = Store.of(KYC_SESSION, browser.site.database).find({"user_sid": browser.user.sid})["items"]
    assert session.scan_ref is not None
    return session.scan_ref


PERSON = {
    "docFirstName": "Firstnamexyz",
    "docLastName": "Lastnamexyz",
    "docNumber": "NUM8812345",
    "docPersonalCode": "PERS3900101",
    "docDob": "1991-07-17",
    "address": "Streetxyz 12",
    "orgBirthPlace": "Šiluvaxyz",
    "fullName": "Firstnamexyz Lastnamexyz",
}


def test_nothing_of_a_person_is_kept(browser: Browser) -> None:
    """Every table is read after a full callback of the contract, and every line of the log."""
    site = browser.site
    ref = begun(browser)
    body = {
        "clientId": "123",
        "scanRef": ref,
        "externalRef": None,
        "platform": "MOBILE_APP",
        "startTime": 1554726960,
        "finishTime": 1554727002,
        "clientIp": "192.0.2.77",
        "clientIpCountry": "LT",
        "clientLocation": "Kaunasxyz, Lithuania",
        "final": True,
        "status": {"overall": "APPROVED", "fraudTags": ["A_TAG"], "autoDocument": "DOC_VALIDATED"},
        "data": {**PERSON, "ageEstimate": "OVER_25"},
        "fileUrls": {
            "FRONT": "https://s3.filesxyz.example/front?Expires=1",
            "FACE": "https://s3.filesxyz.example/face",
        },
        "additionalStepPdfUrls": {"A": "https://s3.filesxyz.example/a.pdf"},
        "AML": [{"status": {"serviceSuspected": False}, "data": [{"name": "Amlxyz"}], "uid": "OHT8xyz"}],
    }
    for text in (json.dumps(body), json.dumps({**body, "finishTime": 1554727003}, ensure_ascii=False)):
        assert callback(site, text.encode()).status_code == 200
    assert browser.status == KycStatus.COMPLETED
    secret = [*PERSON.values(), "xyz", "\\u0160iluva", "192.0.2.77", "OVER_25", "1554726960", "https://s3."]
    kept = [repr(row) for table in STORED for row in Store.of(table, site.database).find_rows({}, "", 1000)]
    assert any("A_TAG" in row for row in kept), "the events were read, too"
    for text in (*kept, *(line.decode() for line in site.logged)):
        assert not [each for each in secret if each in text], text
