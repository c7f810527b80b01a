"""Verification on a real database: attempts, verdicts in any order, lost callbacks, resets, all of it at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import permutations, product
from pathlib import Path

import pytest

from codegen.runtime.errors import DeclaredError, NotFound, RateLimited
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import (
    InvalidSignature,
    KycCompleted,
    ProviderRefused,
    ProviderUnavailable,
    WebhookMalformed,
)
from generated.models.onboarding import KycSession, KycStatus, User
from generated.tables.onboarding import KYC_EVENT, KYC_SESSION, OPERATOR_ACT
from handlers.kyc import schedule
from handlers.kyc.attempts import wait as wait_for_others
from handlers.kyc.providers import KycProviders
from handlers.kyc.states import BEGUN, State, Told, after
from tests.server.kyc_house import SILENT, START, KycHouse, StubKyc, kyc_house, verdict

S = KycStatus
ENDS = (S.COMPLETED, S.FAILED, S.REVIEW, S.EXPIRED)
HOURS = 3600


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[KycHouse]:
    with kyc_house(database, tmp_path) as found:
        yield found


def ref_of(session: KycSession) -> str:
    assert session.scan_ref is not None
    return session.scan_ref


# --- starting -------------------------------------------------------------------------------------------------------


def test_what_is_open_is_answered_again(house: KycHouse) -> None:
    user = house.user(1)
    assert house.status(user) == (S.PENDING, None)
    first = house.start(user)
    assert house.start(user) == first
    assert len(house.provider.orders) == 1
    session = house.session(first.session_sid)
    assert (session.status, session.client_id) == (S.IN_PROGRESS, session.sid)
    assert house.status(user) == (S.IN_PROGRESS, None)
    house.tell(verdict(ref_of(session), S.REVIEW))
    assert house.start(user) == first, "people look at it: no second one is opened"


def test_who_is_verified_starts_nothing(house: KycHouse) -> None:
    user = house.user(1)
    house.tell(verdict(ref_of(house.begun(user)), S.COMPLETED))
    with pytest.raises(KycCompleted):
        house.start(user)


def test_after_one_that_led_nowhere_comes_a_new_one(house: KycHouse) -> None:
    user = house.user(1)
    first = house.begun(user)
    for ended in (S.FAILED, S.EXPIRED):
        house.tell(verdict(ref_of(first), ended))
        assert house.status(user) == (ended, None)
        second = house.begun(user)
        assert second.sid != first.sid and second.created_at > first.created_at
        assert house.status(user) == (S.IN_PROGRESS, None)
        first = second


@pytest.mark.parametrize("error", [SILENT, ProviderRefused(provider="stub", detail="no"), RuntimeError("a fault")])
def test_one_that_was_not_opened_is_not_there(house: KycHouse, error: Exception) -> None:
    """Nobody has seen its page, and the reason of the attempt before stays in sight."""
    user = house.user(1)
    house.tell(verdict(ref_of(house.begun(user)), S.FAILED))
    house.provider.fails = error
    with pytest.raises(type(error)):
        house.start(user)
    assert len(house.sessions(user)) == 1
    assert house.status(user) == (S.FAILED, None)
    house.provider.fails = None
    assert house.start(user)


def test_somebody_who_was_killed_opening_one_is_waited_for(house: KycHouse) -> None:
    user = house.user(1)
    lost = house.database.run(lambda: house.verification.attempts._begin(user.sid, set(), False))[0]
    assert lost is not None
    with pytest.raises(ProviderUnavailable):
        house.start(user)
    assert house.status(user) == (S.PENDING, None)
    house.later(seconds=91)
    started = house.start(user)
    assert [each.sid for each in house.sessions(user)] == [started.session_sid]
    # Whoever was only slow finds it gone.
    attempt = house.provider.start(house.provider.orders[-1])
    with pytest.raises(ProviderUnavailable):
        house.database.run(lambda: house.verification.attempts._opened(lost, attempt))
    assert house.start(user) == started


def test_two_sessions_of_one_attempt_are_refused(house: KycHouse) -> None:
    first = house.begun(house.user(1))
    user = house.user(2)
    attempt = house.provider.start(house.provider.orders[0])
    again = attempt.model_copy(update={"scan_ref": ref_of(first)})
    house.provider.start = lambda order: again  # type: ignore[method-assign]
    with pytest.raises(ProviderRefused):
        house.start(user)


def test_nobody_starts_all_day(database: Database, tmp_path: Path) -> None:
    with kyc_house(database, tmp_path, rate_limits=True) as house:
        user = house.user(1)
        for _ in range(10):
            house.tell(verdict(ref_of(house.begun(user)), S.FAILED))
        with pytest.raises(RateLimited):
            house.start(user)
        house.later(days=1, minutes=1)
        assert house.start(user)


def test_a_site_without_a_provider_says_so(house: KycHouse) -> None:
    user = house.user(1)
    house.verification.attempts._providers = KycProviders({})
    with pytest.raises(ProviderUnavailable):
        house.start(user)


def test_the_operator_chooses_the_provider() -> None:
    ready = {"b": StubKyc(), "a": StubKyc()}
    assert KycProviders(ready).chosen == "a"
    assert KycProviders(ready, "b").chosen == "b"
    assert KycProviders(ready, "c").chosen is None


# --- callbacks ------------------------------------------------------------------------------------------------------


def test_only_what_is_final_decides(house: KycHouse) -> None:
    user = house.user(1)
    session = house.begun(user)
    for status in (S.COMPLETED, S.FAILED, S.REVIEW, S.IN_PROGRESS):
        house.tell(verdict(ref_of(session), status, final=False))
    assert house.status(user) == (S.IN_PROGRESS, None)
    assert house.tell(verdict(ref_of(session), S.COMPLETED, at=5))
    assert not house.tell(verdict(ref_of(session), S.COMPLETED, at=5)), "told twice"
    kept = house.session(session.sid)
    at = START  # a time of the future is taken for now
    assert (kept.status, kept.decided_at, kept.completed_at, kept.next_check_at) == (S.COMPLETED, at, START, None)
    assert house.status(user) == (S.COMPLETED, at)
    assert len(house.events(session)) == 5
    assert len(house.notices(user)) == 1


def test_a_denial_says_why(house: KycHouse) -> None:
    user = house.user(1)
    session = house.begun(user)
    house.tell(verdict(ref_of(session), S.FAILED))
    assert house.session(session.sid).reason == "The document has expired."


def test_what_nobody_signed_is_refused_and_what_is_not_ours_is_kept(house: KycHouse) -> None:
    user = house.user(1)
    session = house.begun(user)
    body = verdict(ref_of(session), S.COMPLETED).model_dump_json().encode()
    for provider, headers in (("stub", {}), ("stub", {"signed": "no"}), ("nobody", {"signed": "yes"})):
        with pytest.raises(InvalidSignature):
            house.verification.callbacks.receive(provider, body, headers)
    unkept = verdict(ref_of(session), S.COMPLETED, mark="\0").model_dump_json().encode()
    with pytest.raises(WebhookMalformed, match="cannot be read"):
        house.verification.callbacks.receive("stub", unkept, {"signed": "yes"})
    assert house.tell(verdict("an attempt of another program", S.COMPLETED))
    [event] = Store.of(KYC_EVENT, house.database).list_full()["items"]
    assert (event.session_sid, event.user_sid) == (None, None)
    assert house.status(user) == (S.IN_PROGRESS, None)


def test_a_suspicion_is_shown_to_an_operator(house: KycHouse) -> None:
    user = house.user(1)
    session = house.begun(user)
    house.tell(verdict(ref_of(session), S.REVIEW))
    assert house.status(user) == (S.REVIEW, None)
    assert house.alerts() == ["kyc_review"]
    house.tell(verdict(ref_of(session), S.COMPLETED, at=-1), true=True)
    house.jobs()
    assert house.status(user)[0] == S.COMPLETED, "two verdicts differ: the provider was asked"
    assert house.alerts() == []


# --- an old verdict never undoes a newer attempt --------------------------------------------------------------------


def test_an_old_verdict_undoes_no_newer_attempt(house: KycHouse) -> None:
    for number, (late, second) in enumerate(product(ENDS, (None, S.COMPLETED, S.FAILED))):
        house.clock.ahead = timedelta(0)
        user = house.user(number + 1)
        old = house.begun(user)
        house.tell(verdict(ref_of(old), S.EXPIRED))
        house.later(hours=1)
        new = house.begun(user)
        if second is not None:
            house.tell(verdict(ref_of(new), second, at=HOURS))
        before = house.status(user)
        house.later(hours=1)
        house.tell(verdict(ref_of(old), late, at=2 * HOURS))
        house.verification.checks.ask(old.sid)
        assert house.status(user) == before, (late, second)
        assert house.session(old.sid).status == late, (late, second)


def test_what_was_set_aside_stays_so(house: KycHouse) -> None:
    for number, late in enumerate(ENDS):
        house.clock.ahead = timedelta(0)
        user = house.user(number + 1)
        old = house.begun(user)
        house.tell(verdict(ref_of(old), S.COMPLETED))
        user_after = house.reset(user)
        assert (user_after.kyc_status, user_after.kyc_verified_at) == (S.PENDING, None)
        house.tell(verdict(ref_of(old), S.COMPLETED))  # a replay: its signature holds for ever
        house.later(hours=1)
        house.tell(verdict(ref_of(old), late, at=HOURS))
        house.jobs()
        assert house.status(user) == (S.PENDING, None), late
        new = house.begun(user)
        assert new.sid != old.sid
        house.tell(verdict(ref_of(new), S.COMPLETED, at=HOURS))
        assert house.status(user)[0] == S.COMPLETED, late


def test_a_reset_is_an_act(house: KycHouse) -> None:
    user = house.user(1)
    session = house.begun(user)
    house.tell(verdict(ref_of(session), S.REVIEW))
    house.reset(user)
    [act] = Store.of(OPERATOR_ACT, house.database).list_full()["items"]
    assert (act.act, act.subject, act.reason) == ("kyc.reset", user.sid, "looked at it")
    assert (act.arguments, act.before, act.after) == (
        {"sessions": [session.sid]},
        {"kyc_status": "review"},
        {"kyc_status": "pending"},
    )
    assert house.alerts() == []
    assert "You can start again" in house.notices(user)[-1]
    with pytest.raises(NotFound):
        house.verification.decisions.reset(house.context(), "1234", "nobody")


# --- lost callbacks -------------------------------------------------------------------------------------------------


def test_a_lost_callback_is_found_by_asking(house: KycHouse) -> None:
    for number, status in enumerate(ENDS):
        user = house.user(number + 1)
        session = house.begun(user)
        house.provider.truth[ref_of(session)] = verdict(ref_of(session), status)
        house.jobs()
        assert house.provider.fetched == number, "nobody asks at once"
        house.later(minutes=11)
        house.jobs()
        assert house.status(user)[0] == status
        house.later(minutes=11)
        house.jobs()
        assert house.provider.fetched == number + 1, "what is known is not asked again"


def test_somebody_who_comes_back_is_not_kept_waiting(house: KycHouse) -> None:
    user = house.user(1)
    session = house.begun(user)
    house.provider.truth[ref_of(session)] = verdict(ref_of(session), S.COMPLETED)
    house.verification.checks.hurry(user.sid)
    house.later(seconds=31)
    house.jobs()
    assert house.status(user)[0] == S.COMPLETED
    house.verification.checks.hurry(user.sid)
    house.verification.checks.hurry(house.user(2).sid)
    assert house.session(session.sid).next_check_at is None


def test_coming_back_often_asks_seldom(house: KycHouse) -> None:
    user = house.user(1)
    house.begun(user)
    for _ in range(20):
        house.verification.checks.hurry(user.sid)
        house.later(seconds=40)
        house.jobs()
    assert house.provider.fetched <= schedule.HURRIED + 1


def test_nothing_came_of_it(house: KycHouse) -> None:
    """The provider still calls it open when its time is over: it is closed, and may be begun anew."""
    user = house.user(1)
    session = house.begun(user)
    for _ in range(26):
        house.later(hours=1)
        house.jobs()
    kept = house.session(session.sid)
    assert (kept.status, kept.decided_at) == (S.EXPIRED, None)
    assert house.status(user) == (S.EXPIRED, None)
    house.tell(verdict(ref_of(session), S.EXPIRED))
    house.tell(verdict(ref_of(session), S.COMPLETED, at=HOURS))
    assert house.status(user)[0] == S.COMPLETED, "it was finished in the last moment after all"


def test_an_attempt_that_the_provider_does_not_know_is_over_with_its_time(house: KycHouse) -> None:
    user = house.user(1)
    session = house.begun(user)
    del house.provider.truth[ref_of(session)]
    house.later(hours=2)
    house.jobs()
    assert house.status(user) == (S.IN_PROGRESS, None)
    house.later(hours=23)
    house.jobs()
    assert house.status(user) == (S.EXPIRED, None)


def test_what_people_look_at_is_waited_for(house: KycHouse) -> None:
    user = house.user(1)
    session = house.begun(user)
    house.tell(verdict(ref_of(session), S.COMPLETED, final=False))
    for _ in range(10):
        house.later(days=1)
        house.jobs()
    assert house.status(user) == (S.IN_PROGRESS, None)
    assert house.alerts() == ["kyc_unknown"]
    house.provider.truth[ref_of(session)] = verdict(ref_of(session), S.FAILED)
    for _ in range(4):
        house.later(days=1)
        house.jobs()
    assert house.status(user) == (S.FAILED, None)
    assert house.alerts() == []


def test_a_silent_provider_is_asked_for_ever_and_shown(house: KycHouse) -> None:
    user = house.user(1)
    session = house.begun(user)
    house.provider.fails = SILENT
    asked = []
    for _ in range(200):
        house.later(days=1)
        house.jobs()
        asked.append(house.provider.fetched)
    assert asked[9] <= 12 and asked[-1] <= 40, "ever more rarely"
    assert asked[-1] > asked[-60], "without end"
    assert house.alerts() == ["kyc_unknown"]
    house.provider.fails = None
    house.provider.truth[ref_of(session)] = verdict(ref_of(session), S.COMPLETED)
    house.later(days=31)
    house.jobs()
    assert house.status(user)[0] == S.COMPLETED and house.alerts() == []


def test_one_whose_time_is_over_is_asked_about_before_the_next(house: KycHouse) -> None:
    user = house.user(1)
    first = house.begun(user)
    house.later(hours=25)
    second = house.begun(user)
    assert second.sid != first.sid
    assert house.session(first.sid).status == S.EXPIRED
    house.provider.truth[ref_of(second)] = verdict(ref_of(second), S.COMPLETED)
    house.later(hours=49)
    with pytest.raises(KycCompleted):
        house.start(user)


def test_a_silent_provider_stops_nobody(house: KycHouse) -> None:
    user = house.user(1)
    house.begun(user)
    house.later(hours=25)
    fetch = house.provider.fetch

    def silent(scan_ref: str) -> object:
        raise SILENT

    house.provider.fetch = silent  # type: ignore[assignment]
    second = house.begun(user)
    house.provider.fetch = fetch  # type: ignore[method-assign]
    assert second.status == S.IN_PROGRESS


def test_a_clock_that_was_set_back_stops_no_question(house: KycHouse) -> None:
    user = house.user(1)
    house.later(days=300)
    session = house.begun(user)
    house.clock.ahead = timedelta(0)
    house.provider.truth[ref_of(session)] = verdict(ref_of(session), S.COMPLETED)
    house.jobs()
    assert house.status(user)[0] == S.COMPLETED


def test_an_answer_about_another_attempt_is_none(house: KycHouse) -> None:
    user = house.user(1)
    session = house.begun(user)
    house.provider.truth[ref_of(session)] = verdict("another", S.COMPLETED)
    house.later(minutes=11)
    house.jobs()
    assert house.status(user) == (S.IN_PROGRESS, None)


# --- every order ----------------------------------------------------------------------------------------------------

STEPS: dict[str, Callable[[KycHouse, User, KycSession], object]] = {
    "approved": lambda house, user, session: house.tell(verdict(ref_of(session), S.COMPLETED, at=-30), true=False),
    "denied": lambda house, user, session: house.tell(verdict(ref_of(session), S.FAILED, at=-20), true=False),
    "suspected": lambda house, user, session: house.tell(verdict(ref_of(session), S.REVIEW, at=-40), true=False),
    "expired": lambda house, user, session: house.tell(verdict(ref_of(session), S.EXPIRED, at=-10), true=False),
    "fetch": lambda house, user, session: house.verification.checks.ask(session.sid),
    "return visit": lambda house, user, session: house.verification.checks.hurry(user.sid),
}
TRUTH = S.FAILED
"""How it ended in truth, whatever came before."""


def test_every_order_of_one_attempt_ends_the_same(house: KycHouse) -> None:
    """Also with a reset among them, after which nothing of it counts."""
    orders = list(permutations([*STEPS, "reset"]))
    chosen = orders[:: 211 if house.database.dialect == "postgresql" else 61]
    for number, order in enumerate(chosen):
        user = house.user(number + 1)
        session = house.begun(user)
        house.provider.truth[ref_of(session)] = verdict(ref_of(session), TRUTH)
        for step in (*order, order[0]):
            if step == "reset":
                house.reset(user)
            else:
                STEPS[step](house, user, session)
        house.jobs()
        assert house.status(user) == (S.PENDING, None), order
        assert house.session(session.sid).status == TRUTH, order


def test_every_order_without_a_reset(house: KycHouse) -> None:
    orders = list(permutations(STEPS))
    for number, order in enumerate(orders[:: 90 if house.database.dialect == "postgresql" else 30]):
        user = house.user(number + 1)
        session = house.begun(user)
        house.provider.truth[ref_of(session)] = verdict(ref_of(session), TRUTH)
        for step in (*order, order[0]):
            STEPS[step](house, user, session)
        house.jobs()
        assert house.status(user) == (TRUTH, None), order


def test_every_order_of_two_attempts(house: KycHouse) -> None:
    """What is told of the first one, before or after the second was begun and decided, changes nothing."""
    late = ("approved", "denied", "suspected", "expired")
    for number, order in enumerate(permutations([*late, "second"])):
        if number % (9 if house.database.dialect == "postgresql" else 4):
            continue
        user = house.user(number + 1)
        first = house.begun(user)
        house.tell(verdict(ref_of(first), S.EXPIRED, at=-50))
        second = house.begun(user)
        house.provider.truth[ref_of(first)] = verdict(ref_of(first), S.COMPLETED)
        for step in order:
            if step == "second":
                house.tell(verdict(ref_of(second), S.COMPLETED, at=-5))
            else:
                STEPS[step](house, user, first)
        house.jobs()
        assert house.status(user) == (S.COMPLETED, START - timedelta(seconds=5)), order


def test_the_order_of_verdicts_changes_no_state() -> None:
    """All orders of all verdicts there are, by the pure rule."""
    told = [
        Told(status, final, START + timedelta(seconds=at))
        for status in (S.COMPLETED, S.FAILED, S.REVIEW, S.EXPIRED)
        for final, at in ((True, 0), (False, 9))
    ]
    ends = set()
    for order in permutations(told, 8):
        state = BEGUN
        for each in order:
            state = after(state, each)
            assert after(state, each) == state, "told twice"
        ends.add(state)
    assert ends == {State(S.FAILED, START)}


# --- at once --------------------------------------------------------------------------------------------------------


def at_once(*works: Callable[[], object]) -> list[Exception]:
    """All of it at the same time, in a thread each; what they raised."""
    gate, errors = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        gate.wait()
        try:
            work()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return errors


ROUNDS = int(os.environ.get("KYC_ROUNDS", "10"))


def test_starts_at_once_give_one_attempt(house: KycHouse) -> None:
    house.verification.attempts._wait = wait_for_others
    for number in range(ROUNDS):
        user = house.user(number + 1)
        found: list[str] = []
        works = [lambda: found.append(house.start(user).session_sid) for _ in range(3)]  # noqa: B023
        assert at_once(*works) == []
        assert len(found) == 3 and len(set(found)) == 1
        assert len(house.sessions(user)) == 1
    assert len(house.provider.orders) == ROUNDS


def test_two_callbacks_at_once(house: KycHouse) -> None:
    for number in range(ROUNDS):
        user = house.user(number + 1)
        session = house.begun(user)
        approved, denied = (verdict(ref_of(session), each, at=-1) for each in (S.COMPLETED, S.FAILED))
        house.provider.truth[ref_of(session)] = approved
        works = [lambda told=told: house.tell(told, true=False) for told in (approved, denied, approved)]
        assert at_once(*works) == []
        house.jobs()
        assert house.status(user)[0] == S.COMPLETED
        assert {(S.COMPLETED, True), (S.FAILED, True)} == set(house.events(session))


def test_a_callback_against_a_reset(house: KycHouse) -> None:
    for number in range(ROUNDS):
        user = house.user(number + 1)
        session = house.begun(user)
        told = verdict(ref_of(session), S.COMPLETED, at=-1)
        errors = at_once(lambda: house.tell(told), lambda: house.reset(user))  # noqa: B023
        assert not [each for each in errors if not isinstance(each, DeclaredError)], errors
        assert house.status(user) == (S.PENDING, None)
        assert house.session(session.sid).status == S.COMPLETED


def test_a_start_against_a_reset(house: KycHouse) -> None:
    for number in range(ROUNDS):
        user = house.user(number + 1)
        errors = at_once(lambda: house.start(user), lambda: house.reset(user))  # noqa: B023
        assert all(isinstance(each, ProviderUnavailable) for each in errors), errors
        [session] = house.sessions(user) or [None]  # type: ignore[list-item]
        counts = session is not None and session.superseded_at is None
        assert house.status(user)[0] == (S.IN_PROGRESS if counts else S.PENDING)
        assert house.start(user)
    assert Store.of(KYC_SESSION, house.database).list(1)["items"]
