"""The proof of a user's charges: their own lines, how each was priced, and the signed commits in which they stand.

A file of JSON lines that `verify_proof.py` checks offline. First `{"kind": "proof", …}`, then a `key` for each key of
a node, a `commit` (its raw bytes, which hold the signature), a `line` for each line that was charged, and at last
`total`. Other users' lines stand in the same files of a node, so the files themselves are not part of it: who may read
the repository finds each line at its place, and compares its SHA-256.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pygit2

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import DiscountTier, UsageRecord
from generated.tables.onboarding import USAGE_RECORD
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.pricing.ladder import percent_of
from handlers.usage.batches import batch_lines
from handlers.usage.changes import BATCH, Grown
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes import Nodes

FORMAT = 1
LACKING = "our copy of the repository of {node_id} lacks {commit}; aggregate first"


class CannotProve(Exception):
    """The message says what is missing."""


class Proofs:
    """Proofs of what was charged in `database`; commits are read from `mirrors`."""

    def __init__(
        self, database: Database, nodes: Nodes, mirrors: Mirrors, books: PriceBooks, settings: PriceSettings
    ) -> None:
        self._nodes, self._mirrors, self._books, self._settings = nodes, mirrors, books, settings
        self._records = Store.of(USAGE_RECORD, database)
        self._file: tuple[tuple[str, str, str], list[bytes]] | None = None

    def of(self, user_sid: str, made_at: datetime) -> Iterator[dict[str, Any]]:
        """The lines of the file. Raises `CannotProve`."""
        percents = {tier.value: percent_of(tier, self._settings.ladder) for tier in DiscountTier}
        yield {
            "kind": "proof",
            "format": FORMAT,
            "user_sid": user_sid,
            "made_at": _time(made_at),
            "percent_of_tier": percents,
        }
        rates = {rate.sid: (rate, book.effective_from) for book in self._books.every() for rate in book.rates}
        commits, count, charge = set[tuple[str, str]](), 0, 0
        for record in self._read(user_sid):
            if not any(node == record.node_id for node, _ in commits):
                yield from self._keys(record.node_id)
            if (record.node_id, record.commit) not in commits:
                commits.add((record.node_id, record.commit))
                yield self._commit(record.node_id, record.commit)
            rate, effective_from = rates.get(record.price_sid or "", (None, None))
            shown = None
            if rate is not None and effective_from is not None:
                shown = {
                    "effective_from": _time(effective_from),
                    "unit": rate.unit.value,
                    "unit_price": str(rate.unit_price),
                    "discountable": rate.discountable,
                }
            count, charge = count + 1, charge + int(record.charge)
            yield _line(record, self._data(record), shown)
        yield {"kind": "total", "lines": count, "charge": str(charge)}

    def _read(self, user_sid: str) -> Iterator[UsageRecord]:
        cursor: str | None = None
        while True:
            page = self._records.find({"user_sid": user_sid}, 1000, cursor)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _keys(self, node_id: str) -> Iterator[dict[str, Any]]:
        node = self._nodes.get(node_id)
        for key in node.keys if node is not None else ():
            yield {
                "kind": "key",
                "node_id": node_id,
                "public_key": key.public_key,
                "valid_from": _time(key.valid_from),
                "valid_until": None if key.valid_until is None else _time(key.valid_until),
            }

    def _commit(self, node_id: str, commit: str) -> dict[str, Any]:
        try:
            raw = self._mirrors.open(node_id)[commit].read_raw()
        except (pygit2.GitError, KeyError):
            raise CannotProve(LACKING.format(commit=commit, node_id=node_id)) from None
        return {"kind": "commit", "node_id": node_id, "commit": commit, "raw": b64encode(raw).decode()}

    def _data(self, record: UsageRecord) -> bytes:
        """The line as it stands in the repository."""
        place = (record.node_id, record.commit, record.path)
        if self._file is None or self._file[0] != place:  # lines of a file follow each other
            try:
                tree = self._mirrors.open(record.node_id)[record.commit].peel(pygit2.Tree)
                blob = tree[record.path].peel(pygit2.Blob)
                batch = record.path.endswith(BATCH)
                whole = [each.data for each in batch_lines(Grown(record.path, blob, 0, 1))] if batch else None
                self._file = place, whole or blob.data.split(b"\n")
            except (pygit2.GitError, KeyError):
                raise CannotProve(LACKING.format(commit=record.commit, node_id=record.node_id)) from None
        return self._file[1][record.line - 1]


def _line(record: UsageRecord, data: bytes, price: dict[str, Any] | None) -> dict[str, Any]:
    """Amounts in nano-dollars, as text."""
    return {
        "kind": "line",
        "node_id": record.node_id,
        "commit": record.commit,
        "path": record.path,
        "line": record.line,
        "data": data.decode(),
        "sha256": record.line_hash,
        "category": record.category.value,
        "price": price,
        "margin_bp": record.margin_bp,
        "tier": record.tier.value,
        "discount_base": record.discount_base.value,
        "list_charge": str(int(record.list_charge)),
        "charge": str(int(record.charge)),
        "rest": format(record.rounding_rest, "f"),
    }


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
