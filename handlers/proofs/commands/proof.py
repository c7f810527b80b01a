"""`hero-onboarding proof USER --out FILE`: write the proof of a user's charges."""

from __future__ import annotations

import json
from pathlib import Path

import click

from codegen.runtime.context import SystemClock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.store import Store
from generated.tables.onboarding import USER
from handlers.checkpoints.checkpoints import Checkpoints, LedgerChanged
from handlers.checkpoints.ledger_tree import Incomplete
from handlers.checkpoints.settings import CheckpointSettings
from handlers.commands import start
from handlers.node.errors import NodeError
from handlers.prices.books import PriceBooks
from handlers.prices.settings import PriceSettings
from handlers.proofs.charges import CannotProve, Proofs, Signed
from handlers.usage.mirrors import Mirrors
from handlers.usage.nodes import Nodes
from handlers.usage.settings import UsageSettings


@click.command(name="proof")
@click.argument("user")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--files", is_flag=True, help="Put whole files of nodes in, with other users' lines, for an auditor.")
def command(user: str, out: Path, files: bool) -> None:
    """Write what USER (a sid or a Mycelium address) was charged for usage: the lines, the signed commits in which they
    stand, their prices, and the entries of the ledger below its signed root, which is made where today's lacks some.

    `hero-onboarding verify-proof FILE` checks it offline.
    """
    settings, clock = start.settings(), SystemClock()
    assert isinstance(settings, UsageSettings) and isinstance(settings, PriceSettings)
    assert isinstance(settings, CheckpointSettings)
    database = start.database(settings)
    users = Store.of(USER, database)
    found = users.one({"mycelium_address": user}) if ":" in user else users.get_many([user]).get(user)
    if found is None:
        raise click.ClickException(f"there is no user {user}")
    proofs = Proofs(
        database,
        Nodes(database, clock, Log()),
        Mirrors.below(settings.mirrors, settings.fetch_limits),
        PriceBooks(database, clock),
        settings,
    )
    checkpoints, count = Checkpoints(database, clock, settings.checkpoint_folder), 0
    try:
        with start.database_faults(), out.open("w", encoding="utf-8") as file:
            last = checkpoints.make() or checkpoints.last()
            if last is None:
                raise CannotProve("nothing was posted yet: there is nothing to prove")
            with database.transaction(write=False):
                signed = Signed(checkpoints.ledger, last, checkpoints.key)
                for row in proofs.of(found.sid, clock.now(), signed, files):
                    file.write(json.dumps(row) + "\n")
                    count += row["kind"] == "line"
    except (CannotProve, LedgerChanged, Incomplete, NodeError) as error:
        out.unlink(missing_ok=True)
        raise click.ClickException(str(error)) from None
    click.echo(f"{out}: {count} lines of {found.sid}")
