"""The limit of what is recorded for a user on a day is exact, however many record at once; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.errors.onboarding import DailyLimit
from generated.tables.onboarding import RECORDED_DAY
from handlers.node.daily_limit import DailyLimits
from tests.server.book import Book, create_tables


def test_many_at_once_come_to_the_limit_and_no_further(database: Database) -> None:
    create_tables(database)
    book = Book(database)
    user, limits = book.user(), DailyLimits(database, book.clock, 60)

    def record(number: int) -> bool:
        try:
            with limits.taken(user, 1, lambda: False) as give_back:
                if number % 10 == 0:
                    give_back()  # it was recorded before
        except DailyLimit:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(record, range(100)))
    while record(1):
        pass  # what was given back last may have been wanted by nobody since
    [day] = Store.of(RECORDED_DAY, database).list_full()["items"]
    assert day.amount_cents == 60 and done.count(False) > 0

    with limits.taken(user, 1, lambda: True):
        pass  # what was recorded before is let through
    book.clock.time += timedelta(days=1)
    with pytest.raises(ZeroDivisionError), limits.taken(user, 60, lambda: False):
        raise ZeroDivisionError
    with limits.taken(user, 60, lambda: False):
        pass
    assert [each.amount_cents for each in Store.of(RECORDED_DAY, database).list_full()["items"]] == [60, 60]
