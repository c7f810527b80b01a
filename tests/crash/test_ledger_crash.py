"""Processes that are killed while they post: whole postings stay, no part of one does, and the next process goes on."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from handlers.admin.acts import Acts
from tests.server.audited import audit
from tests.server.book import Book, create_tables

DOLLAR = 10**9
KILLS = int(os.environ.get("HERO_FUZZ_SECONDS", "5")) * 2


def step(book: Book, user: str, number: int) -> None:
    """The postings of one number; each may have been made before, and a grant is one more each time."""
    book.top_up(user, f"pi_{number}", 7 * DOLLAR)
    book.charge(user, f"c{number}", 3 * DOLLAR)
    book.hold(user, f"d{number}", 2 * DOLLAR, book.lot(f"pi_{number}"))
    book.release(user, f"d{number}-won", 2 * DOLLAR, book.lot(f"pi_{number}"))
    book.adjustments.grant(book.context, user_sid=user, amount=Money(DOLLAR), reason="thanks")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_killed_anywhere(database: Database, tmp_path: Path) -> None:
    create_tables(database)
    book = Book(database)
    user = book.user()
    begun = 0
    for _ in range(KILLS):
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                for number in range(max(begun - 1, 0), 10**6):  # the last one may lack some of its postings
                    step(book, user, number)
                    os.write(tell, b".")
            finally:
                os._exit(1)
        os.close(tell)
        assert os.read(told, 1) == b".", "the process failed"
        time.sleep(random.random() * 0.05)
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        steps = 1
        while more := os.read(told, 4096):
            steps += len(more)
        os.close(told)
        assert audit(database) == []
        assert book.lot(f"pi_{max(begun - 1, 0) + steps - 1}"), "what was told to be posted is there"
        begun = max(begun - 1, 0) + steps + 1
    for number in range(begun):
        step(book, user, number)
    grants = len(Acts(database).store.list(1000)["items"])
    assert grants >= begun
    assert book.balance(user) == (4 * begun + grants) * DOLLAR
    assert len(book.ledger.transactions.list(1000)["items"]) == min(4 * begun + grants, 1000)
    assert audit(database) == []
