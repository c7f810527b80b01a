"""The dashboard says nothing that is not so: why spending is frozen, and amounts that add up."""

import re
from pathlib import Path

import pytest

from codegen.runtime.values.types import Money
from tests.server.audited import audit
from tests.server.book import Book
from tests.server.test_pages import House, World

DOLLAR = 10**9


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(House(tmp_path))


def figures(page: str) -> dict[str, str]:
    return dict(re.findall(r"</span>(\w+)</dt><dd>([^<]+)</dd>", page))


def test_who_froze_spending(world: World) -> None:
    book = Book(world.database)
    book.adjustments.freeze(book.context, user_sid=world.user.sid, on=True, reason="odd")
    page = world.get("/dashboard").text
    assert "Until an operator unfreezes it" in page
    assert "disputed" not in page
    book.top_up(world.user.sid, "pi_1", DOLLAR)
    book.hold(world.user.sid, "d", DOLLAR // 2)
    assert "A payment of yours is disputed" in world.get("/dashboard").text
    assert audit(world.database) == []


def test_amounts_in_cents_add_up_to_the_balance(world: World) -> None:
    book, user = Book(world.database), world.user.sid
    book.top_up(user, "pi_1", DOLLAR + 6_000_000)
    book.adjustments.grant(book.context, user_sid=user, amount=Money(DOLLAR + 5_000_000), reason="r")
    page = world.get("/dashboard").text
    assert '$2<span class="cents">.01</span>' in page
    assert figures(page) == {"Purchased": "$1.01", "Granted": "$1.00"}
    book.refund(user, "re_1", 2 * DOLLAR)
    page = world.get("/dashboard").text
    assert '$0<span class="cents">.01</span>' in page
    assert figures(page) == {"Purchased": "$0.00", "Granted": "$1.00", "Owed": "$0.99"}
    assert audit(world.database) == []
