"""What the audit proves, as records: a table is read from end to end by its key, in batches, and its rows are judged.

Each batch is read in one consistent state. Between batches postings go on, and the audit may be cut off: `Place` says
in JSON where it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from codegen.runtime.storage.codecs import row_codecs
from codegen.runtime.storage.database import Database, Row
from generated.models.onboarding import AuditFinding

BATCH = 500

Carry = dict[str, Any]
"""What one batch of a check hands to the next; JSON values."""
Judge = Callable[[Database, Sequence[Row], Carry], Iterable[AuditFinding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One check.

    `statement` reads the rows behind a key, at most so many, in the order of the key: it takes the key's columns and
    the limit. `key` are the places of these columns in a row; `first` stands before every key. `judge` gives what is
    wrong in a batch, `finish` what only the end of the table shows. `counts_entries`: a report counts its rows.
    """

    name: str
    statement: str
    judge: Judge
    key: tuple[int, ...] = (0,)
    first: tuple[str, ...] = ("",)
    finish: Callable[[Database, Carry], Iterable[AuditFinding]] | None = None
    counts_entries: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a check goes on: behind the row with this key, with what the rows before it left."""

    after: tuple[str, ...]
    carry: Carry = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of one batch; `place` is None where the check is done."""

    rows: int
    findings: list[AuditFinding]
    place: Place | None


def start(audit: Audit) -> Place:
    """The place before the first row."""
    return Place(audit.first)


def batch(database: Database, audit: Audit, place: Place) -> Batch:
    """Judge the next rows, in one consistent state."""
    with database.transaction(write=False):
        rows = database.execute(database.prepare(audit.statement), (*place.after, BATCH))
        carry = dict(place.carry)
        findings = list(audit.judge(database, rows, carry))
        if len(rows) == BATCH:
            # As text, which both databases compare with a column of the key's type.
            after = tuple(str(rows[-1][column]) for column in audit.key)
            return Batch(len(rows), findings, Place(after, carry))
        if audit.finish is not None:
            findings += audit.finish(database, carry)
        return Batch(len(rows), findings, None)


def findings(database: Database, audits: Iterable[Audit]) -> Iterator[AuditFinding]:
    """All that is wrong, as it is found, in flat memory."""
    for audit in audits:
        place: Place | None = start(audit)
        while place is not None:
            done = batch(database, audit, place)
            yield from done.findings
            place = done.place


def u64(database: Database, value: int) -> Any:
    """A whole number as it is kept."""
    return row_codecs(database.dialect)["u64"](value)
