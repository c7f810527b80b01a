"""The version of the database that this program works with, and how to get there."""

from collections.abc import Callable
from pathlib import Path

from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database
from handlers.work.queue import tables as queue_tables

DIRECTORY = Path(__file__).resolve().parent.parent / "schemas" / "migrations"
MEND = "hero-onboarding migrate"


def require_current(database: Database) -> None:
    """Raise `NotCurrent`, with the command that mends it, unless exactly the known migrations are applied."""
    migrations.require_current(database, DIRECTORY, MEND)
    if queue_tables.missing(database):
        raise migrations.NotCurrent(f"the database lacks the tables of the {queue_tables.STEP}; run `{MEND}`")


def migrate(database: Database, on_step: Callable[[str], None] | None = None) -> int:
    """Bring the database forward; how many steps that took. Raises `MigrationError`."""
    steps: list[str] = []

    def tell(name: str, _: str = "up") -> None:
        steps.append(name)
        if on_step:
            on_step(name)

    migrations.apply(database, DIRECTORY, on_step=tell)
    if queue_tables.migrate(database):
        tell(queue_tables.STEP)
    return len(steps)


def waiting(database: Database) -> tuple[str, ...]:
    """What `migrate` would do, by name. Raises `MigrationError`."""
    found = migrations.status(database, DIRECTORY).waiting
    return (*found, queue_tables.STEP) if queue_tables.missing(database) else found
