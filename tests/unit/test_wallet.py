"""What each transaction of a wallet posts, and what it does to lots, to the nano-dollar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from handlers.ledger import wallet as rules
from handlers.ledger.wallet import Line, Lot, NewLot, Part, Wallet

NOW = datetime(2026, 11, 20, tzinfo=UTC)
U = "user:u:"


def lot(sid: str, kind: rules.Kind, amount: int, remaining: int, days: int | None = None) -> Lot:
    return Lot(sid, kind, amount, remaining, sid, NOW + timedelta(days=days) if days else None)


def wallet(*lots: Lot, **others: int) -> Wallet:
    """A wallet whose balances are those of its lots, and these."""
    balances: dict[Part, int] = {"receivable": others.get("receivable", 0), "held": others.get("held", 0)}
    for each in lots:
        balances[each.kind] = balances.get(each.kind, 0) - each.remaining
    return Wallet.of("u", balances, lots)


def lines(wallet: Wallet) -> dict[str, int]:
    return {line.account.replace(U, ""): line.amount for line in wallet.lines}


def left(wallet: Wallet) -> dict[str, int]:
    return {sid: each.remaining for sid, each in wallet.changed.items()}


PAID = lot("p", "purchased", 100, 70)
GIVEN = lot("g", "granted", 50, 50)
CASES: dict[str, tuple[Wallet, Callable[[Wallet], object], dict[str, int], dict[str, int], list[NewLot]]] = {
    "top-up": (
        wallet(),
        lambda it: rules.top_up(it, "x", 10),
        {"cash:x": 10, "purchased": -10},
        {},
        [NewLot("purchased", 10, 10)],
    ),
    "top-up pays debt": (
        wallet(receivable=4),
        lambda it: rules.top_up(it, "x", 10),
        {"cash:x": 10, "purchased": -6, "receivable": -4},
        {},
        [NewLot("purchased", 10, 6)],
    ),
    "top-up pays all debt": (
        wallet(receivable=1),
        lambda it: rules.top_up(it, "x", 1),
        {"cash:x": 1, "receivable": -1},
        {},
        [NewLot("purchased", 1, 0)],
    ),
    "refund of its lot, then others, then debt": (
        wallet(lot("a", "purchased", 10, 10), PAID, GIVEN),
        lambda it: rules.refund(it, "x", 90, "p"),
        {"cash:x": -90, "purchased": 80, "receivable": 10},
        {"p": 0, "a": 0},
        [],
    ),
    "refund of a part": (
        wallet(lot("a", "purchased", 10, 10), PAID),
        lambda it: rules.refund(it, "x", 30, "p"),
        {"cash:x": -30, "purchased": 30},
        {"p": 40},
        [],
    ),
    "a refund came back": (
        wallet(PAID),
        lambda it: rules.refund_failed(it, "x", 20, "p"),
        {"cash:x": 20, "purchased": -20},
        {"p": 90},
        [],
    ),
    "more came back than its lot had lost": (
        wallet(PAID),
        lambda it: rules.refund_failed(it, "x", 40, "p"),
        {"cash:x": 40, "purchased": -40},
        {"p": 100},
        [NewLot("purchased", 10, 10)],
    ),
    "exactly what its lot had lost came back": (
        wallet(PAID),
        lambda it: rules.refund_failed(it, "x", 30, "p"),
        {"cash:x": 30, "purchased": -30},
        {"p": 100},
        [],
    ),
    "what came back paid debt": (
        wallet(lot("p", "purchased", 100, 0), receivable=30),
        lambda it: rules.refund_failed(it, "x", 40, "p"),
        {"cash:x": 40, "purchased": -10, "receivable": -30},
        {"p": 10},
        [],
    ),
    "what came back is of another kind of lot": (
        wallet(lot("g", "granted", 50, 20)),
        lambda it: rules.refund_failed(it, "x", 5, "g"),
        {"cash:x": 5, "purchased": -5},
        {},
        [NewLot("purchased", 5, 5)],
    ),
    "what a provider keeps": (
        wallet(PAID),
        lambda it: rules.provider_fee(it, "x", 5),
        {"fees": 5, "cash:x": -5},
        {},
        [],
    ),
    "paid too much": (
        wallet(),
        lambda it: rules.overpayment(it, "x", 7),
        {"cash:x": 7, "suspense": -7},
        {},
        [],
    ),
    "held": (
        wallet(PAID, lot("a", "purchased", 10, 10), GIVEN),
        lambda it: rules.hold(it, 75, "p"),
        {"purchased": 75, "held": -75},
        {"p": 0, "a": 5},
        [],
    ),
    "held beyond the balance": (
        wallet(PAID, GIVEN),
        lambda it: rules.hold(it, 80, "p"),
        {"purchased": 70, "receivable": 10, "held": -80},
        {"p": 0},
        [],
    ),
    "released": (
        wallet(PAID, held=-30),
        lambda it: rules.release(it, 30, "p"),
        {"held": 30, "purchased": -30},
        {"p": 100},
        [],
    ),
    "dispute lost": (
        wallet(PAID, held=-30),
        lambda it: rules.dispute_lost(it, "x", 30),
        {"held": 30, "cash:x": -30},
        {},
        [],
    ),
    "dispute reinstated": (
        wallet(PAID),
        lambda it: rules.dispute_reinstated(it, "x", 30, "p"),
        {"cash:x": 30, "purchased": -30},
        {"p": 100},
        [],
    ),
    "granted": (
        wallet(),
        lambda it: rules.grant(it, 5, NOW),
        {"adjustment": 5, "granted": -5},
        {},
        [NewLot("granted", 5, 5, NOW)],
    ),
    "expired": (
        wallet(lot("a", "granted", 9, 9, 1), lot("g", "granted", 50, 20, 2), PAID),
        lambda it: rules.expire(it, "g"),
        {"breakage": -20, "granted": 20},
        {"g": 0},
        [],
    ),
    "adjusted upwards": (
        wallet(PAID),
        lambda it: rules.adjust(it, 71),
        {"adjustment": 1, "granted": -1},
        {},
        [NewLot("granted", 1, 1)],
    ),
    "adjusted downwards": (
        wallet(PAID),
        lambda it: rules.adjust(it, 69),
        {"adjustment": -1, "purchased": 1},
        {"p": 69},
        [],
    ),
    "adjusted below zero": (
        wallet(PAID, receivable=3),
        lambda it: rules.adjust(it, -10),
        {"adjustment": -77, "purchased": 70, "receivable": 7},
        {"p": 0},
        [],
    ),
    "adjusted to what it is": (wallet(PAID), lambda it: rules.adjust(it, 70), {}, {}, []),
    "charged: granted by expiry, purchased by age, debt": (
        wallet(
            lot("a", "granted", 10, 10),
            lot("b", "granted", 10, 10, 2),
            lot("c", "granted", 10, 10, 1),
            lot("d", "granted", 10, 0, 1),
            lot("f", "purchased", 10, 10),
            lot("e", "purchased", 10, 10),
        ),
        lambda it: rules.charge(it, "revenue:vm", 55),
        {"revenue:vm": -55, "granted": 30, "purchased": 20, "receivable": 5},
        {"a": 0, "b": 0, "c": 0, "e": 0, "f": 0},
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_transaction(name: str) -> None:
    before, work, posted, remaining, new = CASES[name]
    work(before)
    assert (lines(before), left(before), before.new_lots) == (posted, remaining, new)


def test_the_order_in_which_lots_are_spent() -> None:
    lots = [
        lot("old", "purchased", 10, 10),
        lot("young", "purchased", 10, 10, 5),
        lot("never", "granted", 10, 10),
        lot("late", "granted", 10, 10, 2),
        lot("soon", "granted", 10, 10, 1),
        lot("older", "granted", 10, 10, 1),
    ]
    spent = []
    for amount in range(10, 61, 10):
        it = wallet(*lots)
        rules.charge(it, "revenue:vm", amount)
        spent += [sid for sid in it.changed if sid not in spent]
    assert spent == ["older", "soon", "late", "never", "young", "old"]


def test_a_lot_is_changed_only_where_something_is_taken_and_taken_again_in_the_same_transaction() -> None:
    it = wallet(PAID)
    it.burn(70)
    it.credit("purchased", 70, into="p")
    assert left(it) == {"p": 70}
    it.burn(10)
    assert left(it) == {"p": 60}
    it.burn(65)
    assert (left(it), it.debt, it.credit_balance) == ({"p": 0}, 5, -5)
    full = wallet(lot("p", "purchased", 10, 10))
    full.credit("purchased", 5, into="p")
    assert (left(full), full.new_lots) == ({}, [NewLot("purchased", 5, 5)])


def test_lots_are_read_only_when_there_is_credit_to_spend_and_once() -> None:
    asked = []

    def lots() -> list[Lot]:
        asked.append("all")
        return [PAID]

    def one(sid: str) -> Lot | None:
        asked.append(sid)
        return None

    empty = Wallet("u", {"purchased": 0, "granted": 0, "receivable": 0, "held": 0}, lots, one)
    empty.burn(1)
    assert asked == []
    full = Wallet("u", {"purchased": -70, "granted": 0, "receivable": 0, "held": 0}, lots, one)
    full.burn(1)
    full.burn(1)
    assert full.lot("p") == full.changed["p"]
    assert (asked, left(full)) == (["all"], {"p": 68})
    assert full.lot("other") is None
    assert asked == ["all", "other"]


def test_credit_is_what_is_not_held_and_debt_is_what_is_owed() -> None:
    it = wallet(PAID, GIVEN, receivable=6, held=-9)
    assert (it.credit_balance, it.debt) == (70 + 50 - 6, 6)
    assert rules.adjust(it, 100) == -14


def test_entries_sum_to_zero() -> None:
    it = wallet()
    it.house("fees", 1)
    with pytest.raises(ValueError, match="sum to zero"):
        _ = it.lines
    it.house("fees", 1)
    it.house("cash:x", -2)
    it.house("suspense", 1)
    it.house("suspense", -1)
    assert it.lines == (Line("fees", 2), Line("cash:x", -2))


@pytest.mark.parametrize("amount", [0, -1])
def test_what_moves_is_positive(amount: int) -> None:
    it = wallet(PAID, held=-5)
    with pytest.raises(ValueError, match="positive"):
        it.credit("purchased", amount)
    with pytest.raises(ValueError, match="positive"):
        it.burn(amount)
    with pytest.raises(ValueError, match="positive"):
        it.hold(amount, lot=None)
    with pytest.raises(ValueError, match="positive"):
        it.unhold(amount)
    assert (it.lines, it.balances["held"]) == ((), -5)


def test_no_more_is_taken_from_what_is_held() -> None:
    it = wallet(held=-5)
    with pytest.raises(ValueError, match="5 nano-dollars are held, not 6"):
        it.unhold(6)
    it.unhold(5)
    assert it.balances["held"] == 0


@pytest.mark.parametrize("sid", ["p", "missing"])
def test_only_granted_lots_expire(sid: str) -> None:
    it = wallet(PAID, GIVEN)
    with pytest.raises(ValueError, match="no granted lot"):
        rules.expire(it, sid)
    assert it.lines == ()
