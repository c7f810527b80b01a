"""Each column of each table about money is changed, each row deleted: the audit finds it, or it is shown only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.stored_type import StoredField, StoredType
from generated import tables
from handlers.audit import findings, u64
from handlers.composition import registered_audits
from tests.server.audited import audit
from tests.server.money_history import History
from tests.server.payment_house import payment_house

Stored = StoredType[Any, Any, Any, Any]

MONEY = {
    "ledger_transaction": "1 = 1",
    "ledger_entry": "1 = 1",
    "credit_lot": "1 = 1",
    "billing": "1 = 1",
    "operator_act": "1 = 1",
    "chain_head": "chain = 'operator_act'",
    "top_up": "settled_at IS NOT NULL",
    "payment_event": "status <> 'ignored' AND kind NOT IN ('session_expired', 'payment_failed', 'dispute_inquiry')"
    " AND (kind <> 'refund_failed' OR provider_event_id LIKE 'check:%')",
    "refund": "settled_at IS NOT NULL AND status = 'succeeded'",
    "dispute": "status <> 'inquiry'",
    "provider_fee": "1 = 1",
    "plan_purchase": "1 = 1",
    "webhook_inbox_entry": "state = 'applied'",
}
"""The tables about money, and which of their rows moved some."""

NOT_MONEY = {
    "user": "who people are; what they have stands in `billing` and the ledger",
    "login_challenge": "logins",
    "session": "logins",
    "login_event": "logins",
    "rate_window": "counts calls",
    "api_key": "logins of operators",
    "ledger_queue": "has no rows",
    "reconciliation": "a report: it moves nothing and can be made again for any day",
    "kyc_session": "no payment depends on how a session went",
    "kyc_event": "no payment depends on how a session went",
    "vm_allocation": "no payment depends on it",
    "pool_vm": "no payment depends on it",
    "waiting_list_entry": "no payment depends on it",
    "node": "nothing writes it yet",
    "price_book": "prices usage, of which this history has none",
    "price": "prices usage, of which this history has none",
    "usage_record": "usage has a history of its own, in test_aggregation.py",
    "daily_usage": "usage has a history of its own, in test_aggregation.py",
    "recorded_day": "counts what programs recorded on a day; what they are charged stands in the ledger",
    "quarantined_line": "usage has a history of its own, in test_aggregation.py",
    "stream_cursor": "usage has a history of its own, in test_aggregation.py",
    "usage_skip": "usage has a history of its own, in test_aggregation.py",
    "consumed_commit": "usage has a history of its own, in test_aggregation.py",
    "operator_alert": "tells operators where to look",
    "notice": "tells users what happened",
    "alert_settings": "what a user wants to be told",
    "lease": "who does which job",
    "job_run": "when a job ran",
    "checkpoint_root": "says again what the ledger says; test_checkpoints.py changes each of its columns",
    "ledger_subtree": "says again what the ledger says; test_checkpoints.py changes each of its columns",
    "audit_run": "what this very audit found",
}
"""Tables that are no part of the history of money, each with the reason."""

_REV = "counts the writes to a row, so that two writers do not overwrite each other"
_NO_NAME = "nothing refers to it"
SHOWN_ONLY = {
    ("provider_fee", "sid"): _NO_NAME,
    ("provider_fee", "found_at"): "when it was learned; the ledger has a time of its own for that",
    ("credit_lot", "rev"): _REV,
    ("billing", "sid"): _NO_NAME,
    ("billing", "rev"): _REV,
    ("billing", "discount_tier"): "charges take the tier of their own time",
    ("billing", "renew"): "what the user wants to happen later",
    ("chain_head", "sid"): _NO_NAME,
    ("chain_head", "rev"): _REV,
    ("top_up", "rev"): _REV,
    ("top_up", "session_ref"): "names the page that the user paid on; the payment is named by `payment_ref`",
    ("top_up", "url"): "the page to pay on, while it is open",
    ("top_up", "phone"): "was handed to the provider with the order",
    ("top_up", "created_at"): "when the user began; what counts is when it was paid",
    ("top_up", "expires_at"): "until when it could be paid",
    ("top_up", "next_check_at"): "when the provider is asked next",
    ("top_up", "checks"): "how often the provider was asked",
    ("top_up", "review_reason"): "words for the operator",
    ("payment_event", "sid"): _NO_NAME,
    ("payment_event", "received_at"): "when it came in; what counts is the provider's time",
    ("refund", "sid"): _NO_NAME,
    ("refund", "rev"): _REV,
    ("refund", "refund_ref"): "the provider's name for it; what was posted follows the provider's total",
    ("refund", "settled_at"): "the provider's time of it; what was posted has its own, and that it is set is found",
    ("refund", "created_at"): "when it was asked for; what counts is when it was in the provider's total",
    ("refund", "next_attempt_at"): "when the provider is asked next",
    ("dispute", "sid"): _NO_NAME,
    ("dispute", "rev"): _REV,
    ("plan_purchase", "plan_id"): "the balance names it while it runs; what was paid is its cost",
    ("plan_purchase", "vm_count"): "the balance shows it while it runs; what was paid is its cost",
    ("plan_purchase", "sku"): "which size of machine was bought; what was paid is its cost",
    ("plan_purchase", "renewed_from"): "empty in this history; a wrong one is found by the tests of plans",
    ("webhook_inbox_entry", "sid"): _NO_NAME,
    ("webhook_inbox_entry", "rev"): _REV,
    ("webhook_inbox_entry", "event_type"): "the provider's word, read when it was applied",
    ("webhook_inbox_entry", "headers"): "as they came in, read when it was applied",
    ("webhook_inbox_entry", "body"): "as it came in, read when it was applied",
    ("webhook_inbox_entry", "attempts"): "how often it was tried",
    ("webhook_inbox_entry", "next_attempt_at"): "when it is tried next",
    ("webhook_inbox_entry", "failure"): "why an attempt failed",
    ("webhook_inbox_entry", "received_at"): "when it came in; what counts is the provider's time",
    ("webhook_inbox_entry", "applied_at"): "when it was read",
}
"""Columns that nothing else in the database proves, each with the reason why no money depends on them."""

_NOTHING_WENT_BACK = """NOT EXISTS (SELECT 1 FROM top_up AS other
    WHERE other.user_sid = top_up.user_sid AND (other.refunded > 0 OR other.status = 'disputed'))"""
ONLY_WHERE = {
    ("top_up", "over_cap"): f"status = 'settled' AND held < amount AND (held > 0 OR {_NOTHING_WENT_BACK})",
    ("payment_event", "external_ref"): "kind = 'payment_succeeded' OR kind LIKE 'dispute%'",
    ("payment_event", "amount_minor"): "kind NOT IN ('dispute_won', 'dispute_lost')",
    ("payment_event", "currency"): "kind NOT IN ('dispute_won', 'dispute_lost')",
}
"""Columns that count in some of these rows: how far a user was beyond the cap shows in what is held, where not all of a
payment is, and where none is and nothing went back; a refund is known by its payment; how a dispute ended does not
change its amount."""

SAMPLE = (
    ("ledger_entry", "amount"),
    ("top_up", "refunded"),
    ("top_up", "settled_at"),
    ("payment_event", "kind"),
    ("refund", "amount"),
    ("dispute", "status"),
    ("webhook_inbox_entry", "provider_event_id"),
    ("operator_act", "after"),
)
"""What is tried on PostgreSQL too."""


MOST = 30
"""Rows of a table that are tried."""


class Undone(Exception):
    """Ends a transaction so that nothing of it stays."""


@dataclass
class Tampering:
    """Changes to `database` behind the program's back, each undone after the audit has seen it."""

    database: Database

    def missed(self, stored: Stored, field: StoredField | None, condition: str) -> list[str]:
        """The rows whose change the audit does not find; without a field they are deleted."""
        table = stored.table._meta.table_name
        text = f'SELECT sid FROM "{table}" WHERE {condition} ORDER BY sid LIMIT {MOST}'  # noqa: S608 - names of the schema
        rows = [sid for (sid,) in self.database.execute(self.database.prepare(text))]
        assert rows, f"no row of {table} where {condition}"
        return [sid for sid in rows if not self._is_found(table, field, sid)]

    def _is_found(self, table: str, field: StoredField | None, sid: str) -> bool:
        found = False
        with pytest.raises(Undone), self.database.transaction():
            if field is None:
                change, values = f'DELETE FROM "{table}" WHERE sid = ?', [sid]  # noqa: S608
            else:
                change = f'UPDATE "{table}" SET "{field.name}" = ? WHERE sid = ?'  # noqa: S608
                values = [self._other(table, field, sid), sid]
            assert self.database.change(self.database.prepare(change), values) == 1
            found = any(findings(self.database, registered_audits()))
            raise Undone
        return found

    def _other(self, table: str, field: StoredField, sid: str) -> Any:
        """A value that the column takes and does not have, as it is stored."""
        text = f'SELECT "{field.name}" FROM "{table}" WHERE sid = ?'  # noqa: S608
        value = self.database.execute(self.database.prepare(text), (sid,))[0][0]
        match field.kind:
            case "money" | "i64" | "i32" | "u32" | "otime":
                return (value or 0) + 1
            case "u64":
                return u64(self.database, int(value or 0) + 10_000)
            case "bool":
                return not value
            case "json":
                return '{"a":1}'
            case "ref":
                taken = f'SELECT "{field.name}" FROM "{table}" WHERE "{field.name}" IS NOT NULL'  # noqa: S608
                text = f'SELECT sid, sid IN ({taken}) FROM "{field.reference}" WHERE sid <> ? ORDER BY 2, 1'  # noqa: S608
                return self.database.execute(self.database.prepare(text), (value or "",))[0][0]
        if isinstance(value, bytes | memoryview):
            return b"other"
        if isinstance(field.type, type) and issubclass(field.type, StrEnum):
            return next(str(each) for each in reversed(field.type) if each != value)
        return _OTHER_TEXT.get(field.name, "other")


