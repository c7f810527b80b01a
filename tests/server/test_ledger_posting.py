"""What posting writes: entries, chain, lots, the balance beside them; and what it refuses."""

import json
from datetime import timedelta, timezone
from functools import partial
from hashlib import sha256

import pytest
from pydantic_core import from_json

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.rpc import crud
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import UnknownReference
from generated.models.onboarding import LotKind, TransactionKind
from generated.tables.onboarding import CREDIT_LOT, LEDGER_ENTRY, LEDGER_TRANSACTION
from handlers.hash_chain import GENESIS, canonical
from handlers.ledger import chain
from handlers.ledger import wallet as rules
from handlers.ledger.drawing import LedgerOverflow
from tests.server.audited import audit
from tests.server.book import START, Book, create_tables

DOLLAR = 10**9


@pytest.fixture
def book(database: Database) -> Book:
    create_tables(database)
    return Book(database)


def entries(book: Book) -> list[tuple[str, int, int]]:
    """Account without the user, amount, balance after; in the order of the chain."""
    found = sorted(book.ledger.entries.list_full(1000)["items"], key=lambda entry: entry.position)
    return [
        (
            entry.account.rpartition(":")[2] if entry.user_sid else entry.account,
            int(entry.amount),
            int(entry.balance_after),
        )
        for entry in found
    ]


def test_a_top_up(book: Book) -> None:
    user = book.user()
    paid_at = START - timedelta(minutes=1)
    elsewhere = (paid_at + timedelta(microseconds=7)).astimezone(timezone(timedelta(hours=3)))
    posted = book.top_up(user, "pi_1", 25 * DOLLAR, elsewhere)
    assert posted is not None
    assert (posted.kind, posted.effective_at, posted.posted_at) == (TransactionKind.TOP_UP, paid_at, START)
    assert entries(book) == [("cash:stripe", 25 * DOLLAR, 25 * DOLLAR), ("purchased", -25 * DOLLAR, -25 * DOLLAR)]
    lot = book.ledger.lots.get(book.lot("pi_1") or "")
    assert (lot.kind, lot.amount, lot.remaining, lot.transaction_sid) == (
        LotKind.PURCHASED,
        25 * DOLLAR,
        25 * DOLLAR,
        posted.sid,
    )
    billing = book.ledger.billings.one({"user_sid": user})
    assert billing is not None
    assert (billing.credit_balance, billing.lifetime_paid, billing.first_paid_at, billing.last_active_at) == (
        25 * DOLLAR,
        25 * DOLLAR,
        paid_at,
        paid_at,
    )
    assert (billing.debt_since, billing.frozen) == (None, False)
    assert audit(book.database) == []


def test_each_posting_is_a_new_version_of_the_balance(book: Book) -> None:
    user = book.user()
    for version in (2, 3):
        book.top_up(user, f"pi_{version}", DOLLAR)
        billing = book.ledger.billings.one({"user_sid": user})
        assert billing is not None and billing.rev == version
    assert [lot.rev for lot in book.ledger.lots.list_full()["items"]] == [1, 1]
    assert audit(book.database) == []


def test_what_is_held_until_kyc_and_what_for_a_dispute(book: Book) -> None:
    user, other = book.user(), book.user()
    assert book.ledger.held_for_kyc(user) == 0
    book.top_up(user, "pi_1", 10 * DOLLAR)
    book.hold(user, "d1", 4 * DOLLAR)
    assert book.ledger.held_for_kyc(user) == 0
    book.post(user, TransactionKind.KYC_HOLD, "k1", lambda wallet: rules.hold(wallet, 3 * DOLLAR, None))
    assert (book.ledger.held_for_kyc(user), book.ledger.held_for_kyc(other)) == (3 * DOLLAR, 0)
    book.post(user, TransactionKind.KYC_RELEASE, "k2", lambda wallet: rules.release(wallet, DOLLAR, None))
    assert (book.ledger.held_for_kyc(user), book.ledger.balances(user)["held"]) == (2 * DOLLAR, -6 * DOLLAR)
    assert audit(book.database) == []


def test_entries_of_the_house_are_not_the_users_to_read(book: Book) -> None:
    book.top_up(book.user(), "pi_1", DOLLAR)
    assert [entry.user_sid is None for entry in book.ledger.entries.list_full()["items"]] == [True, False]


