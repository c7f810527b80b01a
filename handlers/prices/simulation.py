"""What another price book would have charged for usage that was charged already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import encode_otime
from codegen.runtime.values.types import Money
from generated.errors.onboarding import PriceBookInvalid
from generated.models.onboarding import DiscountTier, PriceSimulation, SimulatedCharge, UsageRecord
from generated.tables.onboarding import USAGE_RECORD
from handlers.prices import statements
from handlers.pricing.book import Book
from handlers.pricing.charge import CannotBePriced, Usage, charge
from handlers.pricing.ladder import Step, percent_of

BATCH = 500


class Simulations:
    """Reads the usage records of a database; `steps` are the ladder's."""

    def __init__(self, database: Database, steps: tuple[Step, ...]) -> None:
        self._database, self._steps = database, steps
        self._records = Store.of(USAGE_RECORD, database)
        self._between = database.prepare(statements.USAGE_BETWEEN)

    def run(self, book: Book, since: datetime, until: datetime) -> PriceSimulation:
        """The charges of `[since, until)` beside those by `book`, at the tier and by the base of each record. A record
        that takes another one back gives back what that one would have cost.

        Raises `PriceBookInvalid` for a book without a price for something that was used.
        """
        charged: dict[str, int] = defaultdict(int)
        simulated: dict[str, int] = defaultdict(int)
        for record in self._read(since, until):
            charged[record.user_sid] += int(record.charge)
            taken_back = self._taken_back(record)
            cost = self._cost(book, taken_back or record)
            simulated[record.user_sid] += cost if taken_back is None else -cost
        users = [
            SimulatedCharge(
                user_sid=user,
                charged=Money(charged[user]),
                simulated=Money(simulated[user]),
                difference=Money(simulated[user] - charged[user]),
            )
            for user in sorted(charged)
        ]
        return PriceSimulation(
            since=since,
            until=until,
            users=users,
            charged=Money(sum(charged.values())),
            simulated=Money(sum(simulated.values())),
        )

    def _taken_back(self, record: UsageRecord) -> UsageRecord | None:
        if record.void is None:
            return None
        return self._records.one({"node_id": record.node_id, "idempotency_key": record.void})

    def _cost(self, book: Book, record: UsageRecord) -> int:
        rate = book.rate(str(record.resource_kind), record.model)
        if rate is None:
            raise PriceBookInvalid(detail=f"prices: {record.resource_kind} was used and has no price")
        usage = Usage(record.quantity, record.cost, record.amount_cents)
        try:
            percent = percent_of(DiscountTier(record.tier), self._steps)
            return charge(rate, usage, percent, record.discount_base).charge
        except CannotBePriced as error:
            raise PriceBookInvalid(detail=f"prices: {error} (record {record.sid})") from None

    def _read(self, since: datetime, until: datetime) -> Iterator[UsageRecord]:
        after = ""
        times = (encode_otime(since), encode_otime(until))
        while rows := self._database.execute(self._between, (after, *times, BATCH)):
            for row in rows:
                record = self._records.object(self._records.decode(row))
                after = record.sid
                yield record
