"""The product's own migrations about money: real rows go forward and back unchanged, and nothing is lost unasked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from peewee import Table

import generated.tables
from codegen.runtime.errors import InvalidParams
from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Refused
from codegen.runtime.storage.store import Store
from codegen.runtime.testing.roundtrip import AnyStored
from codegen.runtime.values.sid import new_sid
from generated.conformance.test_roundtrip import STRATEGIES
from handlers.audit import u64
from handlers.version import DIRECTORY
from tests.server.migration_project import catalogue

AT = 1_790_000_000
USER, TOP_UP, TOKEN = "01M8USER", "01M8TOPUP", "01M8TOKEN"
BEFORE_ASKING = 3
"""The version before payments were found by asking."""
BEFORE_FEES = 15
"""The version before fees were kept beside the ledger."""
BEFORE_CHECKS = 17
"""The version before the checks of nearly all tables were written anew."""
ADDED_LATER = {"node": ("balances_updated", "halts"), "plan_purchase": ("paid_at",)}
"""Columns that migrations behind it added; rows have there what those fill in."""
BEFORE_PAID_AT = 20
"""The version before purchases kept when they were paid."""
MADE_LATER = ("recorded_day",)
"""Tables that migrations behind it made, which do not go back with rows in them."""
STORED: dict[str, AnyStored] = {
    each.table._meta.table_name: replace(each, computed=(), _compute=[]) for each in generated.tables.STORED
}
"""What is stored of each type, by its table."""

Rows = dict[str, list[dict[str, Any]]]

OLD: Rows = {
    "user": [
        {
            "sid": USER,
            "mycelium_address": "400::1",
            "public_key": "1" * 64,
            "kyc_status": "pending",
            "created_at": AT,
            "last_active": AT,
            "rev": 1,
        }
    ],
    "ledger_transaction": [
        {
            "sid": "01M8TRANSACT",
            "kind": "top_up",
            "user_sid": USER,
            "posting_key": "payment:stripe:pi_1",
            "source": "payment:stripe:pi_1",
            "reason": "Top-up",
            "effective_at": AT,
            "posted_at": AT,
            "hash": "a" * 64,
        }
    ],
    "top_up": [
        {
            "sid": TOP_UP,
            "user_sid": USER,
            "provider": "stripe",
            "session_ref": "cs_1",
            "payment_ref": "pi_1",
            "amount": 10 * 10**9,
            "refunded": 3 * 10**9,
            "status": "settled",
            "created_at": AT,
            "settled_at": AT,
            "checks": 2,
            "rev": 4,
        }
    ],
    "payment_event": [
        {
            "sid": "01M8EVENT",
            "provider": "stripe",
            "provider_event_id": "evt_1",
            "external_ref": "pi_1",
            "user_sid": USER,
            "top_up_sid": TOP_UP,
            "amount_minor": 1000,
            "currency": "USD",
            "kind": "payment_succeeded",
            "status": "applied",
            "occurred_at": AT,
            "received_at": AT,
        }
    ],
    "refund": [
        {
            "sid": "01M8REFUND",
            "top_up_sid": TOP_UP,
            "user_sid": USER,
            "provider": "stripe",
            "refund_ref": "re_1",
            "amount": 3 * 10**9,
            "status": "succeeded",
            "started_by": "provider",
            "reason": "asked for",
            "created_at": AT,
            "settled_at": AT,
            "rev": 1,
        }
    ],
    "dispute": [
        {
            "sid": "01M8DISPUTE",
            "top_up_sid": TOP_UP,
            "user_sid": USER,
            "provider": "stripe",
            "dispute_ref": "du_1",
            "amount": 10**9,
            "status": "won",
            "opened_at": AT,
            "closed_at": AT,
            "rev": 2,
        }
    ],
    "reconciliation": [
        {
            "sid": "01M8RECON",
            "provider": "stripe",
            "day": "2026-09-21",
            "ours": 10**9,
            "theirs": 2 * 10**9,
            "difference": -(10**9),
            "items": json.dumps([{"payment_ref": "pi_9", "theirs": "1.00", "note": "unknown here"}]),
            "checked_at": AT,
            "rev": 1,
        }
    ],
    "operator_alert": [
        {
            "sid": "01M8ALERT",
            "kind": "payment_review",
            "subject": TOP_UP,
            "detail": "odd",
            "raised_at": AT,
            "count": 1,
            "rev": 1,
        }
    ],
    "notice": [
        {
            "sid": "01M8NOTICE",
            "user_sid": USER,
            "kind": "payment_settled",
            "occasion": f"payment_settled:{TOP_UP}",
            "text": "Your payment has arrived.",
            "created_at": AT,
            "rev": 1,
        }
    ],
    "form_token": [
        {
            "sid": TOKEN,
            "user_sid": USER,
            "purpose": "top_up",
            "token_hash": "b" * 64,
            "outcome_sid": TOP_UP,
            "created_at": AT,
            "rev": 1,
        }
    ],
}


def table_of(database: Database, name: str) -> Any:
    columns = tuple(column.name for column in database.peewee.get_columns(name))
    return Table(name, columns, primary_key="sid").bind(database.peewee)


def read(database: Database, name: str) -> list[dict[str, Any]]:
    """The rows of a table; what is null is left out."""
    table = table_of(database, name)
    found = table.select().order_by(table.sid).dicts()
    return [{column: value for column, value in row.items() if value is not None} for row in found]


@pytest.fixture
def old(database: Database) -> Database:
    """A database of the version before payments were found by asking, with rows."""
    migrations.apply(database, DIRECTORY, BEFORE_ASKING)
    for table, rows in OLD.items():
        for row in rows:
            table_of(database, table).insert(row).execute()
    return database


def everything(database: Database) -> Rows:
    return {table: read(database, table) for table in OLD if database.peewee.table_exists(table)}


def test_rows_go_forward_and_back(old: Database) -> None:
    before = everything(old)
    migrations.apply(old, DIRECTORY)
    after = everything(old)
    assert "form_token" not in after, "the runtime keeps keys now"
    for table, rows in after.items():
        for row, was in zip(rows, before[table], strict=True):
            kept = {name: value for name, value in row.items() if name in was and name != "items"}
            assert kept == {name: value for name, value in was.items() if name != "items"}, table
    (top_up,) = after["top_up"]
    assert (top_up["excess"], top_up["held"], top_up["over_cap"]) == (0, 0, 0)
    (day,) = after["reconciliation"]
    assert json.loads(day["items"])[0]["kind"] == "payment"
    assert (day["found"], day["fees"]) == (0, 0)
    migrations.apply(old, DIRECTORY, BEFORE_ASKING)
    back = everything(old)
    assert back.pop("form_token") == []
    before.pop("form_token")
    for found in (before, back):
        (day,) = found["reconciliation"]
        day["items"] = [
            {name: value for name, value in item.items() if value is not None} for item in json.loads(day["items"])
        ]
    assert back == before


NEW = {
    "top_up.over_cap": "UPDATE top_up SET over_cap = 1",
    "top_up.held": "UPDATE top_up SET held = 1",
    "top_up.excess": "UPDATE top_up SET excess = 1",
    "refund.next_attempt_at": "UPDATE refund SET next_attempt_at = 1",
    "reconciliation.fees": "UPDATE reconciliation SET fees = 1",
    "dispute: status": "UPDATE dispute SET status = 'inquiry'",
    "operator_alert: kind": "UPDATE operator_alert SET kind = 'payment_unknown'",
    "notice: kind": "UPDATE notice SET kind = 'payment_held'",
}
"""What older versions have no place for."""


@pytest.mark.parametrize("what", sorted(NEW))
def test_the_way_back_loses_nothing_unasked(old: Database, what: str) -> None:
    migrations.apply(old, DIRECTORY)
    old.execute(NEW[what])
    after = everything(old)
    with pytest.raises(migrations.MigrationError, match=what):
        migrations.apply(old, DIRECTORY, BEFORE_ASKING)
    migrations.apply(old, DIRECTORY)
    assert everything(old) == after


def test_fees_that_were_posted_before_are_kept_as_they_are_posted(old: Database) -> None:
    """A fee of a payment, and one of the account, whose names hold colons."""
    migrations.apply(old, DIRECTORY, BEFORE_FEES)
    for place, (key, source, user) in enumerate(
        (
            ("fee:stripe:txn:1", "payment:stripe:pi_1", USER),
            ("fee:click-pesa:txn_2", "payment:click-pesa:txn_2", None),
        ),
        1,
    ):
        sid = f"01M8FEE{place}"
        transaction = {
            "sid": sid,
            "kind": "provider_fee",
            "user_sid": user,
            "posting_key": key,
            "source": source,
            "reason": "Fee",
            "effective_at": AT,
            "posted_at": AT + 60,
            "hash": "c" * 64,
        }
        table_of(old, "ledger_transaction").insert(transaction).execute()
        for number, (account, amount) in enumerate((("fees", 5 * place), ("cash:stripe", -5 * place))):
            entry = {
                "sid": f"{sid}{number}",
                "position": u64(old, 2 * place + number),
                "transaction_sid": sid,
                "account": account,
                "amount": amount,
                "balance_after": amount,
                "effective_at": AT,
                "posted_at": AT + 60,
                "reason": "Fee",
                "source": source,
                "previous_hash": "d" * 64,
                "hash": "e" * 64,
            }
            table_of(old, "ledger_entry").insert(entry).execute()
    migrations.apply(old, DIRECTORY)
    told = {"occurred_at": AT, "found_at": AT + 60}
    assert read(old, "provider_fee") == [
        {
            "sid": "01M8FEE1",
            "provider": "stripe",
            "change_ref": "txn:1",
            "payment_ref": "pi_1",
            "user_sid": USER,
            "amount": 5,
            **told,
        },
        {"sid": "01M8FEE2", "provider": "click-pesa", "change_ref": "txn_2", "amount": 10, **told},
    ]


def test_plans_of_before_were_paid_when_the_ledger_says(old: Database) -> None:
    """One is renewed late; of one nothing was posted."""
    migrations.apply(old, DIRECTORY, BEFORE_PAID_AT)
    plan = {"user_sid": USER, "plan_id": "vm5", "cost": 10**10, "vm_count": 5, "days": 30, "sku": "hero-os-2gb"}
    for place, before in enumerate((None, "01M8PLAN0", None)):
        period = {"period_start": AT + place, "period_end": AT + place + 30 * 86_400, "renewed_from": before}
        table_of(old, "plan_purchase").insert({"sid": f"01M8PLAN{place}", **plan, **period}).execute()
    for place in range(2):
        posted = {"posting_key": f"plan:01M8PLAN{place}", "source": f"plan:01M8PLAN{place}", "reason": "Plan"}
        times = {"effective_at": AT + 100 * place, "posted_at": AT + 100 * place + 1}
        transaction = {"sid": f"01M8PAID{place}", "kind": "plan", "user_sid": USER, **posted, **times, "hash": "c" * 64}
        table_of(old, "ledger_transaction").insert(transaction).execute()
    migrations.apply(old, DIRECTORY)
    assert [each["paid_at"] for each in read(old, "plan_purchase")] == [AT, AT + 100, AT + 2]
    with pytest.raises(Refused, match="append-only"), old.transaction():
        old.execute("UPDATE plan_purchase SET paid_at = 1")
    migrations.apply(old, DIRECTORY, BEFORE_PAID_AT)
    migrations.apply(old, DIRECTORY)
    assert [each["paid_at"] for each in read(old, "plan_purchase")] == [AT, AT + 100, AT + 2]


def test_a_migrated_database_is_as_a_fresh_one(databases: Callable[[], Database]) -> None:
    """Tables, checks, indexes and triggers; also where it went back in between, and is then as it was."""
    made, migrated, older = databases(), databases(), databases()
    made.execute_script((Path(generated.tables.__file__).parent / f"{made.dialect}.sql").read_text())
    migrations.apply(older, DIRECTORY, BEFORE_FEES)
    before = catalogue(older)
    for _ in range(2):
        migrations.apply(migrated, DIRECTORY)
        assert catalogue(migrated) == catalogue(made)
        migrations.apply(migrated, DIRECTORY, BEFORE_FEES)
        assert catalogue(migrated) == before


def drawn(name: str) -> list[Any]:
    """Some objects of a table's type."""
    found = list[Any]()

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(STRATEGIES[STORED[name].qname]())
    def draw(made: Any) -> None:
        found.append(made)

    draw()
    return found