def test_a_key_is_posted_once_for_ever(book: Book) -> None:
    user = book.user()
    assert book.top_up(user, "pi_1", DOLLAR) is not None
    assert book.top_up(user, "pi_1", DOLLAR) is None
    assert book.top_up(book.user(), "pi_1", 2 * DOLLAR) is None, "whoever it is for, and whatever it says"
    assert book.balance(user) == DOLLAR
    assert audit(book.database) == []


def test_debt_begins_once_and_ends(book: Book) -> None:
    user = book.user()
    book.charge(user, "a", 3 * DOLLAR)
    began = book.clock.time
    book.later()
    book.charge(user, "b", DOLLAR)
    billing = book.ledger.billings.one({"user_sid": user})
    assert billing is not None
    assert (billing.credit_balance, billing.debt_since) == (-4 * DOLLAR, began)
    assert audit(book.database) == []
    book.top_up(user, "pi_1", 10 * DOLLAR)
    billing = book.ledger.billings.one({"user_sid": user})
    assert billing is not None
    assert (billing.credit_balance, billing.debt_since) == (6 * DOLLAR, None)
    assert int(book.ledger.lots.get(book.lot("pi_1") or "").remaining) == 6 * DOLLAR
    assert audit(book.database) == []


def test_the_first_payment_is_the_earliest_whatever_came_first(book: Book) -> None:
    user = book.user()
    for ref, days in (("b", 5), ("a", 1), ("c", 9)):
        book.top_up(user, ref, DOLLAR, START + timedelta(days=days))
    billing = book.ledger.billings.one({"user_sid": user})
    assert billing is not None
    assert billing.first_paid_at == START + timedelta(days=1)
    assert billing.last_active_at == START + timedelta(days=9)
    assert audit(book.database) == []


def test_a_dispute_freezes_until_it_is_won_and_for_good_when_it_is_lost(book: Book) -> None:
    user = book.user()

    def frozen() -> bool:
        assert audit(book.database) == []
        billing = book.ledger.billings.one({"user_sid": user})
        assert billing is not None
        return billing.frozen

    book.top_up(user, "pi_1", 10 * DOLLAR)
    book.hold(user, "d1", 4 * DOLLAR, book.lot("pi_1"))
    book.hold(user, "d2", DOLLAR, book.lot("pi_1"))
    assert (frozen(), book.balance(user)) == (True, 5 * DOLLAR)
    book.release(user, "d1-won", 4 * DOLLAR, book.lot("pi_1"))
    assert (frozen(), book.balance(user)) == (True, 9 * DOLLAR), "another one is open"
    book.release(user, "d2-won", DOLLAR, book.lot("pi_1"))
    assert (frozen(), book.balance(user)) == (False, 10 * DOLLAR)
    assert int(book.ledger.lots.get(book.lot("pi_1") or "").remaining) == 10 * DOLLAR, "back in its lot"
    book.hold(user, "d3", 4 * DOLLAR)
    book.lose(user, "d3-lost", 4 * DOLLAR)
    assert (frozen(), book.balance(user)) == (True, 6 * DOLLAR)
    book.adjustments.freeze(book.context, user_sid=user, on=False, reason="talked to them")
    assert not frozen()
    book.adjustments.freeze(book.context, user_sid=user, on=True, reason="again")
    book.hold(user, "d4", DOLLAR)
    book.release(user, "d4-won", DOLLAR)
    assert frozen(), "a won dispute does not undo what an operator decided"


def test_a_spent_lot_is_found_again(book: Book) -> None:
    user = book.user()
    book.top_up(user, "pi_1", 5 * DOLLAR)
    book.refund(user, "re_1", 5 * DOLLAR, book.lot("pi_1"))
    book.refund_failed(user, "re_1-failed", 5 * DOLLAR, book.lot("pi_1"))
    assert [(int(lot.amount), int(lot.remaining)) for lot in book.ledger.lots.list_full()["items"]] == [
        (5 * DOLLAR, 5 * DOLLAR)
    ]
    assert audit(book.database) == []


