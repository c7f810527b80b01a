"""`hero-onboarding prices`: load a book, show what is in force, see what a book would have charged."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click

from codegen.runtime.context import ADMIN, Context, SystemClock
from codegen.runtime.errors import DeclaredError
from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Money
from generated.models.onboarding import PriceList
from handlers.admin.acts import COMMAND_LINE, NO_REASON
from handlers.commands import start
from handlers.commands.group import CommandGroup
from handlers.commands.moment import Moment
from handlers.prices.book_file import read_book
from handlers.prices.books import PriceBooks
from handlers.prices.configured import load_configured, said
from handlers.prices.service import load as load_book
from handlers.prices.settings import PriceSettings
from handlers.prices.simulation import Simulations
from handlers.settings import Settings, SettingsInvalid

BOOK = click.argument("book", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
MOMENT = Moment()


@click.group(name="prices", cls=CommandGroup)
def command() -> None:
    """Load a price book, show the prices in force, see what another book would have charged."""


@command.command()
@BOOK
@click.option("--reason", default=NO_REASON, help="Why; it is kept in the audit log.")
def load(book: Path, reason: str) -> None:
    """Load a price book (YAML). It counts from its `effective_from` on and is never changed."""
    if not 1 <= len(reason) <= 500:
        raise click.UsageError("--reason has 1 to 500 characters")
    settings = start.settings()
    database = start.database(settings)
    with start.database_faults():
        books = _books(database, settings)
        context = Context(ADMIN, SystemClock(), database, new_sid())
        try:
            loaded = database.run(lambda: load_book(books, context, _text(book), reason, COMMAND_LINE))
        except DeclaredError as error:
            raise click.ClickException(said(error)) from None
    click.echo(f"loaded: {len(loaded.prices)} prices, in force from {loaded.book.effective_from:%Y-%m-%dT%H:%M:%SZ} on")


@command.command()
@click.option("--at", type=MOMENT, help="At a time (UTC) instead of now.")
@AS_JSON
def current(at: datetime | None, as_json: bool) -> None:
    """Show the prices in force."""
    settings = start.settings()
    database = start.database(settings)
    with start.database_faults():
        try:
            found = _books(database, settings).at(at or SystemClock().now())
        except DeclaredError as error:
            raise click.ClickException(said(error)) from None
    if as_json:
        click.echo(found.model_dump_json())
        return
    _show(found)


@command.command()
@BOOK
@click.option("--from", "since", type=MOMENT, required=True, help="Usage from this time (UTC) on,")
@click.option("--to", "until", type=MOMENT, required=True, help="and before this one.")
@AS_JSON
def simulate(book: Path, since: datetime, until: datetime, as_json: bool) -> None:
    """Show what a book would have charged for usage that was charged, per user and in sum."""
    settings = start.settings()
    assert isinstance(settings, PriceSettings)
    database = start.database(settings)
    with start.database_faults():
        try:
            found = Simulations(database, settings.ladder).run(read_book(_text(book)).book, since, until)
        except DeclaredError as error:
            raise click.ClickException(said(error)) from None
    if as_json:
        click.echo(found.model_dump_json())
        return
    for user in found.users:
        click.echo(
            f"{user.user_sid}  charged ${user.charged}  simulated ${user.simulated}  ({_signed(user.difference)})"
        )
    difference = Money(found.simulated - found.charged)
    click.echo(f"in sum  charged ${found.charged}  simulated ${found.simulated}  ({_signed(difference)})")


def _books(database: Database, settings: Settings) -> PriceBooks:
    """The books, with the one that a site would have loaded at its start."""
    assert isinstance(settings, PriceSettings)
    books = PriceBooks(database, SystemClock())
    try:
        load_configured(books, settings)
    except SettingsInvalid as error:
        raise click.ClickException(str(error)) from None
    return books


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.ClickException(f"{path} is no text") from None


def _show(found: PriceList) -> None:
    click.echo(f"in force from {found.book.effective_from:%Y-%m-%dT%H:%M:%SZ} on{_note(found.book.note)}")
    for price in found.prices:
        name = f"{price.kind} {price.model}".strip()
        ladder = "" if price.discountable else ", no discount"
        margin = f"{Decimal(price.margin_bp).scaleb(-2).normalize():f} %"  # basis points
        click.echo(f"{name:<28} ${price.unit_price} per {price.unit}, margin {margin}{ladder}")


def _note(note: str | None) -> str:
    return f": {note}" if note else ""


def _signed(amount: Money) -> str:
    return f"{'-' if amount < 0 else '+'}${abs(amount)}"
