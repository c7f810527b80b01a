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


def transaction_hash(transaction: Shown, lot: Shown | None) -> str:
    made = {name: lot[name] for name in LOT} if lot is not None else None
    return digest({**{name: transaction[name] for name in TRANSACTION}, "lot": made})


def entry_hash(entry: Shown, transaction_hash: str) -> str:
    fields = {name: entry[name] for name in ENTRY}
    fields["transaction_hash"] = transaction_hash
    return digest(fields)
