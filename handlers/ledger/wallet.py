"""A user's accounts and lots while one transaction is drawn up: pure rules, amounts in nano-dollars, debit positive.

Credit is kept in lots, one per payment or grant. Spending burns granted lots (those that expire first, first), then
purchased ones (oldest first); what is left becomes debt. New credit pays debt before it can be spent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
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


class Wallet:
    """Draws up one transaction. `balances` are the sums of the user's accounts (credit is negative there).

    Lots are asked for when they are needed: `open_lots` gives those with something left, `find_lot` any one by its sid.
    """

    def __init__(
        self,
        user_sid: str,
        balances: Mapping[Part, int],
        open_lots: Callable[[], Iterable[Lot]],
        find_lot: Callable[[str], Lot | None],
    ) -> None:
        self.user_sid = user_sid
        self.balances = dict(balances)
        self.new_lots: list[NewLot] = []
        self.changed: dict[str, Lot] = {}
        self._open_lots, self._find_lot = open_lots, find_lot
        self._lots: dict[str, Lot] | None = None
        self._lines: dict[str, int] = {}

    @classmethod
    def of(cls, user_sid: str, balances: Mapping[Part, int], lots: Iterable[Lot]) -> Wallet:
        """A wallet whose lots are all at hand."""
        known = {lot.sid: lot for lot in lots}
        return cls(user_sid, {part: balances.get(part, 0) for part in PARTS}, known.values, known.get)

    # --- what a transaction is made of --------------------------------------------------------------------------

    @property
    def lines(self) -> tuple[Line, ...]:
        """The entries, one per account, zero ones left out. Raises `ValueError` when they do not sum to zero."""
        lines = tuple(Line(account, amount) for account, amount in self._lines.items() if amount)
        if sum(line.amount for line in lines):
            raise ValueError(f"the entries of a transaction sum to zero: {lines}")
        return lines

    @property
    def credit_balance(self) -> int:
        """−(purchased + granted + receivable); held money has left `purchased`."""
        return -(self.balances["purchased"] + self.balances["granted"] + self.balances["receivable"])

    @property
    def debt(self) -> int:
        return self.balances["receivable"]

    def lot(self, sid: str) -> Lot | None:
        """A lot of this user as it is now, spent or not."""
        return self.changed.get(sid) or (self._lots or {}).get(sid) or self._find_lot(sid)

    def house(self, account: str, amount: int) -> None:
        """Debit (positive) or credit (negative) an account of the house."""
        self._lines[account] = self._lines.get(account, 0) + amount

    def _own(self, part: Part, amount: int) -> None:
        self.balances[part] += amount
        self.house(user_account(self.user_sid, part), amount)

    def _spendable(self, kinds: tuple[Kind, ...], first: str | None) -> list[Lot]:
        """Lots with something left in the order they are spent: `first`, granted, purchased; then by expiry and age."""
        if not any(self.balances[kind] for kind in kinds):
            return []
        if self._lots is None:
            self._lots = {lot.sid: lot for lot in self._open_lots()}
        lots = {**self._lots, **self.changed}
        return sorted(
            (lot for lot in lots.values() if lot.remaining and lot.kind in kinds),
            key=lambda lot: (
                lot.sid != first,
                lot.kind != "granted",
                lot.expires_at.timestamp() if lot.expires_at else inf,
                lot.age,
            ),
        )

    def _change(self, lot: Lot, remaining: int) -> None:
        if remaining != lot.remaining:
            self.changed[lot.sid] = replace(lot, remaining=remaining)

    # --- moves --------------------------------------------------------------------------------------------------

    def credit(self, kind: Kind, amount: int, *, into: str | None = None, expires_at: datetime | None = None) -> None:
        """Add credit: back into the lot `into` as far as it was taken from there, the rest as a new lot.

        Debt is paid from it first.
        """
        _require_positive(amount)
        self._own(kind, -amount)
        settled = min(amount, max(self.balances["receivable"], 0))
        if settled:
            self._own("receivable", -settled)
            self._own(kind, settled)
        rest = amount - settled
        lot = self.lot(into) if into is not None else None
        if lot is not None and lot.kind == kind:
            returned = min(rest, lot.amount - lot.remaining)
            self._change(lot, lot.remaining + returned)
            rest -= returned
            amount = rest
        if amount:
            self.new_lots.append(NewLot(kind, amount, rest, expires_at))

    def burn(
        self, amount: int, *, first: str | None = None, kinds: tuple[Kind, ...] = ("granted", "purchased")
    ) -> None:
        """Take credit: from the lot `first`, then from lots of `kinds` in their order; what is left becomes debt."""
        _require_positive(amount)
        rest = amount
        for lot in self._spendable(kinds, first):
            if rest == 0:
                break
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
        """Take money that was set aside; the caller says where it goes. Raises `ValueError` for more than is held."""
        _require_positive(amount)
        if amount > -self.balances["held"]:
            raise ValueError(f"{-self.balances['held']} nano-dollars are held, not {amount}")
        self._own("held", amount)


def _require_positive(amount: int) -> None:
    if amount <= 0:
        raise ValueError(f"an amount that moves is positive, not {amount}")


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


def overpayment(wallet: Wallet, provider: str, amount: int) -> None:
    """Money that was paid beyond what is credited; negative where it goes back."""
    wallet.house(f"cash:{provider}", amount)
    wallet.house("suspense", -amount)


def provider_fee(wallet: Wallet, provider: str, amount: int) -> None:
    """What a provider keeps of the house's money; negative where it gives a fee back."""
    wallet.house("fees", amount)
    wallet.house(f"cash:{provider}", -amount)


