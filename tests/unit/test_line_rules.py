"""What sets a line aside, to the second: who may say what, when it may lie, how long a machine can have run."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from generated.models.onboarding import QuarantineReason
from handlers.usage.line_rules import Allowed, Aside, measured_seconds, set_aside
from handlers.usage_format.record import LoggedUsage

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
SHOWN = "2026-11-20T20:00:00Z"
SECOND = timedelta(seconds=1)
AHEAD, BEHIND, BACK = timedelta(minutes=5), timedelta(days=35), timedelta(minutes=5)
ALLOWED = Allowed(("hero_os_hour", "vm_hour", "llm_token"))
TIME = QuarantineReason.TIME_OUT_OF_BOUNDS


def record(kind: str = "llm_token", quantity: str = "1000", at: datetime = NOW, **more: object) -> LoggedUsage:
    plain = LoggedUsage("n1", "s", 1, "user", kind, Decimal(quantity), "n1/s/1", at)
    return plain._replace(**more)  # type: ignore[arg-type]


def judged(found: LoggedUsage, allowed: Allowed = ALLOWED, latest: datetime | None = None) -> Aside | None:
    return set_aside(found, allowed, NOW, latest)


def test_a_node_reports_only_the_kinds_that_it_may() -> None:
    assert judged(record()) is None
    told = judged(record("vm_hour"), Allowed(("llm_token",)))
    assert told == (QuarantineReason.KIND_NOT_ALLOWED, "the node may not report vm_hour")


def test_prices_are_brought_only_by_nodes_that_may_set_them() -> None:
    priced = record(amount_cents=0)
    told = judged(priced)
    assert told == (QuarantineReason.PRICE_NOT_ALLOWED, "it brings its price, and the node may not set prices")
    assert judged(priced, Allowed(("llm_token",), prices=True)) is None


def test_a_record_lies_at_most_5_minutes_ahead() -> None:
    assert judged(record(at=NOW + AHEAD)) is None
    assert judged(record(at=NOW + AHEAD + SECOND)) == (TIME, f"it lies more than 5 minutes ahead of {SHOWN}")


def test_a_record_lies_at_most_35_days_behind() -> None:
    assert judged(record(at=NOW - BEHIND)) is None
    assert judged(record(at=NOW - BEHIND - SECOND)) == (TIME, f"it lies more than 35 days before {SHOWN}")


def test_what_was_measured_begins_at_most_35_days_behind() -> None:
    hour = NOW - BEHIND + timedelta(hours=1)
    assert judged(record("vm_hour", "1", hour, interval_seconds=3600)) is None
    told = judged(record("vm_hour", "1", hour, interval_seconds=3601))
    assert told == (TIME, f"its interval begins more than 35 days before {SHOWN}")


def test_a_stream_goes_back_at_most_5_minutes() -> None:
    latest = NOW + SECOND
    assert judged(record(at=latest - BACK), latest=latest) is None
    told = judged(record(at=latest - BACK - SECOND), latest=latest)
    assert told == (TIME, "it lies more than 5 minutes before 2026-11-20T20:00:01Z, which its stream had reached")


@pytest.mark.parametrize("kind", ["vm_hour", "hero_os_hour"])
def test_no_machine_runs_longer_than_it_was_measured(kind: str) -> None:
    assert judged(record(kind, "0.5", interval_seconds=1800)) is None
    told = judged(record(kind, "0.5", interval_seconds=1799))
    assert told == (QuarantineReason.IMPLAUSIBLE, "0.5 hours were used in 1799 seconds")
    assert judged(record("llm_token", "0.5", interval_seconds=1799)) is None, "a token takes no time"
    assert judged(record(kind, "0.5", interval_seconds=1799, void="n1/s/1")) is None, "nothing of it is charged"


def test_without_an_interval_an_hour_is_measured() -> None:
    assert judged(record("vm_hour", "1")) is None
    told = judged(record("vm_hour", "1.001"))
    assert told == (QuarantineReason.IMPLAUSIBLE, "1.001 hours were used in 3600 seconds")


def test_how_long_a_machine_was_measured() -> None:
    assert measured_seconds(record("vm_hour", "0.25", interval_seconds=1800)) == 1800
    assert measured_seconds(record("vm_hour", "0.25")) == measured_seconds(record("hero_os_hour", "0.25")) == 900
    assert measured_seconds(record("llm_token", "0.25")) == 0
