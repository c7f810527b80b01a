"""`hero-onboarding discount-ladder --once`: refresh the discount tiers that are shown."""

import click

from codegen.runtime.context import SystemClock
from handlers.commands import start
from handlers.prices.ladder_job import LadderJob
from handlers.prices.settings import PriceSettings


@click.command(name="discount-ladder")
@click.option("--once", is_flag=True, help="Do it now, once; a running site does it by itself.")
@click.option("--json", "as_json", is_flag=True, help="Print {users, changed, duration_ms}.")
def command(once: bool, as_json: bool) -> None:
    """Refresh the discount tiers that are shown, and tell users of a new one."""
    if not once:
        raise click.UsageError("give --once; a running site does it by itself")
    settings = start.settings()
    assert isinstance(settings, PriceSettings)
    database = start.database(settings)
    with start.database_faults():
        report = LadderJob(database, SystemClock(), settings.ladder).tick()
    click.echo(report.model_dump_json() if as_json else f"{report.changed} of {report.users} tiers changed")
