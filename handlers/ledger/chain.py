"""The hashes that chain the ledger: anybody can compute them again from what the API answers, as `hash_chain.py` says.

- A transaction's hash covers its fields, and as `lot` those fields of the lot it made that never change, or null.
- An entry's hash covers its fields, the hash of the entry before it (`previous_hash`), and as `transaction_hash` the
  hash of its transaction. The first entry follows `GENESIS`.
"""

from handlers.hash_chain import Shown, digest

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


def transaction_fields(transaction: Shown, lot: Shown | None) -> Shown:
    """What the hash of a transaction covers."""
    made = {name: lot[name] for name in LOT} if lot is not None else None
    return {**{name: transaction[name] for name in TRANSACTION}, "lot": made}


def entry_fields(entry: Shown, transaction_hash: str) -> Shown:
    """What the hash of an entry covers."""
    return {**{name: entry[name] for name in ENTRY}, "transaction_hash": transaction_hash}


def transaction_hash(transaction: Shown, lot: Shown | None) -> str:
    return digest(transaction_fields(transaction, lot))


def entry_hash(entry: Shown, transaction_hash: str) -> str:
    return digest(entry_fields(entry, transaction_hash))
