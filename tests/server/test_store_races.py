"""Writers that meet, with threads on both databases: whoever loses is told, and nothing is lost."""

import os
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from codegen.runtime.errors import Conflict, InvalidParams, NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Duplicate, Referenced, Restart, UnknownReference
from codegen.runtime.storage.store import Store

NOW = datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC)
WRITERS = 6


@pytest.fixture
def users(shop: ModuleType, shop_database: Database) -> Any:
    return Store.of(shop.USER, shop_database)


def together(database: Database, work: Callable[[int], Any], writers: int = WRITERS) -> Counter[Any]:
    """What each of some threads, let go at once, came to: its result, or the class of the error it met."""
    outcomes: Counter[Any] = Counter()
    gate = threading.Barrier(writers)

    def write(place: int) -> None:
        gate.wait()
        try:
            outcome = work(place)
        except (Conflict, Duplicate, InvalidParams, NotFound, Referenced, UnknownReference) as error:
            outcome = type(error)
        finally:
            database.close()
        with lock:
            outcomes[outcome] += 1

    lock = threading.Lock()
    threads = [threading.Thread(target=write, args=(place,)) for place in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.total() == writers, "a writer met an error of another kind"
    return outcomes


def test_of_writers_with_the_same_rev_one_wins(users: Any, shop_database: Database) -> None:
    user = users.new({"address": "aa"}, NOW)
    for rev in range(1, 6):
        outcomes = together(
            shop_database,
            lambda place, rev=rev: (
                users.patch(  # type: ignore[misc]
                    user.sid, {"display_name": str(place)}, rev=rev
                ).rev
            ),
        )
        assert outcomes == {rev + 1: 1, Conflict: WRITERS - 1}


def test_of_sets_with_the_same_new_sid_one_creates(users: Any, shop_database: Database) -> None:
    outcomes = together(shop_database, lambda place: users.set({"sid": "same", "address": "aa"}, NOW).rev)
    assert outcomes == Counter(range(1, WRITERS + 1))


def test_of_writers_of_a_unique_key_one_wins(users: Any, shop_database: Database) -> None:
    for place in range(5):
        outcomes = together(
            shop_database,
            lambda _, place=place: bool(  # type: ignore[misc]
                users.new({"address": f"aa:{place}"}, NOW)
            ),
        )
        assert outcomes == {True: 1, Duplicate: WRITERS - 1}


def test_insert_once_keeps_one(users: Any, shop: ModuleType, shop_database: Database) -> None:
    user, log = users.new({"address": "aa"}, NOW), Store.of(shop.LOG_LINE, shop_database)
    line = {"key": "k", "user_sid": user.sid, "quantity": Decimal(1)}
    assert together(shop_database, lambda _: log.insert_once(line, NOW, ["key"]) is not None) == {
        True: 1,
        False: WRITERS - 1,
    }


def test_set_once_is_set_once(users: Any, shop_database: Database) -> None:
    user = users.new({"address": "aa"}, NOW)
    outcomes = together(shop_database, lambda place: bool(users.patch(user.sid, {"secret": str(place)})))
    assert outcomes == {True: 1, InvalidParams: WRITERS - 1}


def test_no_write_is_lost(users: Any, shop_database: Database) -> None:
    """Read, add, write: each transaction as if it were alone."""
    user = users.new({"address": "aa", "display_name": "0"}, NOW)

    def add() -> None:
        count = int(users.get(user.sid).display_name)
        users.patch(user.sid, {"display_name": str(count + 1)})

    together(shop_database, lambda _: [shop_database.run(add) for _ in range(5)] and None, writers=3)
    assert users.get(user.sid).display_name == "15"


def test_rules_across_rows_hold(users: Any, shop: ModuleType, shop_database: Database) -> None:
    """Two that each look at what the other writes: a rule like `at most one` holds on both databases."""

    def at_most_one(place: int) -> bool:
        def work() -> bool:
            if users.find({"tier": shop.Tier("week")})["items"]:
                return False
            users.new({"address": f"aa:{place}", "tier": shop.Tier("week")}, NOW)
            return True

        return shop_database.run(work)

    assert together(shop_database, at_most_one) == {True: 1, False: WRITERS - 1}


def test_no_reference_is_left_to_nothing(users: Any, shop: ModuleType, shop_database: Database) -> None:
    orders = Store.of(shop.ORDER, shop_database)
    for number in range(5):
        user = users.new({"address": f"aa:{number}"}, NOW)

        def work(place: int, user: Any = user, number: int = number) -> str:
            if place:
                users.delete(user.sid)
                return "deleted"
            orders.new({"user_sid": user.sid, "number": number, "tag": "t"}, NOW)
            return "ordered"

        outcomes = together(shop_database, work, writers=2)
        assert outcomes in ({"deleted": 1, UnknownReference: 1}, {"ordered": 1, Referenced: 1})


def test_an_error_rolls_back_and_the_connection_goes_on(users: Any, shop_database: Database) -> None:
    with pytest.raises(ZeroDivisionError), shop_database.transaction():
        users.new({"address": "aa"}, NOW)
        raise ZeroDivisionError
    with shop_database.transaction():
        users.new({"address": "bb"}, NOW)
        with pytest.raises(ZeroDivisionError), shop_database.transaction():
            users.new({"address": "cc"}, NOW)
            raise ZeroDivisionError
    assert [user.address for user in users.list_full()["items"]] == ["bb"]


def test_a_transaction_goes_on_after_an_error_in_one_of_its_own(users: Any, shop_database: Database) -> None:
    with shop_database.transaction():
        users.new({"address": "aa"}, NOW)
        with pytest.raises(Duplicate), shop_database.transaction():
            users.new({"address": "aa"}, NOW)
        users.new({"address": "bb"}, NOW)
    assert [user.address for user in users.list_full()["items"]] == ["aa", "bb"]


def test_run_gives_up_in_the_end(shop_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """After eight tries at least, and while there is time."""
    tries: list[int] = []
    seconds_by_try = SimpleNamespace(sleep=lambda seconds: None, monotonic=lambda: len(tries))
    monkeypatch.setattr("codegen.runtime.storage.database.time", seconds_by_try)
    monkeypatch.setattr("codegen.runtime.storage.database.BUSY_TIMEOUT", 0.0)

    def work() -> None:
        tries.append(1)
        raise Restart

    with pytest.raises(Restart):
        shop_database.run(work)
    assert len(tries) == 8
    tries.clear()
    monkeypatch.setattr("codegen.runtime.storage.database.BUSY_TIMEOUT", 100.0)
    with pytest.raises(Restart):
        shop_database.run(work)
    assert len(tries) == 101


def test_a_row_that_many_write_at_once_takes_all_of_them(users: Any, shop_database: Database) -> None:
    user = users.new({"address": "aa"}, NOW)
    writes = 25
    together(
        shop_database,
        lambda place: (
            [users.patch(user.sid, {"display_name": f"{place} {number}"}) for number in range(writes)] and None
        ),
        writers=4,
    )
    assert users.get(user.sid).rev == 1 + 4 * writes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_its_own_connection(users: Any, shop_database: Database) -> None:
    user = users.new({"address": "aa"}, NOW)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            users.patch(user.sid, {"display_name": "child"})
            shop_database.close()
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert users.get(user.sid).display_name == "child"
    shop_database.ping()
