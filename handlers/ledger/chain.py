"""The hashes that chain the ledger and the audit log: anybody can compute them again from what the API answers.

A hash is SHA-256 over canonical JSON (RFC 8785: keys sorted, no white space, UTF-8), written as 64 lower-case hex
digits. The JSON object holds the fields named here with the values that the API shows: money as decimal text in
dollars, times as `2026-05-20T22:03:14Z`, what is absent as null.

- A transaction's hash covers its fields, and as `lot` those fields of the lot it made that never change, or null.
- An entry's hash covers its fields, the hash of the entry before it (`previous_hash`), and as `transaction_hash` the
  hash of its transaction. The first entry follows `GENESIS`.
- An operator's act is chained like an entry.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

GENESIS = "0" * 64
"""What stands before the first link of a chain."""

ENTRY = (
    "account",
    "amount",
    "balance_after",
    "effective_at",
    "position",
    "posted_at",
    "previous_hash",
    "reason",
    "sid",
    "source",
    "transaction_sid",
    "user_sid",
)
TRANSACTION = ("effective_at", "kind", "posted_at", "posting_key", "reason", "sid", "source", "user_sid")
LOT = ("amount", "created_at", "expires_at", "kind", "sid", "source", "transaction_sid", "user_sid")
ACT = (
    "act",
    "arguments",
    "occurred_at",
    "operator",
    "position",
    "previous_hash",
    "reason",
    "request_id",
    "sid",
    "subject",
)

Shown = Mapping[str, Any]
"""An object as the API answers it; times may still be `datetime`."""


def canonical(fields: Shown) -> bytes:
    """The bytes that are hashed. Values are flat, or have their keys sorted already."""
    return to_json(dict(sorted(fields.items())))


def transaction_hash(transaction: Shown, lot: Shown | None) -> str:
    made = {name: lot[name] for name in LOT} if lot is not None else None
    return sha256(canonical({**{name: transaction[name] for name in TRANSACTION}, "lot": made})).hexdigest()


def entry_hash(entry: Shown, transaction_hash: str) -> str:
    fields = {name: entry[name] for name in ENTRY}
    fields["transaction_hash"] = transaction_hash
    return sha256(canonical(fields)).hexdigest()


def act_hash(act: Shown) -> str:
    return sha256(canonical({name: act[name] for name in ACT})).hexdigest()