def test_another_users_lot_is_not_found(book: Book) -> None:
    one, other = book.user(), book.user()
    book.top_up(one, "pi_1", 5 * DOLLAR)
    book.refund(one, "re_1", 5 * DOLLAR, book.lot("pi_1"))
    book.refund_failed(other, "re_1-failed", DOLLAR, book.lot("pi_1"))
    assert (book.balance(one), book.balance(other)) == (0, DOLLAR)
    assert audit(book.database) == []


def test_anybody_can_compute_the_chain_again(book: Book) -> None:
    """From what the API answers, with nothing but SHA-256 and JSON with sorted keys."""
    user = book.user()
    book.top_up(user, 'pi_é\u2028"\\', 5 * DOLLAR)
    book.charge(user, "a", 1234567890)
    methods = {
        method.name: method for method in crud.methods([LEDGER_ENTRY, LEDGER_TRANSACTION, CREDIT_LOT], book.database)
    }

    def listed(name: str) -> list[dict[str, object]]:
        method = methods[f"{name}.list_full"]
        context = Context(ADMIN, book.clock, book.database, "id")
        items: list[dict[str, object]] = from_json(method.encode(method.call(context, {})))["items"]
        return items

    def digest(value: object) -> str:
        return sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()

    lots = {
        lot["transaction_sid"]: {name: value for name, value in lot.items() if name not in ("remaining", "rev")}
        for lot in listed("credit_lot")
    }
    hashes = {}
    for transaction in listed("ledger_transaction"):
        hashes[transaction["sid"]] = transaction.pop("hash")
        assert digest({**transaction, "lot": lots.get(transaction["sid"])}) == hashes[transaction["sid"]]
    previous = "0" * 64
    chained = sorted(listed("ledger_entry"), key=lambda entry: str(entry["sid"]))
    assert [entry["position"] for entry in chained] == [1, 2, 3, 4]
    for entry in chained:
        hash_ = entry.pop("hash")
        assert entry["previous_hash"] == previous
        assert digest({**entry, "transaction_hash": hashes[entry["transaction_sid"]]}) == hash_
        previous = str(hash_)


def test_canonical_bytes() -> None:
    """To the byte, so that no library changes them unseen."""
    entry = {
        "sid": "e1",
        "position": 7,
        "transaction_sid": "t1",
        "account": "cash:stripe",
        "user_sid": None,
        "amount": "25.00",
        "balance_after": "-0.000000001",
        "effective_at": START,
        "posted_at": START,
        "reason": "Top-up “é” \x01\n/\x7f",
        "source": "payment:stripe:pi_1",
        "previous_hash": GENESIS,
    }
    fields = {name: entry[name] for name in chain.ENTRY}
    assert (
        canonical(fields)
        == (
            '{"account":"cash:stripe","amount":"25.00","balance_after":"-0.000000001",'
            '"effective_at":"2026-05-20T22:03:14Z","position":7,"posted_at":"2026-05-20T22:03:14Z",'
            f'"previous_hash":"{"0" * 64}","reason":"Top-up “é” \\u0001\\n/\x7f","sid":"e1",'
            '"source":"payment:stripe:pi_1","transaction_sid":"t1","user_sid":null}'
        ).encode()
    )


def test_what_64_bits_cannot_hold_is_refused(book: Book) -> None:
    user = book.user()
    most = 2**63 - 1
    book.post(user, TransactionKind.GRANT, "a", lambda wallet: rules.grant(wallet, most), "plan:x")
    for key, amount in (("b", 1), ("c", most + 1)):
        with pytest.raises(LedgerOverflow):
            book.post(user, TransactionKind.GRANT, key, partial(rules.grant, amount=amount), "plan:x")
    assert book.balance(user) == most
    assert audit(book.database) == []


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_least_that_64_bits_can_hold(book: Book, beyond: int) -> None:
    """Half of it from a grant, half as debt: no other entry is as large."""
    user = book.user()
    book.post(user, TransactionKind.GRANT, "a", lambda wallet: rules.grant(wallet, 2**62), "plan:x")
    if beyond:
        with pytest.raises(LedgerOverflow):
            book.charge(user, "b", 2**63 + beyond)
    else:
        book.charge(user, "b", 2**63)
    assert book.balance(user) == (2**62 if beyond else -(2**62))
    assert audit(book.database) == []


