"""`hero-onboarding verify-proof FILE`: check a proof of charges, of entries, or of growth offline."""

from __future__ import annotations

import json
from pathlib import Path

import click

from handlers.proofs.verify_proof import said, verify

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="verify-proof")
@click.argument("file", type=FILE)
@click.option("--kept", type=FILE, help="A checkpoint that you kept, as JSON: the proof must begin there.")
@click.option("--key", type=FILE, help="The site's public key (its `key.pub`): whose else signed is wrong.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print {lines, traced, commits, charge, entries, signed_by, wrong}; charge in nano-dollars.",
)
def command(file: Path, kept: Path | None, key: Path | None, as_json: bool) -> None:
    """Check the signatures, hashes and arithmetic of FILE; exit 1 where something is wrong."""
    try:
        checker, wrong = verify(str(file), None if kept is None else str(kept))
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    signed_by = checker.signed_by
    if key is not None and key.read_text(encoding="utf-8", errors="replace").split()[:2] != (signed_by or "").split():
        wrong.append(f"it is signed with the key {signed_by}, which is not the one in {key}")
    if as_json:
        found = {
            "lines": checker.lines,
            "traced": checker.traced,
            "commits": len(checker.commits),
            "charge": str(checker.charge),
            "entries": checker.entries,
            "signed_by": signed_by,
            "wrong": wrong,
        }
        click.echo(json.dumps(found))
    elif not wrong:
        click.echo(said(checker))
    if wrong:
        raise click.ClickException("\n".join(wrong))