def keep(database: Database, name: str, kept: dict[str, str]) -> None:
    """A row of a table, and first one of each that it cannot do without. What no database keeps is drawn again."""
    if name in kept:
        return
    stored = STORED[name]
    for field in stored.fields:
        if field.reference is not None and not field.nullable:
            keep(database, field.reference, kept)
    references = {field.name: kept.get(field.reference) for field in stored.fields if field.reference is not None}
    for made in drawn(name):
        values = {**stored.values_of(made), **references, "sid": new_sid()} | ({} if stored.append_only else {"rev": 1})
        if name == "plan_purchase":  # of one that the ledger does not know, a migration can say nothing else
            values["paid_at"] = values["period_start"]
        try:
            with database.transaction():
                Store.of(stored, database).insert(values)
        except (InvalidParams, Refused):
            continue
        kept[name] = values["sid"]
        return


def test_rows_of_every_table_outlive_that_its_checks_are_written_anew(database: Database) -> None:
    migrations.apply(database, DIRECTORY)
    kept, names = dict[str, str](), [name for name in STORED if name not in MADE_LATER]
    for name in names:
        keep(database, name, kept)
    before = {name: read(database, name) for name in names}
    assert [name for name, rows in before.items() if not rows] == []
    migrations.apply(database, DIRECTORY, BEFORE_CHECKS)
    older = {
        name: [{column: row[column] for column in row if column not in ADDED_LATER.get(name, ())} for row in rows]
        for name, rows in before.items()
    }
    assert {name: read(database, name) for name in names} == older
    migrations.apply(database, DIRECTORY)
    assert {name: read(database, name) for name in names} == before
    if database.dialect == "sqlite":
        assert database.execute("PRAGMA foreign_key_check") == []
    for name in names:
        stored = STORED[name]
        if stored.append_only:
            with pytest.raises(Refused), database.transaction():
                database.execute(f"UPDATE {name} SET sid = sid")  # noqa: S608
            with pytest.raises(Refused), database.transaction():
                database.execute(f"DELETE FROM {name}")  # noqa: S608
