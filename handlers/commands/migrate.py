"""`hero-onboarding migrate`: bring the database to this program's version, or say where it stands."""

import click

from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database
from handlers.commands import start
from handlers.version import DIRECTORY, migrate, waiting


@click.command(name="migrate")
@click.option("--status", "only_status", is_flag=True, help="Change nothing; exit 1 where migrations wait.")
def command(only_status: bool) -> None:
    """Bring the database to this program's version."""
    settings = start.settings()
    with start.database_faults():
        database = Database.open(settings.database_url)
        if only_status:
            status(database)
            return
        count = migrate(database, lambda name: click.echo(f"applying {name}"))
    click.echo("the database is up to date" if count else "nothing to do: the database is up to date")


def status(database: Database) -> None:
    """Print what was applied and what waits."""
    for row in migrations.status(database, DIRECTORY).applied:
        click.echo(f"applied  {row.name}")
    names = waiting(database)
    for name in names:
        click.echo(f"waiting  {name}")
    if names:
        raise SystemExit(1)
