"""Price books in the database: loaded whole, each effective from a time on, never changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from codegen.runtime.context import Clock
from codegen.runtime.errors import NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import encode_otime
from codegen.runtime.values.types import Money
from generated.errors.onboarding import PriceBookConflict, PriceBookInvalid
from generated.models.onboarding import Price, PriceBook, PriceList, PriceUnit, ResourceCategory
from generated.tables.onboarding import PRICE, PRICE_BOOK
from handlers.prices import statements
from handlers.prices.book_file import BookFile, read_book
from handlers.pricing.book import Book, Rate

SHIPPED = Path(__file__).parent / "shipped_book.yaml"


class PriceBooks:
    """The books of a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._books = Store.of(PRICE_BOOK, database)
        self._prices = Store.of(PRICE, database)
        self._at = database.prepare(statements.BOOK_AT)

    def at(self, moment: datetime) -> PriceList:
        """The prices in force at a time. Raises `NotFound`."""
        rows = self._database.execute(self._at, (encode_otime(moment),))
        if not rows:
            raise NotFound("no price book was in force at that time")
        return self._list(self._books.object(self._books.decode(rows[0])))

    def book_at(self, moment: datetime) -> Book:
        """The same, as charges are made of it. Raises `NotFound`."""
        return as_book(self.at(moment))

    def newest(self) -> str | None:
        """The sid of the book that was loaded last."""
        found = self._books.latest({}, 1)
        return found[0].sid if found else None

    def every(self) -> list[Book]:
        """All books, as charges are made of them."""
        books: list[PriceBook] = []
        cursor: str | None = None
        while True:
            page = self._books.list_full(1000, cursor)
            books += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return [as_book(self._list(book)) for book in books]

    def load(self, file: BookFile) -> PriceList:
        """Keep a book; one that is loaded already stays as it is. Raises `PriceBookConflict` where another one begins
        at the same time, and `PriceBookInvalid` for one that would change prices of the past."""

        def work() -> PriceList:
            known = self._books.one({"digest": file.digest})
            if known is None:
                known = self._new(file)
            return self._list(known)

        return self._database.run(work)

    def load_configured(self, path: Path | None) -> None:
        """Load the book that the settings name, or the shipped one as long as there is none. Raises as `load`, and
        `OSError`."""
        if path is None and self._books.list(1)["items"]:
            return
        self.load(read_book((path or SHIPPED).read_text(encoding="utf-8")))

    def _new(self, file: BookFile) -> PriceBook:
        now, begins = self._clock.now().replace(microsecond=0), file.book.effective_from
        if self._books.one({"effective_from": begins}) is not None:
            raise PriceBookConflict(effective_from=begins)
        if begins < now and self._books.list(1)["items"]:
            raise PriceBookInvalid(detail="effective_from: lies in the past, whose prices do not change any more")
        book = self._books.new(
            {"effective_from": begins, "digest": file.digest, "note": file.note, "loaded_at": now}, now
        )
        for rate in file.book.rates:
            self._prices.new(
                {
                    "book_sid": book.sid,
                    "category": rate.category,
                    "kind": rate.kind,
                    "model": rate.model,
                    "unit": rate.unit,
                    "unit_price": Money(rate.unit_price),
                    "margin_bp": rate.margin_bp,
                    "discountable": rate.discountable,
                },
                now,
            )
        return book

    def _list(self, book: PriceBook) -> PriceList:
        prices: list[Price] = []
        cursor: str | None = None
        while True:
            page = self._prices.find({"book_sid": book.sid}, limit=1000, cursor=cursor)
            prices += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return PriceList(book=book, prices=prices)


def as_book(found: PriceList) -> Book:
    """Stored prices as pure rules take them."""
    return Book(
        found.book.effective_from,
        tuple(
            Rate(
                ResourceCategory(price.category),
                str(price.kind),
                PriceUnit(price.unit),
                int(price.unit_price),
                price.margin_bp,
                price.discountable,
                price.model,
                price.sid,
            )
            for price in found.prices
        ),
    )
