"""The log of a node: what was appended is there once, in order, whatever else happens."""

import errno
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import Mock

import pytest

from handlers.node import key_index, tail
from handlers.node.errors import KeyConflict, LogDamaged, NodeError, NotANode, NotWritten
from handlers.node.folder import NodeFolder
from handlers.node.log import UsageLog
from handlers.node.usage import NewUsage
from handlers.usage_format.line import decode, encode
from handlers.usage_format.record import InvalidUsage, LoggedUsage

pytestmark = pytest.mark.usefixtures("quick_disk")

USAGE = NewUsage("01JD4ZK7Q1M8", "hero_os_hour", Decimal("0.25"))


class SetClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 19, 59, 58, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def place(tmp_path: Path, clock: SetClock) -> Path:
    NodeFolder.make(tmp_path / "n1", "n1", clock.now())
    return tmp_path / "n1"


def names(place: Path) -> list[str]:
    return sorted(path.name for path in (place / "log").glob("usage_*"))


def records(place: Path) -> list[LoggedUsage]:
    """All records of a log, in the order of writing; every line is one."""
    found = []
    for file in sorted(tail.files(place / "log")):
        for line in (place / "log" / file.name).read_bytes().splitlines(keepends=True):
            assert line.endswith(b"\n")
            record = decode(line[:-1])
            assert isinstance(record, LoggedUsage)
            found.append(record)
    return found


def numbers(place: Path) -> list[int]:
    return [record.local_seq for record in records(place)]


def test_a_record_is_there_when_append_returns(place: Path, clock: SetClock) -> None:
    with UsageLog(place, clock) as log:
        first = log.append(USAGE)
        second = log.append(USAGE._replace(occurred_at=clock.now() - timedelta(minutes=1), instance_id="i1"))
    stream = (place / "stream").read_text().strip()
    assert first == (stream, 1, f"n1/{stream}/1", False) and second.local_seq == 2
    assert [encode(record) for record in records(place)] == (place / "log" / names(place)[0]).read_bytes().splitlines()
    assert [record.occurred_at for record in records(place)] == [clock.now(), clock.now() - timedelta(minutes=1)]
    with UsageLog(place, clock) as again:
        assert again.append(USAGE).local_seq == 3
        assert again.find(first.key) == records(place)[0] and again.find("n1") is None
        assert again.state()[:2] == (3, clock.now())


def test_a_folder_is_one_nodes(place: Path, tmp_path: Path, clock: SetClock) -> None:
    before = (place / "node.json").read_bytes(), (place / "stream").read_bytes()
    clock.time += timedelta(days=1)
    NodeFolder.make(place, "n1", clock.now())
    assert ((place / "node.json").read_bytes(), (place / "stream").read_bytes()) == before
    assert before[0] == b'{"created_at":"2026-11-20T19:59:58Z","node_id":"n1","schema":1}\n'
    with pytest.raises(NodeError, match="the folder of the node n1"):
        NodeFolder.make(place, "n2", clock.now())
    with pytest.raises(NodeError, match="`node_id` is not the name of a node"):
        NodeFolder.make(tmp_path / "other", "no name", clock.now())
    with pytest.raises(NotANode, match="node init"):
        UsageLog(tmp_path / "nothing")


def test_a_key_is_one_record(place: Path, clock: SetClock) -> None:
    with UsageLog(place, clock) as log:
        log.append(USAGE)
        first = log.append(USAGE._replace(key='job "1"'))
        clock.time += timedelta(hours=2)  # sent again with a new time, it is no new usage
        again = log.append(USAGE._replace(key='job "1"'))
        assert (first.local_seq, first.duplicate, again.local_seq, again.duplicate) == (2, False, 2, True)
        with pytest.raises(KeyConflict, match="number 2"):
            log.append(USAGE._replace(key='job "1"', quantity=Decimal(2)))
        with pytest.raises(InvalidUsage, match="the log's own"):
            log.append(USAGE._replace(key=f"n1/{first.stream_id}/9"))
        together = log.append_all(
            [USAGE._replace(key="b"), USAGE._replace(key="b"), USAGE._replace(quantity=Decimal(-1))]
        )
        assert [getattr(each, "duplicate", None) for each in together] == [False, True, None]
        assert isinstance(together[2], InvalidUsage)
    assert numbers(place) == [1, 2, 3]


