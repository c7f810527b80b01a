"""What the lines of a commit come to: a posting for each user and category, and the daily usage beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Context, Decimal
from functools import partial

from codegen.runtime.storage.codecs import row_codecs
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import ResourceCategory, TransactionKind, UsageRecord
from generated.tables.onboarding import DAILY_USAGE, DailyUsageNew
from handlers.ledger import wallet
from handlers.ledger.drawing import Cause, Draft, LedgerOverflow
from handlers.ledger.posting import Ledger
from handlers.usage import statements
from handlers.usage.added_lines import Line
from handlers.usage.charged_line import ChargedLine
from handlers.usage_format.record import LoggedUsage

REASONS = {TransactionKind.USAGE: "Usage", TransactionKind.USAGE_VOID: "Usage taken back"}

_MOST = 2**63 - 1
_EXACT = Context(prec=150)
"""Quantities have up to 76 digits, of which the usual 28 would lose some: what is taken back must leave the rest."""


@dataclass(slots=True)
class Owed:
    """Nano-dollars of some lines of a user and category; `source` is the first of them, `latest` when the last was
    used."""

    source: str
    latest: datetime
    listed: int = 0
    charge: int = 0


class Sum:
    """What lines come to that differ in nothing but quantity, cost and time of day; `first` is where the first of them
    stands, `latest` when the last was used."""

    __slots__ = ("charge", "first", "latest", "listed", "quantity", "records")

    def __init__(self, first: Line, latest: datetime) -> None:
        self.first, self.latest = first, latest
        self.records, self.quantity, self.listed, self.charge = 0, Decimal(0), 0, 0

    def add(self, line: ChargedLine) -> None:
        """Add a line that is charged, or what one takes back."""
        at, original = line.record.occurred_at, line.original
        if at > self.latest:
            self.latest = at
        self.records += 1
        if original is None:
            self.quantity = _EXACT.add(self.quantity, line.record.quantity)
            self.listed += line.list_charge
            self.charge += line.charge
        else:
            self.quantity = _EXACT.add(self.quantity, original.quantity)
            self.listed += int(original.list_charge)
            self.charge += int(original.charge)


def line_source(node_id: str, commit: str, path: str, line: int) -> str:
    """The source of an entry that a line caused."""
    return f"usage:{node_id}@{commit}:{path}:{line}"


@dataclass(slots=True)
class Used:
    """What is added to a day of usage; negative where records are taken back."""

    records: int = 0
    quantity: Decimal = Decimal(0)
    listed: int = 0
    charge: int = 0


Day = tuple[str, date, str, str, str, ResourceCategory, str]
"""User, day (UTC), node, machine, kind, category, language model; empty what does not apply."""
Key = tuple[str, date, str | None, str, ResourceCategory, str | None]
"""User, day (UTC), machine, kind, category, language model."""


class Sums:
    """Adds lines of a commit up; written once, inside the transaction that writes the lines. What is owed is kept for
    each user and category; the rest may be let go of before (`spill`)."""

    def __init__(self, node_id: str, commit: str) -> None:
        self._node_id, self._commit = node_id, commit
        self._used: dict[Key, Sum] = {}
        self._taken_back: dict[Key, Sum] = {}
        self._spilt: dict[tuple[str, str, TransactionKind], Owed] = {}
        self._spilt_charge = 0

    def __len__(self) -> int:
        return len(self._used) + len(self._taken_back)

    @property
    def charge(self) -> int:
        """Nano-dollars of all lines, without what was taken back."""
        used, taken_back = (sum(each.charge for each in sums.values()) for sums in (self._used, self._taken_back))
        return self._spilt_charge + used - taken_back

    def spill(self, database: Database, now: datetime) -> None:
        """Add to the daily usage what was added up so far, and forget the days. Raises `LedgerOverflow`."""
        self._spilt, self._spilt_charge = self._owed(), self.charge
        self.write_days(database, now)
        self._used.clear()
        self._taken_back.clear()

    def of(self, line: ChargedLine) -> Sum:
        """The sum that a line belongs to: that of the day when it was used, or when what it takes back was."""
        used: LoggedUsage | UsageRecord = line.original or line.record
        sums = self._used if line.original is None else self._taken_back
        day, kind = used.occurred_at.date(), str(used.resource_kind)
        key = (used.user_sid, day, used.instance_id, kind, line.category, used.model)
        found = sums.get(key)
        if found is None:
            found = sums[key] = Sum(line.line, line.record.occurred_at)
        return found

    def _owed(self) -> dict[tuple[str, str, TransactionKind], Owed]:
        """What is to be posted. Raises `LedgerOverflow`."""
        all_owed = {key: replace(owed) for key, owed in self._spilt.items()}
        for kind, sums in ((TransactionKind.USAGE, self._used), (TransactionKind.USAGE_VOID, self._taken_back)):
            for (user_sid, _, _, _, category, _), each in sums.items():  # in the order of their first lines
                key = (user_sid, category.value, kind)
                if (owed := all_owed.get(key)) is None:
                    source = line_source(self._node_id, self._commit, each.first.path, each.first.number)
                    owed = all_owed[key] = Owed(source, each.latest)
                owed.latest = max(owed.latest, each.latest)
                owed.listed += each.listed
                owed.charge += each.charge
        if abs(self.charge) > _MOST or any(owed.listed > _MOST for owed in all_owed.values()):
            raise LedgerOverflow("the lines of the commit add up to more than 64 bits of nano-dollars")
        return all_owed

    def post(self, ledger: Ledger, posting: str) -> int:
        """Post what is owed, under keys that begin with `posting`; how many balances that changed. Raises
        `LedgerOverflow`."""
        drafts: list[Draft] = []
        for (user_sid, category, kind), owed in sorted(self._owed().items()):
            if not owed.listed:
                continue
            rule = wallet.usage if kind == TransactionKind.USAGE else wallet.usage_void
            key = f"{posting}:{user_sid}:{category}:{kind.value}"
            draw = partial(rule, account=f"revenue:{category}", listed=owed.listed, amount=owed.charge)
            drafts.append((Cause(user_sid, kind, key, owed.source, REASONS[kind], owed.latest), draw))
        if ledger.post_many(drafts) != len(drafts):
            raise RuntimeError(f"{posting} was posted before its lines were written: run the audit")
        return len({cause.user_sid for cause, _ in drafts})

    def write_days(self, database: Database, now: datetime) -> None:
        """Add to the daily usage."""
        store, find = Store.of(DAILY_USAGE, database), database.prepare(statements.DAY)
        date_column, new = row_codecs(database.dialect)["date"], list[DailyUsageNew]()
        for day, used in sorted(self._days().items()):
            user_sid, date_, *rest = day
            rows = database.execute(find, (user_sid, date_column(date_), *rest))
            if not rows:
                new.append(_new_day(day, used))
                continue
            known = store.decode(rows[0])
            listed, charge = known["list_charge"] + used.listed, known["charge"] + used.charge
            store.write(
                known,
                {
                    "records": known["records"] + used.records,
                    "quantity": _EXACT.add(known["quantity"], used.quantity),
                    "list_charge": Money(listed),
                    "discount": Money(listed - charge),
                    "charge": Money(charge),
                },
            )
        store.insert_many(new, now)

    def _days(self) -> dict[Day, Used]:
        """What is added to days."""
        days: dict[Day, Used] = {}
        for sign, sums in ((1, self._used), (-1, self._taken_back)):
            for (user_sid, day, machine, kind, category, model), each in sums.items():
                used = days.setdefault(
                    (user_sid, day, self._node_id, machine or "", kind, category, model or ""), Used()
                )
                used.records += sign * each.records
                used.quantity = _EXACT.add(used.quantity, each.quantity if sign > 0 else each.quantity.copy_negate())
                used.listed += sign * each.listed
                used.charge += sign * each.charge
        return days


def _new_day(day: Day, used: Used) -> DailyUsageNew:
    user_sid, date_, node_id, instance_id, kind, category, model = day
    return {
        "user_sid": user_sid,
        "day": date_,
        "node_id": node_id,
        "instance_id": instance_id,
        "resource_kind": kind,
        "category": category,
        "model": model,
        "records": used.records,
        "quantity": used.quantity,
        "list_charge": Money(used.listed),
        "discount": Money(used.listed - used.charge),
        "charge": Money(used.charge),
    }
