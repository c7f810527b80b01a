"""`hero-onboarding checkpoint`: sign the root of the ledger now."""

from __future__ import annotations

import click

from codegen.runtime.context import SystemClock
from handlers.checkpoints.checkpoints import Checkpoints, LedgerChanged
from handlers.checkpoints.ledger_tree import Incomplete
from handlers.commands import start
from handlers.node.errors import NodeError


@click.command(name="checkpoint")
@click.option("--json", "as_json", is_flag=True, help="Print the checkpoint as JSON.")
def command(as_json: bool) -> None:
    """Sign the Merkle root of all entries of the ledger, up to now.

    A site does so every day. Where the last checkpoint of today has all entries, that one is shown.
    """
    settings = start.settings()
    checkpoints = Checkpoints(start.database(settings), SystemClock(), settings.var_dir / "checkpoints")
    try:
        with start.database_faults():
            made = checkpoints.make() or checkpoints.last()
    except (LedgerChanged, Incomplete, NodeError) as error:
        raise click.ClickException(str(error)) from None
    if made is None:
        raise click.ClickException("nothing was posted yet: there is nothing to sign")
    click.echo(
        made.model_dump_json() if as_json else f"{made.day}: root {made.root} over {made.last_position} entries, signed"
    )