@pytest.mark.parametrize("kind", list(TransactionKind))
def test_what_shows_that_a_user_is_active(book: Book, kind: TransactionKind) -> None:
    user = book.user()
    book.post(user, kind, "a", lambda wallet: rules.top_up(wallet, "stripe", DOLLAR))
    billing = book.ledger.billings.one({"user_sid": user})
    assert billing is not None
    active = kind in (TransactionKind.TOP_UP, TransactionKind.USAGE, TransactionKind.PLAN)
    assert billing.last_active_at == (START if active else None)
    assert billing.first_paid_at == (START if kind == TransactionKind.TOP_UP else None)
    assert billing.lifetime_paid == (DOLLAR if kind == TransactionKind.TOP_UP else 0)


def test_what_is_no_posting_is_refused(book: Book) -> None:
    user = book.user()

    def post(draw: object, source: str = "plan:x", who: str = user) -> None:
        book.post(who, TransactionKind.ADJUSTMENT, "k", draw, source)  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="nothing to post"):
        post(lambda wallet: None)
    with pytest.raises(ValueError, match="sum to zero"):
        post(lambda wallet: wallet.house("adjustment", 5))
    with pytest.raises(ValueError, match="a source is"):
        post(lambda wallet: rules.grant(wallet, 5), "somebody")
    with pytest.raises(ValueError, match="positive"):
        post(lambda wallet: rules.grant(wallet, -5))
    with pytest.raises(ValueError, match="pattern"):
        post(lambda wallet: rules.charge(wallet, "revenue", 5))
    with pytest.raises(ValueError, match="held"):
        post(lambda wallet: rules.release(wallet, 5, None))
    with pytest.raises(UnknownReference):
        post(lambda wallet: rules.grant(wallet, 5), who="nobody")
    with pytest.raises(RuntimeError, match="transaction"):
        book.ledger.post(
            user_sid=user,
            kind=TransactionKind.GRANT,
            key="k",
            source="plan:x",
            reason="r",
            effective_at=START,
            draw=lambda wallet: rules.grant(wallet, 5),
        )
    assert entries(book) == []
    assert audit(book.database) == []


def test_a_clock_that_steps_back_does_not_take_the_ledger_back(book: Book) -> None:
    user = book.user()
    book.top_up(user, "a", DOLLAR)
    book.later(-3600)
    posted = book.top_up(user, "b", DOLLAR)
    assert posted is not None
    assert posted.posted_at == START
    assert audit(book.database) == []


def test_a_user_without_a_balance_is_given_one(book: Book) -> None:
    user = book.user()
    book.database.execute("DELETE FROM billing")
    book.charge(user, "a", DOLLAR)
    assert book.balance(user) == -DOLLAR
    assert audit(book.database) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET amount = 0",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_transaction SET reason = 'x'",
        "DELETE FROM ledger_transaction",
    ],
)
def test_what_is_posted_stays(book: Book, statement: str) -> None:
    book.top_up(book.user(), "a", DOLLAR)
    with pytest.raises(Exception, match="append-only"):
        book.database.execute(statement)
    assert audit(book.database) == []


def test_a_refund_takes_its_own_payment_first_and_no_granted_credit(book: Book) -> None:
    user = book.user()
    book.top_up(user, "pi_1", 5 * DOLLAR)
    book.top_up(user, "pi_2", 3 * DOLLAR)
    book.post(user, TransactionKind.GRANT, "g", lambda wallet: rules.grant(wallet, DOLLAR), "plan:x")
    book.refund(user, "re_2", 2 * DOLLAR, book.lot("pi_2"))
    assert [int(lot.remaining) for lot in book.ledger.lots.list_full()["items"]] == [5 * DOLLAR, DOLLAR, DOLLAR]
    book.refund(user, "re_1", 9 * DOLLAR, book.lot("pi_1"))
    assert [int(lot.remaining) for lot in book.ledger.lots.list_full()["items"]] == [0, 0, DOLLAR]
    assert (book.balance(user), book.ledger.balances(user)["receivable"]) == (-2 * DOLLAR, 3 * DOLLAR)
    assert audit(book.database) == []