_OTHER_TEXT = {"account": "fees", "hash": "f" * 64, "previous_hash": "f" * 64, "currency": "EUR"}


@pytest.fixture
def tampering(database: Database, tmp_path: Path) -> Iterator[Tampering]:
    """Every history of money, and no trigger or key that protects a row."""
    with payment_house(database, tmp_path) as house:
        History(house, tmp_path).everything()
        assert audit(database) == []
        if database.dialect == "sqlite":
            database.execute("PRAGMA foreign_keys = off")
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
                database.execute(f'DROP TRIGGER "{name}"')
        else:
            database.execute("SET session_replication_role = replica")
        yield Tampering(database)


def stored(table: str) -> Stored:
    return next(each for each in tables.STORED if each.table._meta.table_name == table)


def test_every_table_is_decided_about() -> None:
    names = {each.table._meta.table_name for each in tables.STORED}
    assert names == MONEY.keys() | NOT_MONEY.keys()
    assert not MONEY.keys() & NOT_MONEY.keys()
    columns = {(table, field.name) for table in MONEY for field in stored(table).fields}
    assert columns >= SHOWN_ONLY.keys()


def test_each_column_and_row(tampering: Tampering) -> None:
    """PERF: all tables in one test, because every change is undone and the history takes seconds to make."""
    whole = tampering.database.dialect == "sqlite"
    wrong: dict[str, list[str]] = {}
    for table, moved_money in MONEY.items():
        for field in stored(table).fields:
            if not whole and (table, field.name) not in SAMPLE:
                continue
            condition = f"({moved_money}) AND ({ONLY_WHERE.get((table, field.name), '1 = 1')})"
            missed = tampering.missed(stored(table), field, condition)
            if (table, field.name) in SHOWN_ONLY:
                missed = [] if missed else ["found, and said to be shown only"]
            if missed:
                wrong[f"{table}.{field.name}"] = missed
        if missed := tampering.missed(stored(table), None, moved_money):
            wrong[table] = missed
    assert not wrong
