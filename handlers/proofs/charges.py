"""The proof of a user's charges: their own lines in signed commits, how each was priced, and the ledger's entries.

Rows of JSON that `verify_proof.py` checks offline. First the `proof` itself, the signed `checkpoint` of the ledger,
and an `entry` for each entry of the user up to it, with the path to its root. Then each `price` of the price books, the
`key`s of a node, a `commit` (its raw bytes, which hold the signature), and a `line` for each line that was charged,
with the posting that charged it, which may be that of several lines. At last the `total`, and the `signature` of the
site over all.

Other users' lines may stand in the same files of a node. The `content` of a file, which shows that a line stands in its
commit, is part of the proof where all its lines are the user's, or where whoever asks may see them (`files`).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import pygit2

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import CheckpointRoot, DiscountTier, UsageRecord
from generated.tables.onboarding import USAGE_RECORD
from handlers.checkpoints.inclusion import inclusion
from handlers.checkpoints.ledger_tree import LedgerTree
from handlers.checkpoints.signature import encoded
from handlers.node.signing_key import SigningKey
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.pricing.ladder import percent_of
from handlers.proofs.verify_proof import CHARGES, FORMAT, canonical, signed_bytes
from handlers.usage.batches import batch_lines
from handlers.usage.changes import BATCH, Grown
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes import Nodes

Row = dict[str, Any]

LACKING = "our copy of the repository of {node_id} lacks {commit}; aggregate first"


class CannotProve(Exception):
    """The message says what is missing."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The ledger up to a signed root, and the key of the site."""

    ledger: LedgerTree
    checkpoint: CheckpointRoot
    key: SigningKey


