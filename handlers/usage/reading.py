"""Read the lines of one commit: each is consumed, known already, set aside, or stops the commit.

Inside the transaction of the commit. What is read is written in chunks, so that memory does not grow with a commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import HaltReason, QuarantineReason
from generated.tables.onboarding import QUARANTINED_LINE, QuarantinedLineNew
from handlers.pricing.charge import NANO, CannotBePriced, Usage, differs
from handlers.usage import statements
from handlers.usage.added_lines import Line
from handlers.usage.changes import BATCH
from handlers.usage.charged_line import ChargedLine, charged, taking_back
from handlers.usage.halt import WOULD_BE_ASIDE, Halt
from handlers.usage.line_rules import MOST_ACCEPTED, MOST_BACK, MOST_CHARGE, Allowed, Aside, set_aside
from handlers.usage.payers import Payers
from handlers.usage.rates import Rates
from handlers.usage.records import TOGETHER, KeyTaken, Records
from handlers.usage.skips import SkippedLine
from handlers.usage.streams import Stream, Streams
from handlers.usage.sums import Sum, Sums
from handlers.usage.terms import Alike, Terms, alike, terms_of
from handlers.usage_format.line import decode, line_hash
from handlers.usage_format.record import Finding, LoggedUsage

CHUNK = 1000
"""Lines between which it is looked at how much is kept."""
MOST_KEPT = 20_000
"""Sums, streams, users and machines that are kept while a commit is read; a hostile one has another in each line."""
_CONFLICT = HaltReason.CONTENT_CONFLICT
_KEY_TAKEN = "its idempotency key or its number is that of another record"
MOST_ASIDE = 10_000
"""Lines of a node that may wait for an operator. A hostile one could fill the disk with them; of an honest one so many
have one cause, which is to be mended rather than decided about line by line."""


@dataclass(frozen=True, slots=True)
class NodeRules:
    """What is known of a node when a commit of it is read. `skipped` are the lines of this commit behind which an
    operator goes on, `ever_skipped` says whether there were such decisions before."""

    node_id: str
    allowed: Allowed
    skipped: Collection[SkippedLine] = ()
    ever_skipped: bool = False

    def skips(self, line: Line) -> bool:
        """Whether an operator decided to go on behind this line."""
        return not {SkippedLine(line.path, line.number), SkippedLine(None, line.number)}.isdisjoint(self.skipped)


@dataclass(slots=True)
class Counts:
    """What became of the lines."""

    records: int = 0
    duplicates: int = 0
    quarantined: int = 0
    asides: list[QuarantinedLineNew] = field(default_factory=list)


class Reading:
    """One commit while it is read. `now` is when: times are judged by it."""

    def __init__(self, database: Database, rules: NodeRules, commit: str, rates: Rates, now: datetime) -> None:
        self._database, self._rules, self._commit, self._rates, self._now = database, rules, commit, rates, now
        self.streams = Streams(database, rules.node_id, rules.ever_skipped)
        self.sums = Sums(rules.node_id, commit)
        self.counts = Counts()
        self._records = Records(database, rules.node_id, now)
        self._payers = Payers(database, self.flush)
        self._quarantine = Store.of(QUARANTINED_LINE, database)
        self._terms: dict[Alike, Terms] = {}
        self._met: dict[str, str] = {}
        self._aside_before: int | None = None

    def read(self, lines: Iterable[Line]) -> None:
        """Read all lines. Raises `Halt`."""
        rest = iter(lines)
        try:
            while chunk := list(islice(rest, CHUNK)):
                # PERF: a step for all lines, then the next step, takes a quarter less than all steps line by line: the
                # processor keeps the little that one step needs close by.
                records = [decode(line.data) for line in chunk]
                digests = [line_hash(line.data) for line in chunk]
                for line, record, digest in zip(chunk, records, digests, strict=True):
                    self._read(line, record, digest)
                if len(self.sums) + len(self.streams) + len(self._payers) + len(self._met) > MOST_KEPT:
                    self._let_go()
            self.flush()
        finally:
            self._records.close()

    def _let_go(self) -> None:
        """Write down what would grow with the commit, and forget it. Between two lines: nothing of it is in use."""
        self.flush()
        self.sums.spill(self._database, self._now)
        self.streams.spill(self._now)
        self._payers.forget()
        self._terms.clear()
        self._met.clear()

    def flush(self) -> None:
        """Write what was read."""
        self._write(self._records.write)
        if self.counts.asides:
            self._quarantine.insert_many(self.counts.asides, self._now)
            self.counts.asides.clear()

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except KeyTaken as taken:
            raise Halt(_CONFLICT, _KEY_TAKEN, commit=self._commit, path=taken.path, line=taken.line) from None

    # --- one line ---------------------------------------------------------------------------------------------

    def _read(self, line: Line, record: LoggedUsage | Finding, digest: str) -> None:
        if isinstance(record, Finding):
            self._bad(HaltReason(record.reason), record.detail, line)
            return
        if record.node_id != self._rules.node_id:
            self._bad(HaltReason.WRONG_NODE, f"the record is of the node {record.node_id}", line)
            return
        if line.path.endswith(BATCH):
            self._of_batch(record, digest, line)
            return
        stream = self.streams.get(record.stream_id)
        if record.local_seq <= stream.last:
            self._again(record, digest, line)
        elif record.local_seq > stream.last + 1 and not stream.skipped:
            detail = f"record {record.local_seq} of stream {record.stream_id} follows {stream.last}"
            self._bad(HaltReason.SEQUENCE_GAP, detail, line)
        else:
            self._next(record, digest, line, stream)

    def _bad(self, reason: HaltReason, detail: str, line: Line) -> None:
        """Stop, unless an operator decided to go on behind this line."""
        if not self._rules.skips(line):
            raise Halt(reason, detail, commit=self._commit, path=line.path, line=line.number)
        self.streams.lines_were_skipped()

    def _again(self, record: LoggedUsage, digest: str, line: Line) -> None:
        self.flush()
        known = self._records.hash_at(record.stream_id, record.local_seq)
        if known == digest or (known is None and self._records.was_set_aside(digest)):
            self.counts.duplicates += 1
        else:
            detail = f"record {record.local_seq} of stream {record.stream_id} was read before with another content"
            self._bad(_CONFLICT, detail, line)

    def _next(self, record: LoggedUsage, digest: str, line: Line, stream: Stream) -> None:
        at, latest, same = record.occurred_at, stream.latest, alike(record)
        terms = self._terms.get(same) if same is not None else None
        if terms is not None and terms.begin <= at < terms.end:
            priced = terms.charged(record, digest, line)
            if priced is not None and (latest is None or at >= latest - MOST_BACK):
                stream.accept(record.local_seq, at, counts=True)
                self._take(priced, terms.sum)
                return
            same = None
        found = self.judge(record, digest, line, latest)
        stream.accept(record.local_seq, at, counts=not isinstance(found, Aside))
        if isinstance(found, Aside):
            self._set_aside(found, digest, line)
            return
        self.take(found)
        if same is not None and (payer := self._payers.payer(record.user_sid)) is not None:
            self._terms[same] = terms_of(found, payer.first_paid_at, self._rates, self._now, self.sums.of(found))

    def _of_batch(self, record: LoggedUsage, digest: str, line: Line) -> None:
        """Batches are merged and read anew: whether a record is known is told by its key alone, and by its content."""
        key = record.idempotency_key
        known = self._met.get(key)
        if known is None and (stored := self._records.of_key(key)) is not None:
            known = stored.line_hash
        if known is None and self._records.was_set_aside(digest):
            known = digest
        if known is not None:
            if known == digest:
                self.counts.duplicates += 1
            else:
                self._bad(_CONFLICT, "its idempotency key was read before with another content", line)
            return
        self._met[key] = digest
        found = self.judge(record, digest, line, None)
        if isinstance(found, Aside):
            self._set_aside(found, digest, line)
        else:
            self.take(found)

    def _set_aside(self, aside: Aside, digest: str, line: Line) -> None:
        if self._aside_before is None:
            found = self._database.execute(self._database.prepare(statements.OPEN_LINES), (self._rules.node_id,))
            self._aside_before = int(found[0][0])
        self.counts.quarantined += 1
        if self._aside_before + self.counts.quarantined > MOST_ASIDE:
            detail = f"more than {MOST_ASIDE} lines of the node {WOULD_BE_ASIDE}, this one as {aside.reason.value}"
            raise Halt(HaltReason.FORBIDDEN_CHANGE, f"{line.path}:{line.number}: {detail}", commit=self._commit)
        self.counts.asides.append(
            {
                "node_id": self._rules.node_id,
                "commit": self._commit,
                "path": line.path,
                "line": line.number,
                "line_hash": digest,
                "reason": aside.reason,
                "detail": aside.detail,
                "record": json.loads(line.data),
            }
        )
        if len(self.counts.asides) >= TOGETHER:
            self.flush()

    # --- what it costs ----------------------------------------------------------------------------------------

    def judge(self, record: LoggedUsage, digest: str, line: Line, latest: datetime | None) -> ChargedLine | Aside:
        """The line with what it costs, or why it is set aside."""
        aside = set_aside(record, self._rules.allowed, self._now, latest)
        return aside if aside is not None else self.price(record, digest, line)

    def price(self, record: LoggedUsage, digest: str, line: Line, *, forgiven: bool = False) -> ChargedLine | Aside:
        """The same, whatever its time and kind. `forgiven`: an operator lets pass whatever can be charged."""
        payer = self._payers.payer(record.user_sid)
        if payer is None:
            return Aside(QuarantineReason.UNKNOWN_USER, f"there is no user {record.user_sid}")
        aside = None if forgiven else self._payers.set_aside(record)
        if aside is not None:
            return aside
        if record.void is not None:
            return self._taking_back(record, record.void, digest, line)
        rate = self._rates.rate(record.resource_kind, record.model, record.occurred_at)
        if rate is None:
            return Aside(QuarantineReason.UNKNOWN_PRICE, f"no price of {record.resource_kind} was in force then")
        usage = Usage(record.quantity, record.cost, record.amount_cents)
        if record.amount_cents is None and not forgiven and differs(rate, usage):
            return Aside(QuarantineReason.IMPLAUSIBLE, "the cost is another than the price book's for this model")
        try:
            cost = self._rates.cost(rate, usage, record.occurred_at, payer.first_paid_at)
        except CannotBePriced as error:
            return Aside(QuarantineReason.UNKNOWN_PRICE, str(error)[:500])
        most = MOST_ACCEPTED if forgiven else MOST_CHARGE
        if cost.list_charge > most * NANO:
            return Aside(QuarantineReason.IMPLAUSIBLE, f"it costs more than {most:,} dollars")
        return charged(record, self._commit, line, digest, rate, cost, self._rates.base)

    def take(self, line: ChargedLine) -> None:
        """Consume a line that was judged; `flush` writes it."""
        self._take(line, None)

    def _take(self, line: ChargedLine, known: Sum | None) -> None:
        if self._rules.skipped and self._rules.skips(line.line):
            self.flush()
            if self._records.has(line.record):
                self._bad(_CONFLICT, _KEY_TAKEN, line.line)
                return
        (known or self.sums.of(line)).add(line)
        self.counts.records += 1
        if self._records.add(line) >= TOGETHER:
            self._write(self._records.begin_write)

    def _taking_back(self, record: LoggedUsage, key: str, digest: str, line: Line) -> ChargedLine | Aside:
        self.flush()
        original = self._records.of_key(key)
        if original is None or original.void is not None or original.user_sid != record.user_sid:
            return Aside(QuarantineReason.IMPLAUSIBLE, "it takes back what this node never charged this user")
        if self._records.is_taken_back(key):
            return Aside(QuarantineReason.IMPLAUSIBLE, "it takes back what was taken back already")
        return taking_back(record, self._commit, line, digest, original)
