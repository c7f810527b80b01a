"""`hero-onboarding audit`: prove the ledger, or say what is wrong with it and exit with 1."""

import click

from handlers.commands import start
from handlers.composition import registered_audits
from handlers.ledger.audit import MOST, report


@click.command(name="audit")
@click.option("--json", "as_json", is_flag=True, help="Print {entries, findings, duration_ms} instead.")
def command(as_json: bool) -> None:
    """Prove that the ledger's sums are zero, its chain is unbroken, and lots, balances and payments agree with it."""
    database = start.database(start.settings())
    with start.database_faults():
        found = report(database, registered_audits())
    if as_json:
        click.echo(found.model_dump_json())
    elif not found.findings:
        click.echo(f"the ledger holds: {found.entries} entries proved in {found.duration_ms / 1000:.1f} s")
    for finding in [] if as_json else found.findings:
        click.echo(f"{finding.check} {finding.subject}: {finding.detail}", err=True)
    if len(found.findings) == MOST and not as_json:
        click.echo(f"these are the first {MOST} findings", err=True)
    if found.findings:
        raise SystemExit(1)
