"""The rules of verification over a database, to the second: when an attempt is over, asked about, shown and erased."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from codegen.runtime.errors import Conflict, DeclaredError, NotFound
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable
from generated.models.onboarding import KycSession, KycStarted, KycVerdict, PaymentEventKind, User
from generated.models.onboarding import KycStatus as S
from generated.tables.onboarding import KYC_EVENT, NOTICE, USER
from handlers.kyc.attempts import LOOKS
from handlers.kyc.decisions import NOTICE as SET_ASIDE
from handlers.kyc.providers import KycProviders
from handlers.kyc.service import KycHandler
from handlers.kyc.standing import KycStanding, KycStandings
from handlers.payments.settlement import ProviderEvent
from handlers.payments.states import Observation
from tests.server.kyc_house import SILENT, START, KycHouse, kyc_house, verdict

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONGEST = 30 * DAY
"""The longest pause between two questions."""


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[KycHouse]:
    with kyc_house(database, tmp_path, public_url="https://hero.example") as found:
        yield found


@pytest.fixture
def user(house: KycHouse) -> User:
    return house.user(1)


@pytest.fixture
def session(house: KycHouse, user: User) -> KycSession:
    """An attempt that was begun at the start of time; it has to be begun within a day."""
    return house.begun(user)


def ref_of(session: KycSession) -> str:
    assert session.scan_ref is not None
    return session.scan_ref


def at(house: KycHouse, moment: timedelta) -> None:
    """Let it be so long after the start of time."""
    house.clock.ahead = moment


def ask(house: KycHouse, session: KycSession) -> KycSession:
    """The attempt after the provider was asked about it."""
    house.verification.checks.ask(session.sid)
    return house.session(session.sid)


def put_off(house: KycHouse, session: KycSession, until: datetime | None) -> None:
    """Let the next question be at this time."""
    house.verification.verdicts.sessions.patch(session.sid, {"next_check_at": until})


def unopened(house: KycHouse, user: User) -> KycSession:
    """An attempt that somebody wrote down, and whose page is not known yet."""
    lost = house.database.run(lambda: house.verification.attempts._begin(user.sid, set(), False))[0]
    assert lost is not None
    return lost


def standing(house: KycHouse, user: User) -> KycStanding:
    return house.verification.standings.of(Store.of(USER, house.database).get(user.sid))


# --- starting -------------------------------------------------------------------------------------------------------


def test_an_order_leads_back_here(house: KycHouse, session: KycSession) -> None:
    (order,) = house.provider.orders
    back = "https://hero.example/kyc/return"
    assert (order.success_url, order.failure_url, order.review_url, order.open_within) == (back, back, back, 86_400)
    assert (order.session_sid, order.client_id, order.user_sid) == (session.sid, session.sid, session.user_sid)


def test_one_that_is_open_is_not_asked_about(house: KycHouse, user: User, session: KycSession) -> None:
    assert house.begun(user).sid == session.sid and house.provider.fetched == 0


@pytest.mark.parametrize(("moment", "new"), [(DAY - SECOND, False), (DAY, True)])
def test_one_is_over_with_its_last_second(
    house: KycHouse, user: User, session: KycSession, moment: timedelta, new: bool
) -> None:
    """Where the provider does not answer our own clock decides."""
    at(house, moment)
    fetch = house.provider.fetch

    def silent(scan_ref: str) -> KycVerdict:
        raise SILENT

    house.provider.fetch = silent  # type: ignore[method-assign]
    second = house.begun(user)
    house.provider.fetch = fetch  # type: ignore[method-assign]
    assert (second.sid != session.sid) is new
    assert house.session(session.sid).status == (S.EXPIRED if new else S.IN_PROGRESS)


def test_attempts_of_one_second_have_an_order(house: KycHouse, user: User, session: KycSession) -> None:
    house.tell(verdict(ref_of(session), S.FAILED))
    assert house.begun(user).created_at == session.created_at + SECOND


def test_one_that_is_being_opened_is_waited_for(house: KycHouse, user: User) -> None:
    waits: list[str] = []
    house.verification.attempts._wait = lambda: waits.append("")
    lost = unopened(house, user)
    at(house, 89 * SECOND)
    with pytest.raises(ProviderUnavailable) as refused:
        house.start(user)
    assert refused.value.detail == "another start is still under way; try again"
    assert len(waits) == LOOKS == 150
    at(house, 90 * SECOND)
    assert house.begun(user).sid != lost.sid and len(waits) == LOOKS


def test_one_that_is_set_aside_while_it_is_opened_is_not_there(house: KycHouse, user: User) -> None:
    lost = unopened(house, user)
    attempt = house.provider.start(house.verification.attempts._order(lost))
    house.reset(user)
    with pytest.raises(ProviderUnavailable) as gone:
        house.database.run(lambda: house.verification.attempts._opened(lost, attempt))
    assert gone.value.detail == "it took too long; try again"
    assert house.session(lost.sid).redirect_url is None and house.status(user) == (S.PENDING, None)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ProviderRefused(provider="stub", detail="no such country"), "no such country"),
        (Conflict("taken"), "conflict"),
        (NotFound(), "not_found"),
    ],
)
def test_why_the_provider_opens_none(house: KycHouse, user: User, error: DeclaredError, told: str) -> None:
    house.provider.fails = error
    with pytest.raises(ProviderRefused) as refused:
        house.start(user)
    assert (refused.value.provider, refused.value.detail) == ("stub", told)
    assert house.sessions(user) == []
    house.provider.fails = None


def test_an_operator_opens_one_beyond_the_limit(database: Database, tmp_path: Path) -> None:
    with kyc_house(database, tmp_path, rate_limits=True) as house:
        user = house.user(1)
        for _ in range(10):
            house.tell(verdict(ref_of(house.begun(user)), S.FAILED))
        opened: KycStarted = KycHandler(house.verification).recreate(house.context(), user_sid=user.sid, reason="new")
        assert house.session(opened.session_sid).status == S.IN_PROGRESS
        assert house.status(user)[0] == S.IN_PROGRESS


# --- what is told ---------------------------------------------------------------------------------------------------


def test_what_is_held_is_free_once_kyc_is_completed(database: Database, tmp_path: Path) -> None:
    with kyc_house(database, tmp_path, kyc_free_cap_cents=500) as house:
        user, settlement = house.user(1), house.payments.settlement
        top_up = settlement.top_ups.new(
            {"user_sid": user.sid, "provider": "stub", "session_ref": "cs", "amount": Money.from_cents(1000)}, START
        )
        paid = Observation(PaymentEventKind.PAYMENT_SUCCEEDED, 1000, "USD", START)
        settlement.ledger.transaction(
            lambda: settlement.apply(top_up.sid, [ProviderEvent("check:pi", "pi", paid, "pi")])
        )

        def held() -> int:
            return settlement.top_ups.get(top_up.sid).held.cents

        session = house.begun(user)
        assert held() == 500
        for status in (S.REVIEW, S.FAILED):
            house.tell(verdict(ref_of(session), status, at=1))
            assert held() == 500, status
        house.tell(verdict(ref_of(session), S.COMPLETED, at=2))
        at(house, HOUR)
        house.tell(verdict(ref_of(session), S.COMPLETED, at=3))
        assert held() == 0 and house.status(user)[0] == S.COMPLETED


def test_what_is_kept_of_a_verdict(house: KycHouse, user: User, session: KycSession) -> None:
    at(house, MINUTE)
    house.tell(verdict(ref_of(session), S.COMPLETED, at=5))
    (event,) = Store.of(KYC_EVENT, house.database).find({"session_sid": session.sid})["items"]
    assert (event.received_at, event.occurred_at, event.user_sid) == (START + MINUTE, START + 5 * SECOND, user.sid)
    (notice,) = Store.of(NOTICE, house.database).find({"user_sid": user.sid})["items"]
    assert notice.kind == "kyc_decided"
    kept = house.session(session.sid)
    assert (kept.decided_at, kept.completed_at) == (START + 5 * SECOND, START + MINUTE)
    assert house.status(user) == (S.COMPLETED, START + 5 * SECOND)


def test_an_answer_that_tells_nothing_new_is_not_kept(house: KycHouse, session: KycSession) -> None:
    at(house, 11 * MINUTE)
    ask(house, session)
    assert house.events(session) == []
    house.provider.truth[ref_of(session)] = verdict(ref_of(session), S.REVIEW)
    ask(house, session)
    ask(house, session)
    assert house.events(session) == [(S.REVIEW, True)]


def test_a_verdict_without_a_time_is_of_now(house: KycHouse, session: KycSession) -> None:
    at(house, MINUTE)
    house.tell(verdict(ref_of(session), S.FAILED).model_copy(update={"occurred_at": None}))
    assert house.session(session.sid).decided_at == START + MINUTE


def test_a_callback_that_tells_nothing_is_no_duplicate(house: KycHouse, session: KycSession) -> None:
    house.provider.read_webhook = lambda request: None  # type: ignore[method-assign]
    assert house.tell(verdict(ref_of(session), S.COMPLETED)) is True
    assert house.events(session) == []


def test_one_that_was_set_aside_is_decided_but_not_asked_about(
    house: KycHouse, user: User, session: KycSession
) -> None:
    house.reset(user)
    assert house.session(session.sid).next_check_at is None
    house.tell(verdict(ref_of(session), S.REVIEW))
    kept = house.session(session.sid)
    assert (kept.status, kept.next_check_at) == (S.REVIEW, None)
    assert house.status(user) == (S.PENDING, None) and house.alerts() == []


def test_a_review_is_asked_about_the_next_day(house: KycHouse, session: KycSession) -> None:
    house.tell(verdict(ref_of(session), S.REVIEW))
    assert house.session(session.sid).next_check_at == START + DAY


# --- asking ---------------------------------------------------------------------------------------------------------


def test_only_what_is_due_is_asked_about(house: KycHouse, session: KycSession) -> None:
    other = house.begun(house.user(2))
    assert house.verification.checks.run_once() == 0
    for due in (START, START + LONGEST + 2 * SECOND):
        put_off(house, session, due)
        assert house.verification.checks.run_once() == 1, due
    for later in (START + SECOND, START + LONGEST):
        put_off(house, session, later)
        assert house.verification.checks.run_once() == 0, later
    put_off(house, session, START)
    put_off(house, other, START)
    assert house.verification.checks.run_once() == 2


def test_fifty_are_asked_about_at_once(house: KycHouse) -> None:
    for number in range(51):
        put_off(house, house.begun(house.user(number + 1)), START)
    assert [house.verification.checks.run_once() for _ in range(3)] == [50, 1, 0]


def test_a_silent_provider_is_asked_once_in_a_run(house: KycHouse, session: KycSession) -> None:
    for each in (session, house.begun(house.user(2)), house.begun(house.user(3))):
        put_off(house, each, START)
    house.provider.fails = SILENT
    assert house.verification.checks.run_once() == 1 == house.provider.fetched
    assert house.session(session.sid).checks == 1
    house.provider.fails = None


def test_only_what_is_not_declared_is_logged(house: KycHouse, session: KycSession) -> None:
    lines: list[bytes] = []
    house.verification.checks._log = Log(lines.append)
    for error, logged in ((Conflict("busy"), 0), (ZeroDivisionError("odd"), 1)):
        put_off(house, session, START)
        house.provider.fails = error
        assert house.verification.checks.run_once() == 1
        assert len(lines) == logged, error
    house.provider.fails = None


def test_an_answer_about_another_attempt_is_refused(house: KycHouse, session: KycSession) -> None:
    house.provider.truth[ref_of(session)] = verdict("another", S.COMPLETED)
    with pytest.raises(ProviderUnavailable):
        house.verification.checks.ask(session.sid)
    assert house.events(session) == []


def test_an_answer_is_newer_than_all_that_was_known(house: KycHouse, session: KycSession) -> None:
    """Also where our clock was set back since."""
    at(house, HOUR)
    house.tell(verdict(ref_of(session), S.REVIEW, at=3600))
    at(house, timedelta(0))
    house.provider.truth[ref_of(session)] = verdict(ref_of(session), S.COMPLETED)
    assert ask(house, session).decided_at == START + HOUR + SECOND


def test_somebody_who_came_back_is_asked_about_soon(house: KycHouse, user: User, session: KycSession) -> None:
    def hurried(planned: datetime | None) -> datetime | None:
        put_off(house, session, planned)
        house.verification.checks.hurry(user.sid)
        return house.session(session.sid).next_check_at

    soon = START + 30 * SECOND
    assert hurried(None) == hurried(START + HOUR) == hurried(soon) == soon
    assert hurried(START + 10 * SECOND) == START + 10 * SECOND, "it is not put off"


def test_one_that_was_set_aside_is_not_asked_about(house: KycHouse, user: User, session: KycSession) -> None:
    house.reset(user)
    put_off(house, session, START)
    assert ask(house, session).next_check_at is None and house.provider.fetched == 0


@pytest.mark.parametrize(("moment", "shown"), [(6 * DAY - SECOND, []), (6 * DAY, ["kyc_unknown"])])
def test_an_operator_sees_one_of_which_nobody_knows_for_five_days(
    house: KycHouse, session: KycSession, moment: timedelta, shown: list[str]
) -> None:
    at(house, moment)
    house.provider.fails = SILENT
    with pytest.raises(ProviderUnavailable):
        house.verification.checks.ask(session.sid)
    assert house.alerts() == shown
    kept = house.session(session.sid)
    assert (kept.checks, kept.next_check_at) == (1, START + moment + (moment / 10) // SECOND * SECOND)
    house.provider.fails = None


def test_a_review_is_not_called_unknown(house: KycHouse, session: KycSession) -> None:
    house.tell(verdict(ref_of(session), S.REVIEW))
    at(house, 20 * DAY)
    ask(house, session)
    assert house.alerts() == ["kyc_review"]


@pytest.mark.parametrize(("moment", "status"), [(25 * HOUR - SECOND, S.IN_PROGRESS), (25 * HOUR, S.EXPIRED)])
@pytest.mark.parametrize("told", [S.IN_PROGRESS, S.PENDING])
def test_an_hour_after_its_time_one_is_closed(
    house: KycHouse, session: KycSession, moment: timedelta, told: S, status: S
) -> None:
    house.provider.truth[ref_of(session)] = verdict(ref_of(session), told, final=False)
    at(house, moment)
    assert ask(house, session).status == status


@pytest.mark.parametrize("late", [False, True])
def test_one_that_the_provider_does_not_know_is_closed_with_its_time(
    house: KycHouse, session: KycSession, late: bool
) -> None:
    del house.provider.truth[ref_of(session)]
    at(house, DAY + 2 * MINUTE - (not late) * SECOND)
    assert ask(house, session).status == (S.EXPIRED if late else S.IN_PROGRESS)


def test_one_that_somebody_went_through_is_not_closed(house: KycHouse, session: KycSession) -> None:
    """A callback told of it, though the provider calls it open: people may be looking at it."""
    house.tell(verdict(ref_of(session), S.COMPLETED, final=False), true=False)
    at(house, 30 * HOUR)
    assert ask(house, session).status == S.IN_PROGRESS


def test_one_without_an_end_is_over_with_its_beginning(house: KycHouse, session: KycSession) -> None:
    house.verification.verdicts.sessions.patch(session.sid, {"expires_at": None})
    at(house, HOUR - SECOND)
    assert ask(house, session).status == S.IN_PROGRESS
    at(house, HOUR)
    kept = ask(house, session)
    assert (kept.status, kept.completed_at, kept.next_check_at) == (S.EXPIRED, START + HOUR, None)


# --- what operators decide ------------------------------------------------------------------------------------------


def test_a_reset_takes_alerts_down_and_is_told(house: KycHouse, user: User, session: KycSession) -> None:
    at(house, 7 * DAY)
    ask(house, session)
    house.verification.verdicts.sessions.patch(session.sid, {"status": S.IN_PROGRESS})
    house.provider.fails = SILENT
    with pytest.raises(ProviderUnavailable):
        ask(house, session)
    house.provider.fails = None
    assert house.alerts() == ["kyc_unknown"]
    house.reset(user)
    assert house.alerts() == [] and house.session(session.sid).next_check_at is None
    notices = Store.of(NOTICE, house.database).find({"user_sid": user.sid})["items"]
    assert ("kyc_decided", SET_ASIDE) in [(each.kind, each.text) for each in notices]


def test_one_that_was_never_opened_cannot_be_erased(house: KycHouse, user: User) -> None:
    lost = unopened(house, user)
    with pytest.raises(NotFound):
        KycHandler(house.verification).erase(house.context(), session_sid=lost.sid, reason="by letter")
    assert house.provider.erased == []


def test_one_is_erased_by_two_at_once(house: KycHouse, session: KycSession) -> None:
    """One act, and the same answer for both."""
    house.tell(verdict(ref_of(session), S.FAILED))
    put_off(house, session, START + DAY)
    handler, erase = KycHandler(house.verification), house.provider.erase
    answers = []

    def slowly(scan_ref: str) -> None:
        house.provider.erase = erase  # type: ignore[method-assign]
        answers.append(handler.erase(house.context(), session_sid=session.sid, reason="by letter"))

    house.provider.erase = slowly  # type: ignore[method-assign]
    answers.append(handler.erase(house.context(), session_sid=session.sid, reason="by letter"))
    assert answers == [house.session(session.sid)] * 2
    assert (answers[0].erased_at, answers[0].next_check_at) == (START, None)


# --- how it stands --------------------------------------------------------------------------------------------------


def test_the_next_step(house: KycHouse, user: User) -> None:
    found = standing(house, user)
    assert (found.status, found.step, found.session, found.verified_at) == (S.PENDING, "begin", None, None)
    assert found.may_start and found.provider == house.provider.capabilities()
    session = house.begun(user)
    found = standing(house, user)
    assert (found.status, found.step, found.session) == (S.IN_PROGRESS, "go_on", session) and not found.may_start
    at(house, DAY - SECOND)
    assert standing(house, user).step == "go_on"
    at(house, DAY)
    found = standing(house, user)
    assert (found.status, found.step) == (S.IN_PROGRESS, "expired") and found.may_start
    house.tell(verdict(ref_of(session), S.COMPLETED, final=False))
    assert standing(house, user).step == "checking" and not standing(house, user).may_start


@pytest.mark.parametrize(
    ("status", "step", "may_start"),
    [
        (S.REVIEW, "review", False),
        (S.COMPLETED, "completed", False),
        (S.FAILED, "failed", True),
        (S.EXPIRED, "expired", True),
    ],
)
def test_the_step_after_a_verdict(
    house: KycHouse, user: User, session: KycSession, status: S, step: str, may_start: bool
) -> None:
    house.tell(verdict(ref_of(session), status, at=-5))
    found = standing(house, user)
    assert (found.status, found.step, found.may_start) == (status, step, may_start)
    assert found.session == house.session(session.sid)
    assert found.verified_at == (START - 5 * SECOND if status == S.COMPLETED else None)


def test_an_attempt_without_an_end_goes_on(house: KycHouse, user: User, session: KycSession) -> None:
    house.verification.verdicts.sessions.patch(session.sid, {"expires_at": None})
    at(house, 9 * DAY)
    assert standing(house, user).step == "go_on"


def test_one_in_progress_without_an_attempt_begins(house: KycHouse, user: User) -> None:
    """What the API calls in progress, and of which nothing is here any more."""
    assert house.verification.standings.of(user.model_copy(update={"kyc_status": S.IN_PROGRESS})).step == "begin"


def test_where_nobody_can_be_verified_nothing_is_started(house: KycHouse, user: User) -> None:
    standings = KycStandings(house.verification.verdicts, KycProviders({}), house.clock)
    found = standings.of(user)
    assert (found.step, found.provider, found.may_start) == ("begin", None, False)
