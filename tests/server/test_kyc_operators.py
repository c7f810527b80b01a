"""What operators do about verification: attempts listed, set aside, opened anew and erased, by call and with an act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.errors import Conflict, NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import ErasureUnsupported, KycCompleted, ProviderUnavailable
from generated.models.onboarding import KycSession, KycStatus, OperatorAct
from generated.tables.onboarding import OPERATOR_ACT
from handlers.kyc.service import KycHandler
from tests.server.kyc_house import SILENT, KycHouse, kyc_house, verdict
from tests.server.payment_world import world
from tests.server.site import ADMIN, SECRET
from tests.server.test_kyc_site import Browser, decided

S = KycStatus
REASON = "asked by letter"


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[KycHouse]:
    with kyc_house(database, tmp_path) as found:
        yield found


def erase(house: KycHouse, session: KycSession) -> KycSession:
    return KycHandler(house.verification).erase(house.context(), session_sid=session.sid, reason=REASON)


def acts(house: KycHouse, act: str) -> list[OperatorAct]:
    return [each for each in Store.of(OPERATOR_ACT, house.database).list_full()["items"] if each.act == act]


def ended(house: KycHouse, number: int, status: KycStatus) -> KycSession:
    session = house.begun(house.user(number))
    house.tell(verdict(session.scan_ref or "", status))
    return session


def test_what_is_erased_there_stays_decided_here(house: KycHouse) -> None:
    """Once, with one act; and a callback that is sent again changes nothing of it."""
    for number, status in enumerate((S.COMPLETED, S.FAILED, S.EXPIRED), 1):
        session = ended(house, number, status)
        found = erase(house, session)
        assert (found.status, found.erased_at, found.next_check_at) == (status, house.clock.now(), None)
        house.later(hours=1)
        assert erase(house, session) == found, "a second call asks nobody"
        house.tell(verdict(session.scan_ref or "", status))
        assert house.session(session.sid).status == status
        assert house.provider.erased == [session.scan_ref]
        house.provider.erased.clear()
    told = acts(house, "kyc.erase")
    assert [(each.reason, each.before) for each in told] == [
        (REASON, {"erased_at": None, "status": status}) for status in ("completed", "failed", "expired")
    ]
    assert {str(each.after and each.after["erased_at"])[:10] for each in told} == {"2026-11-20"}


def test_what_is_open_is_set_aside_before_it_is_erased(house: KycHouse) -> None:
    """Or nobody could ever decide about it."""
    for number, status in enumerate((S.IN_PROGRESS, S.REVIEW), 1):
        session = house.begun(house.user(number))
        house.tell(verdict(session.scan_ref or "", status, final=status is S.REVIEW))
        with pytest.raises(Conflict, match=r"kyc\.reset"):
            erase(house, session)
        assert house.provider.erased == []
        KycHandler(house.verification).reset(house.context(), user_sid=session.user_sid, reason=REASON)
        assert erase(house, session).erased_at is not None
        assert house.provider.erased.pop() == session.scan_ref


def test_what_cannot_be_erased_says_why(house: KycHouse) -> None:
    session = ended(house, 1, S.FAILED)

    def fails(error: Exception) -> None:
        def erase(scan_ref: str) -> None:
            raise error

        house.provider.erase = erase  # type: ignore[method-assign]

    for error in (SILENT, Conflict("the attempt is still open")):
        fails(error)
        with pytest.raises(type(error)):
            erase(house, session)
    assert house.session(session.sid).erased_at is None and acts(house, "kyc.erase") == []
    able = house.provider.capabilities().model_copy(update={"erasure": False})
    house.provider.capabilities = lambda: able  # type: ignore[method-assign]
    with pytest.raises(ErasureUnsupported):
        erase(house, session)
    del house.provider.capabilities
    fails(NotFound())  # it is not there any more
    assert erase(house, session).erased_at is not None
    with pytest.raises(NotFound):
        KycHandler(house.verification).erase(house.context(), session_sid=house.user(2).sid, reason=REASON)


def test_an_operator_opens_a_new_attempt_for_somebody(database: Database, tmp_path: Path) -> None:
    """Whatever came before, also for one who started too often today; what comes of the old one counts no more."""
    with kyc_house(database, tmp_path, rate_limits=True) as house:
        handler = KycHandler(house.verification)
        user = house.user(1)
        for _ in range(10):
            old = house.begun(user)
            house.tell(verdict(old.scan_ref or "", S.FAILED))
            house.later(minutes=1)
        new = handler.recreate(house.context(), user_sid=user.sid, reason=REASON)
        assert new.session_sid != old.sid and house.status(user) == (S.IN_PROGRESS, None)
        house.tell(verdict(old.scan_ref or "", S.COMPLETED, at=3600))
        assert house.status(user) == (S.IN_PROGRESS, None)
        assert house.start(user) == new, "the user goes on with it"
        house.tell(verdict(house.session(new.session_sid).scan_ref or "", S.COMPLETED, at=7200))
        assert house.status(user)[0] == S.COMPLETED
        with pytest.raises(KycCompleted):
            house.start(user)
        house.provider.fails = SILENT
        with pytest.raises(ProviderUnavailable):
            handler.recreate(house.context(), user_sid=user.sid, reason="again")
        assert house.status(user) == (S.PENDING, None), "set aside all the same"
        assert [each.reason for each in acts(house, "kyc.recreate")] == [REASON, "again"]
        with pytest.raises(NotFound):
            handler.recreate(house.context(), user_sid="1234", reason=REASON)


def test_operators_call_all_of_it(tmp_path: Path) -> None:
    """Over HTTP with the admin secret, against the sandbox; nobody else may."""
    with world(tmp_path, f"sqlite:///{tmp_path}/test.db", admin_secret=SECRET) as site:
        browser = Browser(site, site.user())

        def call(method: str, headers: dict[str, str] = ADMIN, /, **params: Any) -> Any:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            return site.http.post(f"{site.site_url}/rpc", json=body, headers=headers).json()

        browser.finish(browser.start(), "deny", "DOC_EXPIRED")
        decided(browser, S.FAILED)
        whose = {"filter": {"user_sid": browser.user.sid}}
        [found] = call("kyc_session.find", **whose)["result"]["items"]
        assert (found["status"], found["reason"]) == ("failed", "The document has expired.")
        assert call("kyc_session.list_full")["result"]["items"] == [found]
        [event] = call("kyc_event.find", filter={"session_sid": found["sid"]})["result"]["items"]
        assert (event["status"], event["final"]) == ("failed", True)

        user = {"user_sid": browser.user.sid, "reason": REASON}
        attempt = {"session_sid": found["sid"], "reason": REASON}
        theirs = {"Cookie": f"hl_session={browser.http.cookies['hl_session']}", "Origin": site.site_url}
        strangers: list[tuple[dict[str, str], int]] = [({}, 1401), (theirs, 1403)]
        for nobody, code in strangers:
            for method, params in (("reset", user), ("recreate", user), ("erase", attempt)):
                assert call(f"kyc.{method}", nobody, **params)["error"]["code"] == code, method
        assert call("kyc.reset", ADMIN, **user)["result"]["kyc_status"] == "pending"
        new = call("kyc.recreate", ADMIN, **user)["result"]
        assert browser.start() == new["redirect_url"], "the user goes on with it"
        assert call("kyc.erase", ADMIN, **attempt)["result"]["erased_at"] is not None
        assert call("kyc.erase", session_sid=new["session_sid"], reason=REASON)["error"]["data"]["error"] == "conflict"
        browser.finish(str(new["redirect_url"]), "approve")
        decided(browser, S.COMPLETED)
        done = call("operator_act.list_full")["result"]["items"]
        assert sorted(each["act"] for each in done) == ["kyc.erase", "kyc.recreate", "kyc.reset"]
        site.audit()
