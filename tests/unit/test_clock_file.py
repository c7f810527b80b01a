"""The time of tests stands in a file and goes on from when that was written; every clock of the process shows it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from codegen.runtime.clock import ClockFile, ClockFileWrong, SystemClock, follow
from codegen.runtime.values.types import otime_now

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
THEN = datetime(2028, 2, 29, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "clock"
    follow(None)


def write(path: Path, text: str, at: datetime = NOW) -> None:
    path.write_text(text)
    os.utime(path, (at.timestamp(), at.timestamp()))


def test_it_goes_on_from_when_the_file_was_written(path: Path) -> None:
    file = ClockFile(path)
    assert file.shown(NOW) == NOW, "no file, no jump"
    write(path, "2028-02-29T00:00:00Z\n")
    assert file.shown(NOW) == THEN
    assert file.shown(NOW + timedelta(days=3)) == THEN + timedelta(days=3)
    write(path, "2028-03-31T02:00:00+02:00", NOW + timedelta(seconds=5))
    assert file.shown(NOW + timedelta(seconds=6)) == datetime(2028, 3, 31, 0, 0, 1, tzinfo=UTC)
    write(path, "", NOW + timedelta(seconds=7))
    assert file.shown(NOW + timedelta(seconds=8)) == datetime(2028, 3, 31, 0, 0, 3, tzinfo=UTC), "it is being written"
    path.unlink()
    assert file.shown(NOW) == NOW


@pytest.mark.parametrize("text", ["tomorrow", "2028-02-30T00:00:00Z", "2028-02-29T00:00:00", "\0"])
def test_what_is_no_time_is_told(path: Path, text: str) -> None:
    write(path, text)
    with pytest.raises(ClockFileWrong, match="not a time like 2027"):
        follow(path)
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(minutes=1), "nothing is followed"


def test_all_clocks_of_a_process_follow(path: Path) -> None:
    clock = SystemClock()
    write(path, "2099-01-01T00:00:00Z", datetime.now(UTC))
    follow(path)
    assert clock.now().year == otime_now().year == 2099
    follow(None)
    assert clock.now().year < 2099
