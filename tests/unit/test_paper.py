"""Papers as PDF: the same bytes wherever and whenever they are made."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from handlers.pages.paper import Paper, pdf

PAPER = Paper(
    "Statement 2026-11",
    (("Month", "2026-11"), ("Account", "400::1 Zoë €")),
    ("Date", "What", "Why", "Amount"),
    [(f"2026-11-{day:02}", "Top-up", "because " * day, "$1.00") for day in range(1, 29)],
    (22, 40, 78, 30),
    1,
    datetime(2026, 11, 20, 23, 30, tzinfo=UTC),
)


@pytest.fixture
def zones(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The paper as it is made in three time zones of machines."""
    made = []
    for zone in ("UTC", "Pacific/Auckland", "America/Anchorage"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        made.append(pdf(PAPER))
    yield made
    monkeypatch.undo()
    time.tzset()


def test_the_same_bytes_in_every_time_zone(zones: list[bytes]) -> None:
    assert zones[0].startswith(b"%PDF-") and b"(D:20261120233000Z)" in zones[0]
    assert set(zones) == {zones[0]}
