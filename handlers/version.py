"""The version of the database that this program works with, and how to get there."""

from collections.abc import Callable
from pathlib import Path

from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database

DIRECTORY = Path(__file__).resolve().parent.parent / "schemas" / "migrations"
MEND = "hero-onboarding migrate"


def require_current(database: Database) -> None:
    """Raise `NotCurrent`, with the command that mends it, unless exactly the known migrations are applied."""
    migrations.require_current(database, DIRECTORY, MEND)


def migrate(database: Database, on_step: Callable[[str], None] | None = None) -> int:
    """Bring the database forward; how many migrations that took. Raises `MigrationError`."""
    tell = (lambda migration, _: on_step(migration.name)) if on_step else None
    return len(migrations.apply(database, DIRECTORY, on_step=tell))
