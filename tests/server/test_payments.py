"""Money in, from the form to the ledger, against the sandbox: twice, never, late, out of order, forged, refunded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from generated.models.onboarding import TopUpStatus
from tests.server.payment_world import World, world


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, database_url) as found:
        yield found
        found.audit()


def test_paid(site: World) -> None:
    user = site.user()
    started = site.start(user)
    assert started.status == TopUpStatus.OPEN and site.balance(user) == 0
    answer = site.pay(started)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{site.site_url}/payment/return?top_up={started.top_up_sid}&session_id=cs_test_")
    site.settle()
    assert site.balance(user) == 10
    assert site.status(started) == TopUpStatus.SETTLED
