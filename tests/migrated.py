"""Empty databases with the product's tables: on SQLite a copy of one that was migrated once, which is far quicker."""

import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from codegen.runtime.storage.database import Database
from handlers import version


def migrate(database: Database) -> None:
    """What `handlers.version.migrate` does to an empty database."""
    if database.dialect == "sqlite":
        _template().backup(database.peewee.connection())
    else:
        version.migrate(database)


@cache
def _template() -> sqlite3.Connection:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        database = Database.open(f"sqlite:///{path}")
        database.execute("PRAGMA synchronous = off")
        version.migrate(database)
        database.close()
        kept = sqlite3.connect(":memory:", check_same_thread=False)
        with sqlite3.connect(path) as made:
            made.backup(kept)
        made.close()
    return kept
