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
    """Bring the database forward; how many steps that took. Raises `MigrationError`."""
    steps: list[str] = []

    def tell(name: str, _: str) -> None:
        steps.append(name)
        if on_step:
            on_step(name)

    migrations.apply(database, DIRECTORY, on_step=tell)
    return len(steps)
