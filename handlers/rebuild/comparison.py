"""What differs between a live ledger and the one that was rebuilt: by account, user, transaction and usage record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.values.columns import decode_otime
from codegen.runtime.values.types import money_text
from generated.models.onboarding import KycStatus, TransactionKind
from handlers.audit import BATCH
from handlers.rebuild import statements
from handlers.rebuild.timeline import Transaction, transactions

AT_ONCE = (TransactionKind.PLAN, TransactionKind.GRANT, TransactionKind.ADJUSTMENT)
"""What happens by being posted: no provider's time or node's clock comes before it."""
LATE = timedelta(minutes=5)
"""So much may lie between the two times: the ledger's never goes back, whatever the clock of a host says."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`subject` names what differs, of `user_sid` where it is a user's; `live` and `rebuilt` say what either side has,
    None where it has nothing."""

    what: str
    subject: str
    user_sid: str | None
    live: str | None
    rebuilt: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """Rows that both sides have: `page` reads them behind the first column, `one` gives that with the same `key`.

    `value` says what must be equal, as people read it; None where the row counts as none.
    """

    what: str
    page: str
    one: str
    key: slice
    value: Callable[[Row], str | None]
    user: Callable[[Row], str | None]
    name: Callable[[Row], str] = lambda row: str(row[0])


def differences(live: Database, rebuilt: Database) -> Iterator[Difference]:
    """All that differs: balances first, then what they follow from."""
    for check in CHECKS:
        yield from _compared(check, live, rebuilt)
    yield from _transactions(live, rebuilt)
    yield from _rebuilt_transactions(live, rebuilt)


def _compared(check: Check, live: Database, rebuilt: Database) -> Iterator[Difference]:
    for row in _rows(check, live):
        other = _one(check, rebuilt, row)
        here, there = check.value(row), check.value(other) if other is not None else None
        if here != there:
            yield Difference(check.what, check.name(row), check.user(row), here, there)
    for row in _rows(check, rebuilt):
        there = check.value(row)
        if there is not None and _one(check, live, row) is None:
            yield Difference(check.what, check.name(row), check.user(row), None, there)


def _rows(check: Check, database: Database) -> Iterator[Row]:
    text, after = database.prepare(check.page), ""
    while rows := database.execute(text, (after, BATCH)):
        yield from rows
        after = rows[-1][0]


def _one(check: Check, database: Database, row: Row) -> Row | None:
    rows = database.execute(database.prepare(check.one), tuple(row[check.key]))
    return rows[0] if rows else None


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction as the other side has it; `position` is that of its first entry."""

    kind: str
    user_sid: str | None
    effective_at: datetime
    position: int
    lines: dict[str, int]


def _posted(each: Transaction, database: Database) -> Posted | None:
    """The same transaction there. One for a grant that expired is known by its source: its key names a lot."""
    expiry = each.kind == TransactionKind.GRANT_EXPIRY
    text = statements.ENTRIES_OF_EXPIRY if expiry else statements.ENTRIES_OF_KEY
    rows = database.execute(database.prepare(text), (each.source if expiry else each.key,))
    if not rows:
        return None
    _, _, _, kind, user_sid, effective_at = rows[0]
    lines = {row[0]: int(row[1]) for row in rows}
    return Posted(kind, user_sid, decode_otime(effective_at), min(int(row[2]) for row in rows), lines)


def _transactions(live: Database, rebuilt: Database) -> Iterator[Difference]:
    """Of each live transaction its entries, and whose it is, of which kind and when; of those that are posted when they
    happen, that as well."""
    for each in transactions(live):
        other = _posted(each, rebuilt)
        there = other.lines if other is not None else {}
        if each.lines != there:
            yield _of(each, "transaction", _lines(each.lines, there), _lines(there, each.lines))
        elif other is not None:
            here = f"{each.kind.value} of {each.user_sid} at {each.effective_at}"
            said = f"{other.kind} of {other.user_sid} at {other.effective_at}"
            if each.kind in AT_ONCE and abs(each.posted_at - each.effective_at) > LATE:
                here += f", posted at {each.posted_at}"
            if here != said:
                yield _of(each, "transaction", here, said)


