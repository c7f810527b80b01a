"""A month of a user's ledger, as a statement: what was there, each transaction, what is left. By when it was posted."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from codegen.runtime.context import Clock
from codegen.runtime.errors import NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.types import Money
from generated.models.onboarding import DaySpend, LedgerEntry, ResourceCategory, Statement, TransactionKind
from generated.tables.onboarding import LEDGER_ENTRY, LEDGER_TRANSACTION, USER
from handlers.ledger import statements
from handlers.ledger.history import CREDIT, HistoryLine
from handlers.ledger.wallet import user_account

_MONTH = re.compile("([0-9]{4})-(0[1-9]|1[0-2])")
SPENT = (TransactionKind.USAGE, TransactionKind.USAGE_VOID, TransactionKind.PLAN)
_CATEGORIES = {category.value: category for category in ResourceCategory}


@dataclass(frozen=True, slots=True)
class Month:
    """One month: `since` is its beginning, `until` that of the next; UTC."""

    name: str
    since: datetime
    until: datetime

    @classmethod
    def of(cls, name: str) -> Month:
        """Of `YYYY-MM`. Raises `NotFound` for what is none."""
        found = _MONTH.fullmatch(name)
        if found is None or not 1970 <= int(found[1]) < 2100:
            raise NotFound
        year, number = int(found[1]), int(found[2])
        following = (year + 1, 1) if number == 12 else (year, number + 1)
        return cls(name, datetime(year, number, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC))

    @classmethod
    def at(cls, moment: datetime) -> Month:
        """The month of a moment."""
        return cls.of(f"{moment.astimezone(UTC):%Y-%m}")


@dataclass(frozen=True, slots=True)
class MonthStatement:
    """What moved in a month. Amounts are as the user counts: what came in is positive.

    `at` is when the last of it was posted, or the month began. `previous` and `following` are the months beside it
    that there are.
    """

    month: Month
    opening: Money
    closing: Money
    lines: tuple[HistoryLine, ...]
    days: tuple[DaySpend, ...]
    at: datetime
    previous: Month | None
    following: Month | None

    @property
    def paid(self) -> Money:
        """What was paid in, whatever went back of it."""
        return Money(sum(line.amount for line in self.lines if line.transaction.kind == TransactionKind.TOP_UP))

    @property
    def spent(self) -> Money:
        """What usage and plans have cost."""
        return Money(-sum(line.amount for line in self.lines if line.transaction.kind in SPENT))

    def model(self, user_sid: str) -> Statement:
        """As it is answered to programs."""
        return Statement(
            user_sid=user_sid,
            month=self.month.name,
            opening_balance=self.opening,
            closing_balance=self.closing,
            paid=self.paid,
            spent=self.spent,
            days=list(self.days),
            entries=[entry for line in self.lines for entry in line.entries],
        )


class Months:
    """Reads the statements of `database`; there is one for each month from that of the user's first day on."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._entries = Store.of(LEDGER_ENTRY, database)
        self._transactions = Store.of(LEDGER_TRANSACTION, database)
        self._users = Store.of(USER, database)
        self._of_month = database.prepare(statements.ENTRIES_OF_USER_BETWEEN)
        self._before = database.prepare(statements.BALANCE_OF_USER_BEFORE)
        self._revenue = database.prepare(statements.REVENUE_OF_USER_BETWEEN)

    def statement(self, user_sid: str, name: str) -> MonthStatement:
        """A month of a user. Raises `NotFound` for one before their first or in the future."""
        month = Month.of(name)
        first, last = Month.at(self._users.get(user_sid).created_at), Month.at(self._clock.now())
        if not first.since <= month.since <= last.since:
            raise NotFound
        since, until = int(month.since.timestamp()), int(month.until.timestamp())
        rows = self._database.execute(self._of_month, (user_sid, since, until))
        entries = [self._entries.object(self._entries.decode(row)) for row in rows]
        opening = self._opening(user_sid, since)
        lines = self._lines(user_sid, entries, opening)
        closing = lines[-1].balance if lines else opening
        return MonthStatement(
            month=month,
            opening=opening,
            closing=closing,
            lines=tuple(lines),
            days=tuple(self._days(user_sid, since, until)),
            at=entries[-1].posted_at if entries else month.since,
            previous=Month.at(month.since - timedelta(days=1)) if month.since > first.since else None,
            following=Month.at(month.until) if month.since < last.since else None,
        )

    def _opening(self, user_sid: str, since: int) -> Money:
        balances = (
            self._database.execute(self._before, (user_sid, user_account(user_sid, part), since)) for part in CREDIT
        )
        return Money(-sum(int(found[0][0]) for found in balances if found))

    def _lines(self, user_sid: str, entries: list[LedgerEntry], opening: Money) -> list[HistoryLine]:
        """A line per transaction, the oldest first."""
        counted = {user_account(user_sid, part) for part in CREDIT}
        groups: dict[str, list[LedgerEntry]] = {}
        for entry in entries:
            groups.setdefault(entry.transaction_sid, []).append(entry)
        transactions = self._transactions.get_many(groups)
        balance = int(opening)
        lines = []
        for sid, group in groups.items():
            amount = -sum(int(entry.amount) for entry in group if entry.account in counted)
            balance += amount
            lines.append(HistoryLine(transactions[sid], Money(amount), Money(balance), tuple(group)))
        return lines

    def _days(self, user_sid: str, since: int, until: int) -> list[DaySpend]:
        """What was spent by day and category, and what the ladder took off."""
        spent: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        rows = self._database.execute(self._revenue, (user_sid, since, until))
        for posted_at, account, amount, discount in rows:
            category = str(account).partition(":")[2]
            if category in _CATEGORIES:
                sums = spent[f"{decode_otime(posted_at):%Y-%m-%d}", category]
                sums[0] -= int(amount) + int(discount)
                sums[1] += int(discount)
        return [
            DaySpend(
                day=datetime.fromisoformat(day).date(),
                category=_CATEGORIES[category],
                charge=Money(sums[0]),
                discount=Money(sums[1]),
            )
            for (day, category), sums in sorted(spent.items())
        ]
