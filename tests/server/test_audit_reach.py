"""The audit joins payments with postings: a refund, dispute or event that goes, or a top-up that says otherwise."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codegen.runtime.storage.database import Database
from generated.models.onboarding import PaymentEventKind as Kind
from tests.server.audited import audit
from tests.server.payment_house import House, payment_house


class Undone(Exception):
    """Ends a transaction so that nothing of it stays."""


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """A payment that was refunded in part, and one that is disputed; no trigger protects any row."""
    with payment_house(database, tmp_path) as house:
        user = house.user(1)
        for kinds in ((Kind.REFUND_CHANGED,), (Kind.DISPUTE_OPENED,)):
            top_up = house.top_up(user)
            house.receive(house.told(top_up, Kind.PAYMENT_SUCCEEDED))
            house.jobs()
            for kind in kinds:
                house.receive(house.told(top_up, kind, 400))
                house.jobs()
        assert audit(database) == []
        if database.dialect == "sqlite":
            database.execute("PRAGMA foreign_keys = off")
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                database.execute(f'DROP TRIGGER "{name}"')
        else:
            database.execute("SET session_replication_role = replica")
        yield house


CHANGES = (
    "UPDATE top_up SET refunded = 0 WHERE refunded > 0",
    "UPDATE top_up SET refunded = refunded + 10000000 WHERE refunded > 0",
    "UPDATE top_up SET status = 'settled' WHERE status = 'disputed'",
    "UPDATE top_up SET status = 'refunded' WHERE refunded > 0",
    "UPDATE refund SET amount = amount - 10000000",
    "UPDATE refund SET amount = amount + 10000000",
    "UPDATE refund SET status = 'failed'",
    "UPDATE refund SET user_sid = 'somebody'",
    "DELETE FROM refund",
    "UPDATE dispute SET amount = amount + 10000000",
    "UPDATE dispute SET status = 'won'",
    "UPDATE dispute SET status = 'lost'",
    "UPDATE dispute SET dispute_ref = 'other'",
    "UPDATE dispute SET provider = 'stripe'",
    "DELETE FROM dispute",
    "DELETE FROM payment_event WHERE kind = 'payment_succeeded'",
    "DELETE FROM payment_event WHERE kind = 'refund_changed'",
    "DELETE FROM payment_event WHERE kind = 'dispute_opened'",
    "UPDATE payment_event SET user_sid = 'somebody'",
    "UPDATE payment_event SET provider_event_id = provider_event_id || 'x'",
)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_is_found(house: House, change: str) -> None:
    database = house.database
    found = []
    with pytest.raises(Undone), database.transaction():
        assert database.change(database.prepare(change)) >= 1
        found = audit(database)
        raise Undone
    assert found, change
    assert all(finding.subject and finding.detail for finding in found)
