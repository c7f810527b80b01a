"""The lines behind a charge: what a user's nodes reported in one commit, where it stands, and how its cost was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.models.onboarding import UsageRecord
from generated.tables.onboarding import USAGE_RECORD
from handlers.prices.books import PriceBooks
from handlers.pricing.book import Rate
from handlers.pricing.charge import OF_CALLS
from handlers.usage import statements

MOST = 500
"""So many lines of a commit are shown."""


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A line with the rate that it was priced by and the time from which its book holds; both are None where the book
    does not know the price any more."""

    record: UsageRecord
    rate: Rate | None
    book_from: datetime | None

    @property
    def by_cost(self) -> bool:
        """Whether its charge was made of the cost that the node told, as far as is known."""
        return self.record.cost is not None and (self.rate is None or self.rate.unit in OF_CALLS)


class OwnLines:
    """Reads the records of `database`."""

    def __init__(self, database: Database, books: PriceBooks) -> None:
        self._database, self._books = database, books
        self._records = Store.of(USAGE_RECORD, database)
        self._of_commit = database.prepare(statements.OWN_LINES_OF_COMMIT)

    def of_commit(self, user_sid: str, node_id: str, commit: str) -> tuple[list[OwnLine], bool]:
        """A user's own lines of a commit, the first `MOST` as they stand there, and whether there are more."""
        rows = self._database.execute(self._of_commit, (node_id, commit, user_sid, MOST + 1))
        records = [self._records.object(self._records.decode(row)) for row in rows[:MOST]]
        prices = {rate.sid: (rate, book.effective_from) for book in self._books.every() for rate in book.rates}
        return [OwnLine(each, *prices.get(each.price_sid or "", (None, None))) for each in records], len(rows) > MOST
