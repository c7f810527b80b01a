"""Verification, killed before every statement in turn: after the next callback, start or job nothing is half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import ProviderUnavailable
from generated.models.onboarding import KycStatus
from generated.tables.onboarding import OPERATOR_ACT
from tests.crash.fuse import STEP, killed, stopped
from tests.server.kyc_house import KycHouse, kyc_house, verdict

S = KycStatus
MOST = 120


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[KycHouse]:
    with kyc_house(database, tmp_path) as found:
        yield found


@pytest.mark.parametrize("end", [killed, stopped])
def test_killed_while_a_callback_is_applied(house: KycHouse, end: Callable[..., bool]) -> None:
    at = 0
    for at in range(1, MOST, STEP):
        user = house.user(at)
        session = house.begun(user)
        told = verdict(str(session.scan_ref), S.COMPLETED)
        cut = end(house, at, partial(house.tell, told))
        assert (house.status(user)[0] == S.COMPLETED) == (house.events(session) != []), at
        house.tell(told)
        assert house.status(user)[0] == S.COMPLETED, at
        assert (len(house.events(session)), len(house.notices(user))) == (1, 1), at
        if not cut:
            break
    assert 10 < at < MOST - STEP, "the fuse was not where the work is"


@pytest.mark.parametrize("end", [killed, stopped])
def test_killed_while_an_attempt_is_opened(house: KycHouse, end: Callable[..., bool]) -> None:
    """Whoever starts again has one, at once or after the time in which nobody comes back."""
    at = 0
    for at in range(1, MOST, STEP):
        user = house.user(at)
        cut = end(house, at, partial(house.start, user))
        try:
            started = house.start(user)
        except ProviderUnavailable:
            house.later(seconds=91)
            started = house.start(user)
        assert [each.sid for each in house.sessions(user)] == [started.session_sid], at
        assert house.status(user)[0] == S.IN_PROGRESS, at
        if not cut:
            break
    assert 8 < at < MOST - STEP, "the fuse was not where the work is"


@pytest.mark.parametrize("end", [killed, stopped])
def test_killed_while_an_operator_resets(house: KycHouse, end: Callable[..., bool]) -> None:
    at = 0
    acts = Store.of(OPERATOR_ACT, house.database)
    for at in range(1, MOST, STEP):
        user = house.user(at)
        session = house.begun(user)
        house.tell(verdict(str(session.scan_ref), S.COMPLETED))
        cut = end(house, at, partial(house.reset, user))
        done = len(acts.find({"subject": user.sid})["items"])
        aside = house.session(session.sid).superseded_at is not None
        assert (house.status(user)[0] == S.PENDING) == (done == 1) == aside, at
        house.reset(user)
        assert house.status(user) == (S.PENDING, None), at
        if not cut:
            break
    assert 10 < at < MOST - STEP, "the fuse was not where the work is"


@pytest.mark.parametrize("end", [killed, stopped])
def test_killed_while_the_provider_is_asked(house: KycHouse, end: Callable[..., bool]) -> None:
    at = 0
    for at in range(1, MOST, STEP):
        user = house.user(at)
        session = house.begun(user)
        ref = str(session.scan_ref)
        house.provider.truth[ref] = verdict(ref, S.FAILED)
        cut = end(house, at, partial(house.verification.checks.ask, session.sid))
        house.later(minutes=11)
        house.jobs()
        house.clock.ahead *= 0
        assert house.status(user)[0] == S.FAILED, at
        assert (len(house.events(session)), len(house.notices(user))) == (1, 1), at
        if not cut:
            break
    assert 10 < at < MOST - STEP, "the fuse was not where the work is"
