"""Whatever is changed in the database behind the program's back, the audit says so and names the row."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.storage.stored_type import StoredField, StoredType
from codegen.runtime.values.types import Money
from generated.models.onboarding import AuditFinding, TopUpStatus
from generated.tables.onboarding import (
    BILLING,
    CREDIT_LOT,
    LEDGER_ENTRY,
    LEDGER_TRANSACTION,
    OPERATOR_ACT,
    TOP_UP,
    USER,
)
from handlers.admin.audit_runs import report
from handlers.audit import u64
from handlers.composition import registered_audits
from tests.server.audited import audit
from tests.server.book import START, Book, create_tables

DOLLAR = 10**9
NOT_OF_THE_LEDGER = {
    "CreditLot": {"rev"},
    "Billing": {
        "rev",
        "sid",
        "discount_tier",
        "current_plan_id",
        "vm_quota_total",
        "vm_quota_used",
        "vm_quota_period_end",
        "renew",
    },
    "TopUp": {
        "excess",
        "held",
        "rev",
        "sid",
        "session_ref",
        "refunded",
        "url",
        "phone",
        "created_at",
        "expires_at",
        "next_check_at",
        "checks",
        "review_reason",
    },
}
"""Fields that do not follow from postings: nothing is proved of them."""


class Undone(Exception):
    """Ends a transaction so that nothing of it stays."""


@pytest.fixture
def book(database: Database) -> Iterator[Book]:
    """Two users who did everything once, and a third one without a balance; no trigger protects any row."""
    create_tables(database)
    book = Book(database)
    one, other = book.user(), book.user()
    book.top_up(one, "pi_1", 20 * DOLLAR)
    book.later()
    book.charge(one, "a", 3 * DOLLAR)
    book.top_up(other, "pi_2", 7 * DOLLAR)
    book.hold(one, "d1", 5 * DOLLAR, book.lot("pi_1"))
    book.adjustments.grant(
        book.context,
        user_sid=one,
        amount=Money(DOLLAR),
        reason="thanks",
        expires_at=START + timedelta(days=30),
    )
    book.later()
    book.charge(other, "b", 9 * DOLLAR)
    book.adjustments.set_balance(book.context, sid=one, balance_cents=500)
    book.top_up(one, "pi_3", 2 * DOLLAR)
    Store.of(USER, database).new({"mycelium_address": "4ff::1", "public_key": "e" * 64}, START)
    assert audit(database) == []
    if database.dialect == "sqlite":
        database.execute("PRAGMA foreign_keys = off")
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            database.execute(f'DROP TRIGGER "{name}"')
    else:
        database.execute("SET session_replication_role = replica")
    yield book


def found_after(database: Database, statement: str, params: tuple[Any, ...] = ()) -> list[AuditFinding]:
    """What the audit finds after a change, which is then taken back."""
    found: list[AuditFinding] = []
    try:
        with database.transaction():
            assert database.change(database.prepare(statement), params), statement
            found = audit(database)
            raise Undone
    except Undone:
        return found


def other_value(database: Database, field: StoredField, table: str, sid: str) -> Any:
    """A value that the column takes and that is not the one it has, as it is stored."""
    text = f'SELECT "{field.name}" FROM "{table}" WHERE sid = ?'  # noqa: S608
    value = database.execute(database.prepare(text), (sid,))[0][0]
    match field.kind:
        case "money" | "i64" | "otime" if value is not None:
            return value + 1
        case "otime":
            return 1
        case "u64":
            return u64(database, int(value) + 100)
        case "bool":
            return not value
        case "sid":
            return "tampered"
        case "ref":
            without_lot = " AND kind = 'usage'" if field.reference == "ledger_transaction" else ""
            text = f'SELECT sid FROM "{field.reference}" WHERE sid <> ?{without_lot} ORDER BY sid DESC'  # noqa: S608
            return database.execute(database.prepare(text), (value or "",))[0][0]
        case "json":
            return "{}"
        case "enum_closed" | "enum_open":
            others = {
                "kind": ("granted", "purchased") if table == "credit_lot" else ("refund",),
                "status": ("open",),
                "provider": ("clickpesa",),
            }[field.name]
            return next(other for other in others if other != value)
    if field.name == "account":
        return "suspense"
    if field.name in ("hash", "previous_hash"):
        return "f" * 64
    return "payment:stripe:other" if field.name == "source" else "other"


@pytest.mark.parametrize(
    "type", [LEDGER_ENTRY, LEDGER_TRANSACTION, CREDIT_LOT, BILLING, OPERATOR_ACT, TOP_UP], ids=lambda type: type.name
)
def test_any_field_of_any_row(book: Book, type: StoredType[Any, Any, Any, Any]) -> None:
    database, table = book.database, type.table._meta.table_name
    named = ("position", "transaction_sid", "user_sid", "posting_key", "payment_ref")
    names = ("sid", *(name for name in named if name in type.names))
    columns = ", ".join(f'"{name}"' for name in names)
    changes = 0
    for row in database.execute(f'SELECT {columns} FROM "{table}"'):  # noqa: S608
        known = {
            f"position {int(value)}:" if name == "position" else str(value)
            for name, value in zip(names, row, strict=True)
            if value is not None
        }
        for field in type.fields:
            if field.name in NOT_OF_THE_LEDGER.get(type.name, ()):
                continue
            value = other_value(database, field, table, row[0])
            change = f'UPDATE "{table}" SET "{field.name}" = ? WHERE sid = ?'  # noqa: S608
            found = found_after(database, change, (value, row[0]))
            assert found, f"{table}.{field.name} of {row}"
            told = {str(value), *known}
            assert any(name in f"{finding.subject} {finding.detail}" for finding in found for name in told), (
                f"{table}.{field.name} of {row}: {found}"
            )
            changes += 1
    assert changes > 4
    assert audit(database) == []


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_transaction", "credit_lot", "billing", "top_up"])
def test_any_row_that_goes(book: Book, table: str) -> None:
    for (sid,) in book.database.execute(f'SELECT sid FROM "{table}"'):  # noqa: S608
        delete = f'DELETE FROM "{table}" WHERE sid = ?'  # noqa: S608
        assert found_after(book.database, delete, (sid,)), f"{table} {sid}"


def test_acts_that_go_leave_a_gap(book: Book) -> None:
    first, _ = book.database.execute("SELECT sid FROM operator_act ORDER BY position")
    assert "there is a gap" in found_after(book.database, "DELETE FROM operator_act WHERE sid = ?", first)[0].detail


def test_a_payment_that_was_never_credited(book: Book) -> None:
    user = book.user()
    top_up = book.top_ups.new(
        {
            "user_sid": user,
            "provider": "stripe",
            "session_ref": "cs_9",
            "payment_ref": "pi_9",
            "amount": Money(DOLLAR),
            "status": TopUpStatus.SETTLED,
            "settled_at": START,
        },
        START,
    )
    assert [(finding.check, finding.subject) for finding in audit(book.database)] == [("payment", top_up.sid)]


def test_what_an_operator_reads(book: Book) -> None:
    """The command's report: every finding with a row to look at."""
    book.database.execute(
        "UPDATE ledger_entry SET amount = amount + 1, balance_after = balance_after + 1 WHERE account = 'cash:stripe'"
    )
    seen = report(book.database, registered_audits())
    assert seen.entries == book.database.execute("SELECT COUNT(*) FROM ledger_entry")[0][0]
    assert {finding.check for finding in seen.findings} >= {"chain", "sum"}
    assert all(finding.subject and finding.detail for finding in seen.findings)
