"""Asking providers about top-ups: who is asked, when again, when a top-up is closed and when an operator looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from codegen.runtime.errors import Conflict, NotFound, RateLimited
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable, TopUpNotOpen
from generated.models.onboarding import OperatorAlert, ProviderSession, SessionState, TopUp, User
from generated.models.onboarding import TopUpStatus as S
from generated.tables.onboarding import OPERATOR_ALERT
from handlers.payments.checks import Checks
from handlers.payments.schedule import CLAIM
from tests.server.payment_house import START, House, payment_house

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OVERDUE = 5 * DAY
AWAY = ProviderUnavailable(provider="stub")


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    with payment_house(database, tmp_path) as found:
        yield found


@pytest.fixture
def user(house: House) -> User:
    return house.user(1)


@pytest.fixture
def top_up(house: House, user: User) -> TopUp:
    """Of ten dollars, opened at the start of time."""
    return house.top_up(user)


def now(house: House, top_up: TopUp) -> TopUp:
    return house.payments.settlement.top_ups.get(top_up.sid)


def alerts(house: House) -> list[OperatorAlert]:
    found = Store.of(OPERATOR_ALERT, house.database).list_full(100)["items"]
    return [each for each in found if each.cleared_at is None]


def answers(house: House, monkeypatch: pytest.MonkeyPatch, work: Callable[[str], ProviderSession]) -> list[str]:
    """Let the provider do this when it is asked about a checkout; the checkouts that it was asked about."""
    asked: list[str] = []

    def fetch(ref: str) -> ProviderSession:
        asked.append(ref)
        return work(ref)

    monkeypatch.setattr(house.provider, "fetch_session", fetch)
    return asked


def failing(error: Exception) -> Callable[[str], ProviderSession]:
    def work(ref: str) -> ProviderSession:
        raise error

    return work


def credit(house: House, user: User) -> int:
    return house.end(user)[0] // 10_000_000


# --- by schedule ----------------------------------------------------------------------------------------------------


def test_it_is_asked_about_when_it_is_due(house: House, user: User, top_up: TopUp) -> None:
    house.clock.ahead = 5 * MINUTE - SECOND
    assert house.payments.checks.run_once() == 0
    house.clock.ahead = 5 * MINUTE
    assert house.payments.checks.run_once() == 1
    found = now(house, top_up)
    assert (found.status, found.checks, found.next_check_at) == (S.OPEN, 1, START + HOUR)
    house.truth(top_up, 0)
    house.clock.ahead = HOUR
    assert house.payments.checks.run_once() == 1
    found = now(house, top_up)
    assert (found.status, found.next_check_at, credit(house, user)) == (S.SETTLED, None, 1000)
    house.clock.ahead = 9 * DAY
    assert house.payments.checks.run_once() == 0


def test_one_that_is_silent_is_asked_once_and_later_again(
    house: House, user: User, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = house.top_up(user)
    house.clock.ahead = 20 * MINUTE
    asked = answers(house, monkeypatch, failing(AWAY))
    assert house.payments.checks.run_once() == 1 and asked == [top_up.session_ref]
    assert now(house, top_up).next_check_at == START + 22 * MINUTE, "a tenth of its age, and two minutes at least"
    assert now(house, other).checks == 0 and alerts(house) == []


def test_what_fails_keeps_no_other_waiting(
    house: House, user: User, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = house.top_up(user)
    house.clock.ahead = 5 * MINUTE
    for error in (ProviderRefused(provider="stub", detail="no"), ZeroDivisionError()):
        asked = answers(house, monkeypatch, failing(error))
        assert house.payments.checks.run_once() == 2
        assert asked == [top_up.session_ref, other.session_ref]
        house.clock.ahead += CLAIM


def test_what_nobody_declared_is_logged_and_nothing_else(
    house: House, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[bytes] = []
    made = house.payments
    log = Log(logged.append)
    checks = Checks(house.database, house.clock, made.providers, made.settlement, made.top_ups, log)

    def overtaken(ref: str) -> ProviderSession:
        made.settlement.top_ups.patch(top_up.sid, {"checks": 7})
        return house.provider.sessions[ref]

    for work in (failing(ProviderRefused(provider="stub", detail="no")), failing(AWAY), overtaken):
        house.clock.ahead += HOUR
        answers(house, monkeypatch, work)
        assert checks.run_once() == 1
    log.flush()
    assert logged == []
    house.clock.ahead += HOUR
    answers(house, monkeypatch, failing(ZeroDivisionError("half a cent")))
    assert checks.run_once() == 1
    log.flush()
    assert b"half a cent" in b"".join(logged) and top_up.sid.encode() in b"".join(logged)


def test_what_was_closed_meanwhile_is_not_asked_about(
    house: House, user: User, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = house.top_up(user)
    house.clock.ahead = 5 * MINUTE
    settlement = house.payments.settlement

    def meanwhile(ref: str) -> ProviderSession:
        settlement.ledger.transaction(lambda: settlement.close(other.sid, f"close:{other.sid}"))
        return house.provider.sessions[ref]

    asked = answers(house, monkeypatch, meanwhile)
    assert house.payments.checks.run_once() == 2 and asked == [top_up.session_ref]
    assert now(house, other).checks == 0


def test_a_checkout_that_ended_is_closed_at_the_provider(house: House, top_up: TopUp) -> None:
    house.payments.settlement.top_ups.patch(top_up.sid, {"expires_at": START + HOUR})
    for ahead, status in ((HOUR - SECOND, S.OPEN), (HOUR, S.EXPIRED)):
        house.clock.ahead = ahead
        assert house.payments.checks.recheck(top_up.sid, lambda: None).status == status
    assert house.provider.sessions[top_up.session_ref].state == SessionState.EXPIRED


def test_after_five_days_a_checkout_is_closed(house: House, user: User, top_up: TopUp) -> None:
    house.clock.ahead = OVERDUE - SECOND
    house.payments.checks.run_once()
    assert now(house, top_up).status == S.OPEN
    house.clock.ahead = OVERDUE
    house.payments.checks.run_once()
    assert now(house, top_up).status == S.EXPIRED and alerts(house) == []
    house.truth(top_up, 0)  # it was paid on it all the same
    house.payments.checks.look(top_up.sid)
    assert credit(house, user) == 1000


def test_what_a_provider_cannot_close_is_closed_here(
    house: House, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.provider, "expire_session", house.provider.fetch_session)
    house.clock.ahead = OVERDUE
    house.payments.checks.run_once()
    found = now(house, top_up)
    assert (found.status, found.next_check_at) == (S.EXPIRED, None)


def test_after_five_days_without_an_answer_an_operator_looks(
    house: House, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(house, monkeypatch, failing(NotFound()))
    house.clock.ahead = OVERDUE - SECOND
    house.payments.checks.run_once()
    assert alerts(house) == [] and now(house, top_up).next_check_at is not None
    house.clock.ahead = OVERDUE + DAY
    answers(house, monkeypatch, failing(AWAY))
    house.payments.checks.run_once()
    (alert,) = alerts(house)
    assert (alert.kind, alert.subject) == ("payment_unknown", top_up.sid)
    assert alert.detail == "started at 2026-11-20 12:00; stub has not said whether it was paid"
    assert now(house, top_up).next_check_at is not None, "it may know it yet"
    answers(house, monkeypatch, failing(NotFound()))
    house.clock.ahead += DAY
    house.payments.checks.run_once()
    assert (now(house, top_up).status, now(house, top_up).next_check_at) == (S.OPEN, None), "an operator has it"


# --- because somebody asks --------------------------------------------------------------------------------------------


def test_a_user_may_ask_ten_times_and_then_once_a_minute(house: House, top_up: TopUp) -> None:
    checks = house.payments.checks
    for _ in range(10):
        assert checks.ask(top_up.sid, limited=True).status == S.OPEN
    with pytest.raises(RateLimited):
        checks.ask(top_up.sid, limited=True)
    assert checks.ask(top_up.sid, limited=False).checks == 11
    house.clock.ahead = 2 * MINUTE - SECOND
    checks.ask(top_up.sid, limited=True)
    with pytest.raises(RateLimited):
        checks.ask(top_up.sid, limited=True)
    house.clock.ahead = 2 * MINUTE + SECOND
    house.truth(top_up, 0)
    assert checks.ask(top_up.sid, limited=True).status == S.SETTLED
    assert checks.ask(top_up.sid, limited=True).checks == 13, "nothing is asked any more"


def test_an_answer_that_comes_too_late_is_told_as_it_is_then(
    house: House, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = house.payments.settlement.top_ups

    def settled(ref: str) -> ProviderSession:
        store.patch(top_up.sid, {"checks": 7})
        return house.provider.sessions[ref]

    answers(house, monkeypatch, settled)
    with pytest.raises(Conflict):
        house.payments.checks.ask(top_up.sid, limited=False)

    def closed(ref: str) -> ProviderSession:
        house.payments.settlement.ledger.transaction(
            lambda: house.payments.settlement.close(top_up.sid, f"close:{top_up.sid}")
        )
        return house.provider.sessions[ref]

    answers(house, monkeypatch, closed)
    assert house.payments.checks.ask(top_up.sid, limited=False).status == S.EXPIRED


def test_errors_of_a_provider_are_told_as_no_answer(
    house: House, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, said in (
        (AWAY, None),
        (ProviderRefused(provider="stub", detail="no"), "the provider refused the request"),
    ):
        answers(house, monkeypatch, failing(error))
        with pytest.raises(ProviderUnavailable) as refused:
            house.payments.checks.recheck(top_up.sid, lambda: None)
        assert (refused.value.provider, refused.value.detail) == ("stub", said)


def test_a_user_closes_what_is_open(house: House, user: User, top_up: TopUp) -> None:
    assert house.payments.checks.cancel(top_up.sid).status == S.EXPIRED
    assert house.provider.sessions[top_up.session_ref].state == SessionState.EXPIRED
    with pytest.raises(TopUpNotOpen):
        house.payments.checks.cancel(top_up.sid)
    paid = house.top_up(user)
    house.truth(paid, 0)
    assert house.payments.checks.cancel(paid.sid).status == S.SETTLED and credit(house, user) == 1000


def test_an_operator_gives_up_whatever_the_provider_does(
    house: House, user: User, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    checks = house.payments.checks
    asked = answers(house, monkeypatch, failing(ZeroDivisionError()))
    assert checks.give_up(top_up.sid, "close:1", lambda: done.append("first")).status == S.EXPIRED
    assert (done, len(asked), now(house, top_up).status) == (["first"], 1, S.EXPIRED)
    with pytest.raises(TopUpNotOpen):
        checks.give_up(top_up.sid, "close:2", lambda: done.append("second"))
    monkeypatch.undo()
    paid = house.top_up(user)
    house.truth(paid, 0)
    assert checks.give_up(paid.sid, "close:3", lambda: done.append("third")).status == S.SETTLED
    assert (done, credit(house, user)) == (["first", "third"], 1000)


def test_what_is_done_beside_is_done_once_an_answer_is_there(
    house: House, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[S] = []
    checks = house.payments.checks
    checks.recheck(top_up.sid, lambda: done.append(now(house, top_up).status))
    house.truth(top_up, 0)
    checks.recheck(top_up.sid, lambda: done.append(now(house, top_up).status))
    assert done == [S.OPEN, S.SETTLED]
    answers(house, monkeypatch, failing(AWAY))
    with pytest.raises(ProviderUnavailable):
        checks.recheck(top_up.sid, lambda: done.append(S.FAILED))
    assert done == [S.OPEN, S.SETTLED]


def test_to_look_closes_nothing(house: House, top_up: TopUp) -> None:
    assert house.payments.checks.look(top_up.sid).state == SessionState.OPEN
    assert now(house, top_up).status == S.OPEN


def test_what_is_given_up_is_closed_at_a_provider_that_answers(house: House, top_up: TopUp) -> None:
    assert house.payments.checks.give_up(top_up.sid, "close:1", lambda: None).status == S.EXPIRED
    assert house.provider.sessions[top_up.session_ref].state == SessionState.EXPIRED


def test_an_open_top_up_without_an_answer_is_asked_about_again_and_a_settled_one_is_not(
    house: House, user: User, top_up: TopUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.payments.settlement.top_ups.patch(top_up.sid, {"next_check_at": None})
    paid = house.top_up(user)
    house.truth(paid, 0)
    house.payments.checks.recheck(paid.sid, lambda: None)
    answers(house, monkeypatch, failing(AWAY))
    for each in (top_up, paid):
        with pytest.raises(ProviderUnavailable):
            house.payments.checks.recheck(each.sid, lambda: None)
    assert (now(house, top_up).next_check_at, now(house, paid).next_check_at) == (START + CLAIM, None)


# --- what never reached its provider --------------------------------------------------------------------------------


def test_what_was_cut_off_before_anybody_was_sent_there_is_closed(
    house: House, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setattr(house.provider, "create_checkout", failing(AWAY))
        with pytest.raises(ProviderUnavailable):
            house.start(user)
    [cut] = house.payments.settlement.top_ups.list_full()["items"]
    house.clock.ahead = 5 * MINUTE
    house.payments.checks.run_once()
    found = now(house, cut)
    assert (found.status, found.session_ref) == (S.EXPIRED, f"cs_{cut.sid}")
    assert house.provider.sessions[found.session_ref].state == SessionState.EXPIRED


def test_what_never_reached_its_provider_is_given_up_without_asking(
    house: House, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setattr(house.provider, "create_checkout", failing(AWAY))
        with pytest.raises(ProviderUnavailable):
            house.start(user)
    [cut] = house.payments.settlement.top_ups.list_full()["items"]
    assert house.payments.checks.give_up(cut.sid, "close:1", lambda: None).status == S.EXPIRED
    assert house.provider.orders == []
