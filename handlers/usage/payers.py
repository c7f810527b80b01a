"""Who pays for a line, and whether the machine that it names was this user's and not charged for that time already."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from codegen.runtime.storage.codecs import value_codecs
from codegen.runtime.storage.database import Database
from codegen.runtime.values.columns import decode_otime, encode_otime
from generated.models.onboarding import QuarantineReason
from handlers.usage import statements
from handlers.usage.line_rules import HOUR, Aside, measured_seconds
from handlers.usage_format.record import LoggedUsage


class Payer(NamedTuple):
    """A user; `first_paid_at` begins the discount ladder."""

    first_paid_at: datetime | None


class Payers:
    """Users and machines as they are read for one commit, inside its transaction. `flush` writes the records that were
    read and not written yet: what is looked up must not miss them."""

    def __init__(self, database: Database, flush: Callable[[], None]) -> None:
        self._database, self._flush = database, flush
        prepare = database.prepare
        self._payer, self._owner = prepare(statements.PAYER), prepare(statements.OWNER_OF_MACHINE)
        self._latest, self._overlapping = prepare(statements.LATEST_OF_MACHINE), prepare(statements.OVERLAPPING)
        self._unmeasured, self._decimal = prepare(statements.UNMEASURED), value_codecs(database.dialect)["decimal"]
        self._payers: dict[str, Payer | None] = {}
        self._owners: dict[str, str | None] = {}
        self._ends: dict[str, datetime | None] = {}

    def __len__(self) -> int:
        return len(self._payers) + len(self._owners)

    def forget(self) -> None:
        """Let go of what was looked up; records that were read must have been written."""
        for known in (self._payers, self._owners, self._ends):
            known.clear()

    def payer(self, user_sid: str) -> Payer | None:
        """The user of this sid, if any."""
        if user_sid not in self._payers:
            rows = self._database.execute(self._payer, (user_sid,))
            paid = rows[0][1] if rows else None
            self._payers[user_sid] = Payer(None if paid is None else decode_otime(paid)) if rows else None
        return self._payers[user_sid]

    def set_aside(self, record: LoggedUsage) -> Aside | None:
        """What is wrong with the machine of a record; None where nothing is, or none is named."""
        machine = record.instance_id
        if machine is None or record.void is not None:
            return None
        if machine not in self._owners:
            rows = self._database.execute(self._owner, (machine,))
            self._owners[machine] = rows[0][0] if rows else None
        if self._owners[machine] != record.user_sid:
            return Aside(QuarantineReason.FOREIGN_INSTANCE, f"the machine {machine} is not this user's"[:500])
        if (seconds := measured_seconds(record)) and self._overlaps(machine, record, seconds):
            detail = "the machine was reported for a part of this interval already"
            return Aside(QuarantineReason.INTERVAL_OVERLAP, detail)
        return None

    def _overlaps(self, machine: str, record: LoggedUsage, seconds: int) -> bool:
        begin, end = record.occurred_at - timedelta(seconds=seconds), record.occurred_at
        if machine not in self._ends:
            rows = self._database.execute(self._latest, (machine,))
            self._ends[machine] = decode_otime(rows[0][0]) if rows else None
        latest = self._ends[machine]
        if latest is None or begin >= latest:  # PERF: the usual case asks the database once for each machine
            self._ends[machine] = end
            return False
        self._flush()
        params = (machine, encode_otime(begin), encode_otime(end), record.resource_kind)
        if self._database.execute(self._overlapping, params):
            return True
        params = (machine, encode_otime(begin), encode_otime(end + timedelta(seconds=HOUR)), record.resource_kind)
        for at, quantity in self._database.execute(self._unmeasured, params):
            if decode_otime(at) - timedelta(seconds=int(self._decimal(quantity) * HOUR)) < end:
                return True
        self._ends[machine] = max(latest, end)
        return False