def hold(wallet: Wallet, amount: int, lot: str | None) -> None:
    """Set credit of a payment aside."""
    wallet.hold(amount, lot=lot)


def release(wallet: Wallet, amount: int, lot: str | None) -> None:
    """What was set aside is the user's again."""
    wallet.unhold(amount)
    wallet.credit("purchased", amount, into=lot)


def dispute_lost(wallet: Wallet, provider: str, amount: int) -> None:
    """The held amount goes back to the payer."""
    wallet.unhold(amount)
    wallet.house(f"cash:{provider}", -amount)


def dispute_reinstated(wallet: Wallet, provider: str, amount: int, lot: str | None) -> None:
    """A lost amount comes from the payer again."""
    wallet.house(f"cash:{provider}", amount)
    wallet.credit("purchased", amount, into=lot)


def grant(wallet: Wallet, amount: int, expires_at: datetime | None = None) -> None:
    """Credit that was not paid for."""
    wallet.house("adjustment", amount)
    wallet.credit("granted", amount, expires_at=expires_at)


def expire(wallet: Wallet, sid: str) -> None:
    """What is left of a granted lot, as its time is over. Raises `ValueError` for a lot that is not this user's."""
    lot = wallet.lot(sid)
    if lot is None or lot.kind != "granted":
        raise ValueError(f"{wallet.user_sid} has no granted lot {sid}")
    wallet.house("breakage", -lot.remaining)
    wallet.burn(lot.remaining, first=sid, kinds=("granted",))


def adjust(wallet: Wallet, target: int) -> int:
    """Bring the credit balance to `target` (may be negative); gives the difference. What is added is granted."""
    difference = target - wallet.credit_balance
    if difference > 0:
        grant(wallet, difference)
    elif difference < 0:
        wallet.house("adjustment", difference)
        wallet.burn(-difference)
    return difference


def charge(wallet: Wallet, account: str, amount: int) -> None:
    """A plan: `account` is the house's revenue account. Posts whatever the balance is; who may buy is asked before."""
    wallet.house(account, -amount)
    wallet.burn(amount)


def usage(wallet: Wallet, account: str, listed: int, amount: int) -> None:
    """Consumed usage: `listed` is what it costs before the ladder, `amount` what is charged. Posts whatever the balance
    is."""
    wallet.house(account, -listed)
    wallet.house("discount", listed - amount)
    if amount:
        wallet.burn(amount)


def usage_void(wallet: Wallet, account: str, listed: int, amount: int) -> None:
    """Usage that is taken back, by the same amounts. What it cost is granted: it pays debt first."""
    wallet.house(account, listed)
    wallet.house("discount", amount - listed)
    if amount:
        wallet.credit("granted", amount)
