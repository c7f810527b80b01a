"""`prices.*` and `billing.discount_ladder_tick`: books for operators, and the tiers that are shown."""

from __future__ import annotations

from datetime import datetime

from codegen.runtime.context import Context
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.rpc.wiring import own_transactions, serves
from generated.models.onboarding import LadderReport, PriceList, PriceSimulation
from generated.services.onboarding import BillingService, PricesService
from handlers.admin.acts import Acts
from handlers.prices.book_file import read_book
from handlers.prices.books import PriceBooks
from handlers.prices.ladder_job import LadderJob
from handlers.prices.simulation import Simulations

LOAD, TICK = "prices.load", "billing.discount_ladder_tick"


class PricesHandler(PricesService):
    """`PricesService` over the books of a database."""

    def __init__(self, books: PriceBooks, simulations: Simulations) -> None:
        self._books, self._simulations = books, simulations

    def current(self, context: Context, *, at: datetime | None = None) -> PriceList:
        """Prices in force now, or at a time."""
        return self._books.at(at or context.clock.now())

    def load(self, context: Context, *, book: str, reason: str) -> PriceList:
        """Load a price book; loading it again changes nothing."""
        return load(self._books, context, book, reason)

    @runs(Place.LONG)
    def simulate(self, context: Context, *, book: str, since: datetime, until: datetime) -> PriceSimulation:
        """What a book would have charged."""
        return self._simulations.run(read_book(book).book, since, until)


@serves(BillingService)
class LadderHandler:
    """The part of `BillingService` that is about the ladder."""

    def __init__(self, job: LadderJob) -> None:
        self._job = job

    @own_transactions
    def discount_ladder_tick(self, context: Context) -> LadderReport:
        """Refresh the tiers that are shown."""
        return tick(self._job, context)


def load(books: PriceBooks, context: Context, text: str, reason: str, operator: str | None = None) -> PriceList:
    """Load a book, with the operator's act. Call it in a transaction. Raises what `PricesService.load` declares."""
    file = read_book(text)
    loaded = books.load(file)
    begins = file.book.effective_from.isoformat()
    arguments = {"digest": file.digest, "effective_from": begins}
    Acts(context.database).record(context, LOAD, loaded.book.sid, arguments, reason, operator=operator)
    return loaded


def tick(job: LadderJob, context: Context) -> LadderReport:
    """Run the job, with the operator's act behind it."""
    report = job.tick()
    done = {"users": int(report.users), "changed": int(report.changed)}
    acts = Acts(context.database)
    context.database.run(lambda: acts.record(context, TICK, "", {}, "Tiers refreshed", after=done))
    return report