class Proofs:
    """Proofs of what was charged in `database`; commits are read from `mirrors`."""

    def __init__(
        self, database: Database, nodes: Nodes, mirrors: Mirrors, books: PriceBooks, settings: PriceSettings
    ) -> None:
        self._nodes, self._mirrors, self._books, self._settings = nodes, mirrors, books, settings
        self._records = Store.of(USAGE_RECORD, database)
        self._file: tuple[tuple[str, str, str], bytes, list[bytes]] | None = None

    def of(self, user_sid: str, made_at: datetime, signed: Signed, files: bool = False) -> Iterator[Row]:
        """The rows of the file, up to the checkpoint. Call it in a transaction. Raises `CannotProve`, `Incomplete`."""
        digest = sha256()
        for row in self._rows(user_sid, made_at, signed, files):
            digest.update(canonical(row) + b"\n")
            yield row
        signature = signed.key.sign_bare(signed_bytes(digest.hexdigest()))
        yield {
            "kind": "signature",
            "public_key": encoded(signed.key.public_bytes),
            "signature": encoded(signature),
        }

    def _rows(self, user_sid: str, made_at: datetime, signed: Signed, files: bool) -> Iterator[Row]:
        percents = {tier.value: percent_of(tier, self._settings.ladder) for tier in DiscountTier}
        yield {
            "kind": "proof",
            "format": FORMAT,
            "user_sid": user_sid,
            "made_at": _time(made_at),
            "percent_of_tier": percents,
        }
        entries, posted = 0, set[str]()
        end = int(signed.checkpoint.last_position)
        own = (position for position in signed.ledger.leaves.of_user(user_sid) if position <= end)
        for row in inclusion(signed.ledger, signed.checkpoint, own):
            if row["kind"] == "entry":
                entries += 1
                if row["transaction"]["kind"] in CHARGES:
                    posted.add(row["transaction"]["posting_key"])
            yield row
        yield from self._prices()
        lines = charge = 0
        for row in self._lines(user_sid, posted, files):
            if row["kind"] == "line":
                lines, charge = lines + 1, charge + int(row["charge"])
            yield row
        yield {"kind": "total", "lines": lines, "charge": str(charge), "entries": entries}

    def _lines(self, user_sid: str, posted: set[str], files: bool) -> Iterator[Row]:
        """Lines with what they need before them; those that were posted after the checkpoint are left out."""
        nodes, commits, shown = set[str](), set[tuple[str, str]](), set[tuple[str, str, str]]()
        for record in self._read(user_sid):
            posting = _posting(record, posted)
            if posting is None and record.charge:
                continue
            if record.node_id not in nodes:
                nodes.add(record.node_id)
                yield from self._keys(record.node_id)
            if (record.node_id, record.commit) not in commits:
                commits.add((record.node_id, record.commit))
                yield self._commit(record.node_id, record.commit)
            data, place = self._data(record), (record.node_id, record.commit, record.path)
            if place not in shown and not record.path.endswith(BATCH) and (files or self._is_all_of(user_sid)):
                yield self._content(place)
            shown.add(place)
            yield _line(record, data, posting)

    def _read(self, user_sid: str) -> Iterator[UsageRecord]:
        cursor: str | None = None
        while True:
            page = self._records.find({"user_sid": user_sid}, 1000, cursor)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _prices(self) -> Iterator[Row]:
        for book in self._books.every():
            for rate in book.rates:
                yield {
                    "kind": "price",
                    "price_sid": rate.sid,
                    "effective_from": _time(book.effective_from),
                    "category": rate.category.value,
                    "resource_kind": rate.kind,
                    "model": rate.model,
                    "unit": rate.unit.value,
                    "unit_price": str(rate.unit_price),
                    "margin_bp": rate.margin_bp,
                    "discountable": rate.discountable,
                }

    def _keys(self, node_id: str) -> Iterator[Row]:
        node = self._nodes.get(node_id)
        for key in node.keys if node is not None else ():
            yield {
                "kind": "key",
                "node_id": node_id,
                "public_key": key.public_key,
                "valid_from": _time(key.valid_from),
                "valid_until": None if key.valid_until is None else _time(key.valid_until),
            }

    # --- repositories -----------------------------------------------------------------------------------------

    def _commit(self, node_id: str, commit: str) -> Row:
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
                self._file = place, blob.data, whole or blob.data.split(b"\n")
            except (pygit2.GitError, KeyError):
                raise CannotProve(LACKING.format(commit=record.commit, node_id=record.node_id)) from None
        return self._file[2][record.line - 1]

    def _is_all_of(self, user_sid: str) -> bool:
        """Whether all lines of the file at hand are this user's; one that cannot be read is nobody's."""
        assert self._file is not None, "its line was read"
        try:
            return all(json.loads(line)["user_sid"] == user_sid for line in self._file[2] if line)
        except (ValueError, TypeError, KeyError, RecursionError):
            return False

    def _content(self, place: tuple[str, str, str]) -> Row:
        node_id, commit, path = place
        assert self._file is not None, "its line was read"
        repository, trees = self._mirrors.open(node_id), list[str]()
        tree: Any = repository[commit].peel(pygit2.Tree)
        for part in path.split("/"):
            trees.append(b64encode(tree.read_raw()).decode())
            tree = tree[part]
        blob = b64encode(self._file[1]).decode()
        return {"kind": "content", "node_id": node_id, "commit": commit, "path": path, "trees": trees, "blob": blob}


def _posting(record: UsageRecord, posted: set[str]) -> str | None:
    """The posting of a line: its own where it was set aside before, or that of its commit and category."""
    commit = f"usage:{record.node_id}@{record.commit}"
    kind = "usage" if record.void is None else "usage_void"
    end = f"{record.user_sid}:{record.category.value}:{kind}"
    keys = (f"{commit}:{record.path}:{record.line}:{end}", f"{commit}:{end}")
    return next((key for key in keys if key in posted), None)


def _line(record: UsageRecord, data: bytes, posting: str | None) -> Row:
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
        "price_sid": record.price_sid,
        "margin_bp": record.margin_bp,
        "tier": record.tier.value,
        "discount_base": record.discount_base.value,
        "list_charge": str(int(record.list_charge)),
        "charge": str(int(record.charge)),
        "rest": format(record.rounding_rest, "f"),
        "posting": posting,
    }


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
