"""`hero-onboarding checkpoint`: sign the root of the ledger; prove what is below it, and that it only grew."""

from __future__ import annotations

import json
from pathlib import Path

import click

from codegen.runtime.context import SystemClock
from handlers.checkpoints.checkpoints import Checkpoints, LedgerChanged
from handlers.checkpoints.growth import NotGrown, growth, read_kept
from handlers.checkpoints.inclusion import NotBelow, inclusion
from handlers.checkpoints.ledger_tree import Incomplete
from handlers.checkpoints.publishing import publish
from handlers.checkpoints.settings import CheckpointSettings
from handlers.commands import start
from handlers.commands.group import CommandGroup
from handlers.node.errors import NodeError


@click.group(name="checkpoint", cls=CommandGroup, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the checkpoint as JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Sign the Merkle root of all entries of the ledger, up to now; push it where a repository is set.

    A site does so every day. Where the last checkpoint of today has all entries, that one is shown.
    """
    if context.invoked_subcommand is not None:
        return
    settings, checkpoints = _opened()
    try:
        with start.database_faults():
            made = checkpoints.make() or checkpoints.last()
            if settings.checkpoint_repo_url is not None:
                publish(checkpoints, settings.checkpoint_folder, settings.checkpoint_repo_url, SystemClock())
    except (LedgerChanged, Incomplete, NodeError) as error:
        raise click.ClickException(str(error)) from None
    if made is None:
        raise click.ClickException("nothing was posted yet: there is nothing to sign")
    click.echo(
        made.model_dump_json() if as_json else f"{made.day}: root {made.root} over {made.last_position} entries, signed"
    )


@command.command()
@click.argument("positions", nargs=-1, required=True, type=click.IntRange(min=1), metavar="POSITION…")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def prove(positions: tuple[int, ...], out: Path) -> None:
    """Write the proof that the ledger's entries at these positions are below the last signed root.

    `hero-onboarding verify-proof FILE` checks it offline.
    """
    _, checkpoints = _opened()
    with start.database_faults():
        last = checkpoints.last()
        if last is None:
            raise click.ClickException("there is no checkpoint yet; `hero-onboarding checkpoint` makes one")
        try:
            rows = list(inclusion(checkpoints.ledger, last, positions))
        except (NotBelow, Incomplete) as error:
            raise click.ClickException(str(error)) from None
        out.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    click.echo(f"{out}: {len(positions)} entries below the root of {last.day}")


@command.command()
@click.argument("kept", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
def consistency(kept: Path, out: Path) -> None:
    """Write the proof that the ledger of the last signed root goes on from that of KEPT, a checkpoint as JSON: nothing
    before was changed or taken away.

    `hero-onboarding verify-proof FILE --kept KEPT` checks it offline.
    """
    _, checkpoints = _opened()
    with start.database_faults():
        last = checkpoints.last()
        if last is None:
            raise click.ClickException("there is no checkpoint yet; `hero-onboarding checkpoint` makes one")
        try:
            rows = list(growth(checkpoints.ledger, read_kept(kept.read_bytes()), last))
        except (NotGrown, Incomplete) as error:
            raise click.ClickException(str(error)) from None
        out.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    click.echo(f"{out}: the ledger of {last.day} goes on from that of {rows[0]['day']}")


def _opened() -> tuple[CheckpointSettings, Checkpoints]:
    settings = start.settings()
    assert isinstance(settings, CheckpointSettings)
    return settings, Checkpoints(start.database(settings), SystemClock(), settings.checkpoint_folder)
