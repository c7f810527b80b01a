"""A user's accounts and lots while one transaction is drawn up: pure rules, amounts in nano-dollars, debit positive.

Credit is kept in lots, one per payment or grant. Spending burns granted lots (those that expire first, first), then
purchased ones (oldest first); what is left becomes debt. New credit pays debt before it can be spent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Literal

Kind = Literal["purchased", "granted"]
Part = Literal["purchased", "granted", "receivable", "held"]
PARTS: tuple[Part, ...] = ("purchased", "granted", "receivable", "held")


@dataclass(frozen=True, slots=True)
class Lot:
    """Credit from one payment or grant; `remaining` is neither spent, refunded, held nor expired.

    `age` orders lots of a kind: smaller is older.
    """

    sid: str
    kind: Kind
    amount: int
    remaining: int
    age: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewLot:
    """A lot that a transaction makes; what paid debt at once is missing from `remaining`."""

    kind: Kind
    amount: int
    remaining: int
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One entry to post: positive debits the account, negative credits it."""

    account: str
    amount: int


def user_account(user_sid: str, part: Part) -> str:
    return f"user:{user_sid}:{part}"


@dataclass(slots=True)
class Wallet:
    """Draws up one transaction. `balances` are the sums of the user's accounts (credit is negative there)."""

    user_sid: str
    balances: dict[Part, int]
    lots: list[Lot] = field(default_factory=list)
    new_lots: list[NewLot] = field(default_factory=list)
    changed: dict[str, Lot] = field(default_factory=dict)
    _lines: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, user_sid: str, balances: Mapping[Part, int], lots: Iterable[Lot]) -> Wallet:
        ordered = sorted(lots, key=lambda lot: (
            lot.kind != "granted", lot.expires_at.timestamp() if lot.expires_at else inf, lot.age))
        return cls(user_sid, {part: balances.get(part, 0) for part in PARTS}, ordered)

    # --- what a transaction is made of --------------------------------------------------------------------------

    @property
    def lines(self) -> tuple[Line, ...]:
        """The entries, one per account, zero ones left out; they sum to zero or the caller has made a mistake."""
        lines = tuple(Line(account, amount) for account, amount in self._lines.items() if amount)
        assert sum(line.amount for line in lines) == 0, lines
        return lines

    @property
    def credit_balance(self) -> int:
        """−(purchased + granted + receivable); held money has left `purchased`."""
        return -(self.balances["purchased"] + self.balances["granted"] + self.balances["receivable"])

    @property
    def debt(self) -> int:
        return self.balances["receivable"]

    def house(self, account: str, amount: int) -> None:
        """Debit (positive) or credit (negative) an account of the house."""
        self._lines[account] = self._lines.get(account, 0) + amount

    def _own(self, part: Part, amount: int) -> None:
        self.balances[part] += amount
        self.house(user_account(self.user_sid, part), amount)

    def _change(self, lot: Lot, remaining: int) -> None:
        changed = replace(lot, remaining=remaining)
        self.lots[self.lots.index(lot)] = changed
        self.changed[lot.sid] = changed

    # --- moves --------------------------------------------------------------------------------------------------

    def credit(self, kind: Kind, amount: int, *, into: str | None = None, expires_at: datetime | None = None) -> None:
        """Add credit: back into the lot `into` as far as it was taken from there, the rest as a new lot.

        Debt is paid from it first.
        """
        self._own(kind, -amount)
        settled = min(amount, max(self.balances["receivable"], 0))
        if settled:
            self._own("receivable", -settled)
            self._own(kind, settled)
        rest = amount - settled
        lot = next((lot for lot in self.lots if lot.sid == into and lot.kind == kind), None)
        if lot is not None:
            returned = min(rest, lot.amount - lot.remaining)
            self._change(lot, lot.remaining + returned)
            rest -= returned
            amount = rest
        if amount and (lot is None or rest):
            self.new_lots.append(NewLot(kind, amount, rest, expires_at))

    def burn(self, amount: int, *, first: str | None = None,
             kinds: tuple[Kind, ...] = ("granted", "purchased")) -> None:
        """Take credit: from the lot `first`, then from lots of `kinds` in their order; what is left becomes debt."""
        rest = amount
        for lot in sorted(self.lots, key=lambda lot: lot.sid != first):
            if rest == 0:
                break
            if lot.remaining and lot.kind in kinds:
                taken = min(rest, lot.remaining)
                self._own(lot.kind, taken)
                self._change(lot, lot.remaining - taken)
                rest -= taken
        if rest:
            self._own("receivable", rest)

    def hold(self, amount: int, *, lot: str | None) -> None:
        """Set money aside, so that it can be neither spent nor refunded."""
        self.burn(amount, first=lot, kinds=("purchased",))
        self._own("held", -amount)

    def unhold(self, amount: int) -> None:
        """Take money that was set aside; the caller says where it goes."""
        self._own("held", amount)


# --- transactions -----------------------------------------------------------------------------------------------

def top_up(wallet: Wallet, provider: str, amount: int) -> None:
    """A settled payment."""
    wallet.house(f"cash:{provider}", amount)
    wallet.credit("purchased", amount)


def refund(wallet: Wallet, provider: str, amount: int, lot: str | None) -> None:
    """Money returned by the provider: from that payment's lot, then other purchased ones, then as debt."""
    wallet.house(f"cash:{provider}", -amount)
    wallet.burn(amount, first=lot, kinds=("purchased",))


def refund_failed(wallet: Wallet, provider: str, amount: int, lot: str | None) -> None:
    """A refund that came back."""
    wallet.house(f"cash:{provider}", amount)
    wallet.credit("purchased", amount, into=lot)


def dispute_opened(wallet: Wallet, amount: int, lot: str | None) -> None:
    wallet.hold(amount, lot=lot)


def dispute_won(wallet: Wallet, amount: int, lot: str | None) -> None:
    """The held amount is the user's again."""
    wallet.unhold(amount)
    wallet.credit("purchased", amount, into=lot)


def dispute_lost(wallet: Wallet, provider: str, amount: int) -> None:
    """The held amount goes back to the payer."""
    wallet.unhold(amount)
    wallet.house(f"cash:{provider}", -amount)


def adjust(wallet: Wallet, target: int) -> int:
    """Bring the credit balance to `target` (may be negative); gives the difference. What is added is granted."""
    difference = target - wallet.credit_balance
    if difference > 0:
        wallet.house("adjustment", difference)
        wallet.credit("granted", difference)
    elif difference < 0:
        wallet.house("adjustment", difference)
        wallet.burn(-difference)
    return difference


def charge(wallet: Wallet, account: str, amount: int) -> None:
    """Consumed usage or a plan: `account` is the house's revenue account. Posts whatever the balance is."""
    wallet.house(account, -amount)
    wallet.burn(amount)