def test_a_key_that_another_process_used_is_known(place: Path, clock: SetClock) -> None:
    with UsageLog(place, clock) as one, UsageLog(place, clock) as other:
        one.append(USAGE._replace(key="a"))
        other.append(USAGE._replace(key="b"))
        one.append(USAGE)
        assert one.append(USAGE._replace(key="b")).duplicate


@pytest.mark.parametrize("change", ["nothing", "lost", "junk", "behind"])
def test_keys_are_known_whatever_became_of_their_index(place: Path, clock: SetClock, change: str) -> None:
    with UsageLog(place, clock) as log:
        log.append(USAGE._replace(key="a"))
        log.append(USAGE._replace(key="b"))
        log.append(USAGE)
    old = place.with_name("old")
    shutil.copytree(place / "log", old)
    with UsageLog(place, clock) as log:
        log.append(USAGE._replace(key="c"))
        assert log.append(USAGE._replace(key="c")).duplicate
    UsageLog(place, clock).close()  # its index is brought up to the end
    if change == "lost":
        for path in place.glob("keys.db*"):
            path.unlink()
    elif change == "junk":
        (place / "keys.db").write_bytes(b"no database" * 1000)
    elif change == "behind":
        shutil.rmtree(place / "log")
        old.rename(place / "log")
    with UsageLog(place, clock) as log:
        assert log.append(USAGE._replace(key="a")).duplicate
        assert log.append(USAGE._replace(key="c")).duplicate == (change != "behind")
        assert log.append(USAGE._replace(key="b")).local_seq == 2
    assert numbers(place) == [1, 2, 3, 4]


def test_a_record_is_taken_back_once(place: Path, clock: SetClock) -> None:
    with UsageLog(place, clock) as log:
        first = log.append(USAGE._replace(applies_to="hero_os_hourly"))
        assert (log.void(first.key).duplicate, log.void(first.key).duplicate) == (False, True)
        with pytest.raises(NodeError, match="no record of the key 'other'"):
            log.void("other")
    void = records(place)[1]
    assert (void.void, void.user_sid, void.applies_to) == (first.key, USAGE.user_sid, "hero_os_hourly")
    assert void.quantity == 0


