"""Postings that are written together are what they would be one after the other; on both databases."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from generated.models.onboarding import TransactionKind
from handlers.ledger import wallet as rules
from handlers.ledger.drawing import Cause, Draft, LedgerOverflow
from tests.server.audited import audit
from tests.server.book import START, Book, create_tables

DOLLAR = 10**9
PAID, GRANTED, BOTH, POOR = (f"01J0000000000000000000000{number}" for number in range(1, 5))
EXPIRED_FIRST = "01J00000000000000000000000"


def usage(user: str, key: str, dollars: int, *, void: bool = False) -> Draft:
    kind = TransactionKind.USAGE_VOID if void else TransactionKind.USAGE
    rule = rules.usage_void if void else rules.usage
    cause = Cause(user, kind, key, f"usage:n1@{'a' * 40}:usage/x.jsonl:1", "Usage", START)
    return cause, partial(rule, account="revenue:llm", listed=dollars * DOLLAR, amount=dollars * DOLLAR // 2)


DRAFTS = [
    usage(EXPIRED_FIRST, "k1", 2),
    usage(BOTH, "k2", 10),
    usage(GRANTED, "k3", 4),
    usage(PAID, "k4", 6),
    usage(PAID, "k5", 40),
    usage(PAID, "k6", 8, void=True),
    usage(POOR, "k7", 2),
    usage(POOR, "k8", 12, void=True),
    usage(POOR, "k9", 2),
]


def grant(book: Book, user: str, dollars: int, days: int) -> None:
    draw = partial(rules.grant, amount=dollars * DOLLAR, expires_at=START + timedelta(days=days))
    assert book.post(user, TransactionKind.GRANT, f"grant:{user}", draw, "plan:x") is not None


def _post(book: Book, draft: Draft) -> object:
    cause, draw = draft
    return book.ledger.post(
        user_sid=cause.user_sid,
        kind=cause.kind,
        key=cause.key,
        source=cause.source,
        reason=cause.reason,
        effective_at=cause.effective_at,
        draw=draw,
    )


def one_after_the_other(book: Book) -> None:
    for draft in DRAFTS:
        assert _post(book, draft) is not None


def together(book: Book) -> None:
    assert book.ledger.post_many(DRAFTS) == len(DRAFTS)


def posted(database: Database, post: Callable[[Book], None]) -> list[Any]:
    """All that can be seen of the ledger after `post`, but sids and hashes."""
    create_tables(database)
    book = Book(database)
    for user in (EXPIRED_FIRST, PAID, GRANTED, BOTH, POOR):
        book.user(user)
    book.top_up(PAID, "pi_1", 10 * DOLLAR)
    book.top_up(PAID, "pi_2", 5 * DOLLAR)
    book.top_up(BOTH, "pi_3", 5 * DOLLAR)
    grant(book, EXPIRED_FIRST, 5, 1)
    grant(book, GRANTED, 3, 30)
    grant(book, BOTH, 3, 30)
    book.later(2 * 24 * 60 * 60)
    book.ledger.transaction(lambda: post(book))
    assert audit(database) == []
    found: list[list[Any]] = [
        book.ledger.entries.list_full(1000)["items"],
        book.ledger.lots.list_full(1000)["items"],
        book.ledger.billings.list_full(1000)["items"],
        book.ledger.transactions.list_full(1000)["items"],
    ]
    hidden = {"sid", "hash", "previous_hash", "transaction_sid"}
    seen = [sorted(repr(each.model_dump(exclude=hidden)) for each in rows) for rows in found]
    return [text.replace(lot_sid, "LOT") for rows in seen for text in rows for lot_sid in [_expired(book)]]


def _expired(book: Book) -> str:
    """The sid of the lot that expired, by which its expiry is keyed."""
    [key] = [
        each.posting_key
        for each in book.ledger.transactions.list_full(1000)["items"]
        if each.kind == TransactionKind.GRANT_EXPIRY
    ]
    return key.removeprefix("grant_expiry:")


def test_they_are_what_they_would_be_one_after_the_other(database: Database, tmp_path: Path) -> None:
    apart = Database.open(f"sqlite:///{tmp_path}/apart.db")
    try:
        assert posted(database, together) == posted(apart, one_after_the_other)
    finally:
        apart.close()


def test_a_key_that_was_posted_before_is_left_out(database: Database) -> None:
    create_tables(database)
    book = Book(database)
    for user in (PAID, POOR):
        book.user(user)
    first, second = usage(PAID, "k1", 2), usage(POOR, "k2", 2)
    assert book.ledger.transaction(lambda: book.ledger.post_many([first])) == 1
    assert book.ledger.transaction(lambda: book.ledger.post_many([first, second])) == 1
    assert book.ledger.transaction(lambda: book.ledger.post_many([])) == 0
    assert (book.balance(PAID), book.balance(POOR)) == (-DOLLAR, -DOLLAR)
    assert audit(database) == []


def test_what_cannot_be_posted_undoes_all_of_them(database: Database) -> None:
    create_tables(database)
    book = Book(database)
    for user in (PAID, POOR):
        book.user(user)
    with pytest.raises(LedgerOverflow):
        book.ledger.transaction(
            lambda: book.ledger.post_many(
                [usage(PAID, "k1", 2), usage(POOR, "k2", 9 * 10**9), usage(PAID, "k3", 10**9)]
            )
        )
    cause, draw = usage(PAID, "k1", 2)
    with pytest.raises(ValueError, match="a source is"):
        book.ledger.transaction(
            lambda: book.ledger.post_many([(Cause(PAID, cause.kind, "k1", "x", "Usage", START), draw)])
        )
    with pytest.raises(RuntimeError, match="inside"):
        book.ledger.post_many([usage(PAID, "k1", 2)])
    assert book.ledger.entries.list_full()["items"] == []
    assert audit(database) == []