def _rebuilt_transactions(live: Database, rebuilt: Database) -> Iterator[Difference]:
    """Those that the live ledger lacks, and the order of each user's."""
    latest: dict[str, tuple[int, str]] = {}
    for each in transactions(rebuilt):
        other = _posted(each, live)
        if other is None:
            yield _of(each, "transaction", None, _lines(each.lines, {}))
        elif each.user_sid is not None:
            position, key = latest.get(each.user_sid, (0, ""))
            if other.position < position:
                yield _of(each, "order", f"before {key}", f"after {key}")
            else:
                latest[each.user_sid] = other.position, each.key


def _of(each: Transaction, what: str, live: str | None, rebuilt: str | None) -> Difference:
    return Difference(what, each.key, each.user_sid, live, rebuilt)


def _lines(lines: dict[str, int], other: dict[str, int]) -> str | None:
    """The entries that the other side has otherwise."""
    told = [
        f"{account} {money_text(lines.get(account, 0))}"
        for account in sorted(lines | other)
        if lines.get(account) != other.get(account)
    ]
    return ", ".join(told) if lines else None


# --- what is compared -----------------------------------------------------------------------------------------------


def _account(row: Row) -> str | None:
    return money_text(int(row[1])) if row[1] else None


def _balance(row: Row) -> str | None:
    """A balance that nothing moved is as good as none."""
    if not any(row[1:]):
        return None
    first = "never" if row[3] is None else f"{decode_otime(row[3]):%Y-%m-%dT%H:%M:%SZ}"
    return f"balance {money_text(row[1])}, paid {money_text(row[2])} in all, first {first}"


def _lot(row: Row) -> str:
    kind, amount, remaining, expires = row[3:]
    until = "" if expires is None else f" until {decode_otime(expires):%Y-%m-%dT%H:%M:%SZ}"
    return f"{money_text(remaining)} left of {money_text(amount)} {kind}{until}"


def _record(row: Row) -> str:
    _, _, _, user, category, commit, path, line, tier, listed, charge = row
    return f"{money_text(charge)} of {money_text(listed)} ({category}, {tier}) of {user} by {commit}:{path}:{line}"


def _commit(row: Row) -> str:
    records, duplicates, quarantined, charge = row[3:]
    counts = f"{records} records, {duplicates} known, {quarantined} set aside"
    return f"{counts}, {money_text(charge)}"


def _day(row: Row) -> str | None:
    records, listed, charge = row[8:]
    return f"{int(records)} records, {money_text(charge)} of {money_text(listed)}"


def _top_up(row: Row) -> str:
    refunded, excess, over_cap, held = map(money_text, row[2:6])
    settled = "never" if row[6] is None else f"{decode_otime(row[6]):%Y-%m-%dT%H:%M:%SZ}"
    return f"settled {settled}, refunded {refunded}, excess {excess}, held {held}, beyond the cap {over_cap}"


def _verified(row: Row) -> str | None:
    return "verified" if row[1] == KycStatus.COMPLETED else None


def _owner(row: Row) -> str | None:
    parts = str(row[0]).split(":")
    return parts[1] if parts[0] == "user" else None


def _named(*places: int) -> Callable[[Row], str]:
    return lambda row: " ".join(str(row[place]) for place in places if row[place] != "")


def _column(place: int) -> Callable[[Row], str | None]:
    return lambda row: str(row[place])


CHECKS: Sequence[Check] = (
    Check("account", statements.ACCOUNTS, statements.ACCOUNT, slice(0, 1), _account, _owner),
    Check("balance", statements.BALANCES, statements.BALANCE, slice(0, 1), _balance, _column(0)),
    Check("lot", statements.LOTS, statements.LOT, slice(1, 2), _lot, _column(2), _named(1)),
    Check("top-up", statements.TOP_UPS, statements.TOP_UP, slice(0, 1), _top_up, _column(1)),
    Check("verification", statements.VERIFIED, statements.VERIFIED_USER, slice(0, 1), _verified, _column(0)),
    Check("usage", statements.RECORDS, statements.RECORD, slice(1, 3), _record, _column(3), _named(2)),
    Check("commit", statements.COMMITS, statements.COMMIT, slice(1, 3), _commit, lambda _: None, _named(1, 2)),
    Check("day", statements.DAYS, statements.DAY, slice(1, 8), _day, _column(1), _named(1, 2, 3, 4, 5, 6, 7)),
)
