"""What the lines of a commit come to: a posting for each user and category, and the daily usage beside it."""

from __future__ import annotations

from dataclasses import dataclass
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
from handlers.ledger.posting import Ledger, LedgerOverflow
from handlers.usage import statements
from handlers.usage.charged_line import ChargedLine

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


@dataclass(slots=True)
class Used:
    """What is added to a day of usage; negative where records are taken back."""

    records: int = 0
    quantity: Decimal = Decimal(0)
    listed: int = 0
    charge: int = 0


def line_source(node_id: str, commit: str, path: str, line: int) -> str:
    """The source of an entry that a line caused."""
    return f"usage:{node_id}@{commit}:{path}:{line}"


Day = tuple[str, date, str, str, str, ResourceCategory, str]
"""User, day (UTC), node, machine, kind, category, language model."""


class Sums:
    """Adds lines up; written once, inside the transaction that writes the lines."""

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id
        self._owed: dict[tuple[str, str, TransactionKind], Owed] = {}
        self._days: dict[Day, Used] = {}
        self.charge = 0

    def add(self, line: ChargedLine) -> None:
        """Add a line that is charged."""
        self._owe(line, TransactionKind.USAGE, 1)
        record = line.record
        key = self._day(
            record.user_sid,
            record.occurred_at,
            record.instance_id,
            record.resource_kind,
            line.category,
            record.model,
        )
        self._use(key, 1, record.quantity, line.list_charge, line.charge)

    def take_back(self, line: ChargedLine, original: UsageRecord) -> None:
        """Add a line that takes `original` back: on the day when that was used."""
        self._owe(line, TransactionKind.USAGE_VOID, -1)
        key = self._day(
            original.user_sid,
            original.occurred_at,
            original.instance_id,
            str(original.resource_kind),
            original.category,
            original.model,
        )
        self._use(key, -1, original.quantity, int(original.list_charge), int(original.charge))

    def _owe(self, line: ChargedLine, kind: TransactionKind, sign: int) -> None:
        record = line.record
        key = (record.user_sid, line.category.value, kind)
        owed = self._owed.get(key)
        if owed is None:
            source = line_source(self._node_id, line.commit, line.line.path, line.line.number)
            owed = self._owed[key] = Owed(source, record.occurred_at)
        owed.latest = max(owed.latest, record.occurred_at)
        owed.listed += sign * line.list_charge
        owed.charge += sign * line.charge
        self.charge += line.charge
        if owed.listed > _MOST or abs(self.charge) > _MOST:
            raise LedgerOverflow("the lines of the commit add up to more than 64 bits of nano-dollars")

    def _day(
        self,
        user_sid: str,
        at: datetime,
        instance_id: str | None,
        kind: str,
        category: ResourceCategory,
        model: str | None,
    ) -> Day:
        return user_sid, at.date(), self._node_id, instance_id or "", kind, category, model or ""

    def _use(self, key: Day, sign: int, quantity: Decimal, listed: int, charge: int) -> None:
        used = self._days.get(key)
        if used is None:
            used = self._days[key] = Used()
        used.records += sign
        used.quantity = _EXACT.add(used.quantity, quantity if sign > 0 else quantity.copy_negate())
        used.listed += sign * listed
        used.charge += sign * charge

    def post(self, ledger: Ledger, posting: str) -> int:
        """Post what is owed, under keys that begin with `posting`; how many balances that changed."""
        users = set()
        for (user_sid, category, kind), owed in sorted(self._owed.items()):
            if not owed.listed:
                continue
            rule = wallet.usage if kind == TransactionKind.USAGE else wallet.usage_void
            account = f"revenue:{category}"
            posted = ledger.post(
                user_sid=user_sid,
                kind=kind,
                key=f"{posting}:{user_sid}:{category}:{kind.value}",
                source=owed.source,
                reason=REASONS[kind],
                effective_at=owed.latest,
                draw=partial(rule, account=account, listed=owed.listed, amount=owed.charge),
            )
            if posted is None:
                raise RuntimeError(f"{posting} was posted before its lines were written: run the audit")
            users.add(user_sid)
        return len(users)

    def write_days(self, database: Database, now: datetime) -> None:
        """Add to the daily usage."""
        store, find = Store.of(DAILY_USAGE, database), database.prepare(statements.DAY)
        date_column, new = row_codecs(database.dialect)["date"], list[DailyUsageNew]()
        for day, used in sorted(self._days.items()):
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
