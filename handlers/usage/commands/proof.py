"""`hero-onboarding proof USER --out FILE`: write the proof of a user's charges."""

from __future__ import annotations

import json
from pathlib import Path

import click

from codegen.runtime.context import SystemClock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import USER
from handlers.commands import start
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes import Nodes
from handlers.usage.proof import CannotProve, Proofs
from handlers.usage.settings import UsageSettings


@click.command(name="proof")
@click.argument("user")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def command(user: str, out: Path) -> None:
    """Write what USER (a sid or a Mycelium address) was charged for usage, with the signed commits that say so."""
    settings, clock = start.settings(), SystemClock()
    assert isinstance(settings, UsageSettings) and isinstance(settings, PriceSettings)
    database = start.database(settings)
    users = Store.of(USER, database)
    found = users.one({"mycelium_address": user}) if ":" in user else users.get_many([user]).get(user)
    if found is None:
        raise click.ClickException(f"there is no user {user}")
    mirrors = Mirrors.below(settings.mirrors)
    nodes, books = Nodes(database, clock, Log()), PriceBooks(database, clock)
    count = 0
    try:
        with start.database_faults(), out.open("w", encoding="utf-8") as file:
            for row in Proofs(database, nodes, mirrors, books, settings).of(found.sid, clock.now()):
                file.write(json.dumps(row) + "\n")
                count += row["kind"] == "line"
    except CannotProve as error:
        out.unlink(missing_ok=True)
        raise click.ClickException(str(error)) from None
    click.echo(f"{out}: {count} lines of {found.sid}")