def test_a_file_per_hour_of_writing_and_more_where_it_is_full(
    place: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with UsageLog(place, clock) as log:
        log.append(USAGE)
        clock.time += timedelta(seconds=3)
        log.append(USAGE._replace(occurred_at=clock.now() - timedelta(days=1)))  # the hour of writing counts
        clock.time -= timedelta(hours=5)  # a clock that is set back leads to no older file
        log.append(USAGE)
        assert names(place) == ["usage_2026-11-20-19.jsonl", "usage_2026-11-20-20.jsonl"]
        monkeypatch.setattr(tail, "FULL", 500)
        for _ in range(4):
            log.append_all([USAGE] * 3)
        assert names(place)[1:] == [f"usage_2026-11-20-20{part}.jsonl" for part in (".1", ".2", ".3", "")]
    assert numbers(place) == list(range(1, 16))


@pytest.mark.parametrize("torn", [b'{"applies', b"\0" * 100_000, b"\0\0\n", b"x" * 15_000])
def test_what_is_torn_at_the_end_is_cut(place: Path, clock: SetClock, torn: bytes) -> None:
    with UsageLog(place, clock) as log:
        log.append_all([USAGE] * 3)
    file = place / "log" / names(place)[0]
    whole = file.read_bytes()
    for kept in (whole, b""):
        file.write_bytes(kept + torn)
        with UsageLog(place, clock) as log:
            assert file.read_bytes() == kept
            assert log.append(USAGE).local_seq == (4 if kept else 1)
    file.write_bytes(whole)
    later = place / "log/usage_2026-11-20-21.jsonl"
    later.write_bytes(torn)
    with UsageLog(place, clock) as log:
        assert log.append(USAGE).local_seq == 4
    assert later.read_bytes().count(b"\n") == 1 and file.read_bytes() == whole


def test_a_whole_line_that_cannot_be_read_stops_the_log(place: Path, clock: SetClock) -> None:
    with UsageLog(place, clock) as log:
        log.append(USAGE)
    file = place / "log" / names(place)[0]
    file.write_bytes(file.read_bytes() + b"{}\n")
    with pytest.raises(LogDamaged, match=r"usage_2026-11-20-19\.jsonl cannot be read"):
        UsageLog(place, clock)


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_what_the_disk_refuses_is_not_there(
    place: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with UsageLog(place, clock) as log:
        log.append(USAGE)
        real: Callable[..., int] = getattr(os, call)

        def full(fd: int, data: bytes = b"") -> int:
            if call == "write" and len(data) > 100:
                return real(fd, data[:100])
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch, pytest.raises(NotWritten, match="No space left"):
            patch.setattr(os, call, full)
            log.append(USAGE._replace(key="a"))
        assert numbers(place) == [1]
        assert log.append(USAGE._replace(key="a")).local_seq == 2
    assert numbers(place) == [1, 2]


def test_a_disk_without_room_for_the_index_of_keys_is_told(
    place: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written then, for a key may have been used; how far the log is can be asked, and it goes on later."""
    with UsageLog(place, clock) as log:
        log.append(USAGE._replace(key="a"))
    for fault in ("database or disk is full", "disk I/O error"):
        with monkeypatch.context() as patch:
            patch.setattr(key_index, "_tables", Mock(side_effect=sqlite3.OperationalError(fault)))
            with UsageLog(place, clock) as log:
                assert log.state().records == 1
                for key in ("a", None):
                    with pytest.raises(NotWritten, match=f"the index of keys cannot be kept: {fault}"):
                        log.append(USAGE._replace(key=key))
    with UsageLog(place, clock) as log:
        log.append(USAGE._replace(key="b"))
        with monkeypatch.context() as patch, pytest.raises(NotWritten, match="cannot be kept"):
            patch.setattr(key_index, "MOST_RECENT", 0)
            patch.setattr(key_index.KeyIndex, "_catch_up", Mock(side_effect=sqlite3.OperationalError("disk is full")))
            log.append(USAGE._replace(key="c"))
        assert log.append(USAGE._replace(key="b")).duplicate
        assert log.append(USAGE._replace(key="c")).local_seq == 3
    assert numbers(place) == [1, 2, 3]


def _append_some(place: Path, name: str) -> list[int]:
    with UsageLog(place) as log, ThreadPoolExecutor(4) as threads:
        keys = [f"{name}/{number}" if number % 2 else None for number in range(200)]
        return [each.local_seq for each in threads.map(lambda key: log.append(USAGE._replace(key=key)), keys)]


def test_threads_and_processes_write_one_log(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "FULL", 20_000)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # who waits for the disk does not come in between
    fork = multiprocessing.get_context("fork")
    with fork.Pool(3) as pool:
        told = pool.starmap(_append_some, [(place, name) for name in "aba"])
    assert numbers(place) == list(range(1, 501)), "a and b have 100 keys each; 100 records of each process have none"
    assert {number for each in told for number in each} == set(range(1, 501))
    assert len(names(place)) > 3


def test_the_log_is_light() -> None:
    """A node has other things to do: neither models nor databases nor a web stack are loaded for its log."""
    code = "import sys, handlers.node.log; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "generated", "peewee", "falcon", "httpx", "click", "pygit2", "nacl"} & set(loaded)
