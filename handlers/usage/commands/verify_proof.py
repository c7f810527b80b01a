"""`hero-onboarding verify-proof FILE`: check a proof of charges offline."""

from __future__ import annotations

import json
from pathlib import Path

import click

from handlers.usage.verify_proof import said, signer, verify


@click.command(name="verify-proof")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print {lines, commits, charge, entries, signed_by, wrong}; charge in nano-dollars.",
)
def command(file: Path, as_json: bool) -> None:
    """Check the signatures and the arithmetic of FILE; exit 1 where something is wrong."""
    try:
        checker, wrong = verify(str(file))
    except ValueError as error:
        raise click.ClickException(f"{file} is no proof: {error}") from None
    if as_json:
        found = {
            "lines": checker.lines,
            "commits": len(checker.commits),
            "charge": str(checker.charge),
            "entries": checker.entries,
            "signed_by": None if checker.checkpoint is None else signer(checker.checkpoint),
            "wrong": wrong,
        }
        click.echo(json.dumps(found))
    elif not wrong:
        click.echo(said(checker))
    if wrong:
        raise click.ClickException("\n".join(wrong))
