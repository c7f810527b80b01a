"""Databases with the product's tables, for tests: migrated once per test process, then copied or emptied.

A migration of an empty database takes longer than most tests. SQLite: its pages are copied from a migrated file.
PostgreSQL: the schema that the test before used is emptied of rows and used again, unless that test changed a table.
"""

import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
from psycopg import Connection, sql

from codegen.runtime.storage.database import Database
from handlers import version

TURNS = 25
"""How often tables are used again: deleted rows stay in their files and slow down what reads a table whole."""
_turns = count(1)

_WATCH = """
CREATE SCHEMA IF NOT EXISTS lent;
CREATE TABLE IF NOT EXISTS lent.changed (command text);
CREATE OR REPLACE FUNCTION lent.note() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO lent.changed VALUES (tg_tag); END $$;
DROP EVENT TRIGGER IF EXISTS lent_note;
CREATE EVENT TRIGGER lent_note ON ddl_command_end EXECUTE FUNCTION lent.note();
DROP TABLE IF EXISTS lent.migrations;
CREATE TABLE lent.migrations AS TABLE public.schema_migrations;
DELETE FROM lent.changed;
"""
"""From now on `lent.changed` has a row for each command that changes a table; `lent.migrations` is what was applied."""


def migrate(database: Database) -> None:
    """Bring a database to the product's version, like `handlers.version.migrate`; quicker where it is empty."""
    if database.dialect == "sqlite":
        if not database.execute("SELECT name FROM sqlite_master LIMIT 1"):
            _template().backup(database.peewee.connection())
        version.migrate(database)
        return
    with psycopg.connect(database.url, autocommit=True) as connection:
        if _is_empty(connection) and _kept(connection):
            connection.execute("DROP SCHEMA public; ALTER SCHEMA kept RENAME TO public")
        version.migrate(database)
        connection.execute(_WATCH)


def empty(url: str) -> None:
    """Empty a PostgreSQL database for the next test, and keep the product's tables for `migrate` if they are whole."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("DROP EVENT TRIGGER IF EXISTS lent_note")
        if _whole(connection) and next(_turns) % TURNS:
            _delete_rows(connection)
            connection.execute("ALTER SCHEMA public RENAME TO kept")
        else:
            connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("DROP SCHEMA IF EXISTS lent CASCADE; CREATE SCHEMA public")


def prepare() -> None:
    """Make now what `migrate` copies: processes that are forked later share it."""
    _template()


@cache
def _template() -> sqlite3.Connection:
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        database = Database.open(f"sqlite:///{path}")
        database.execute("PRAGMA synchronous = off")
        version.migrate(database)
        database.close()
        with closing(sqlite3.connect(path)) as made:
            made.backup(kept)
    return kept


def _is_empty(connection: Connection) -> bool:
    return connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone() is None


def _kept(connection: Connection) -> bool:
    return connection.execute("SELECT to_regnamespace('kept')").fetchone() != (None,)


def _whole(connection: Connection) -> bool:
    """Whether the product's tables were lent to the last test and are as they were."""
    if connection.execute("SELECT to_regclass('lent.changed')").fetchone() == (None,):
        return False
    found = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM lent.changed) OR EXISTS"
        " (TABLE lent.migrations EXCEPT TABLE public.schema_migrations) OR EXISTS"
        " (TABLE public.schema_migrations EXCEPT TABLE lent.migrations)"
    ).fetchone()
    return found == (False,)


def _delete_rows(connection: Connection) -> None:
    """Delete all rows: quicker than TRUNCATE, which makes new files. No trigger and no foreign key is asked."""
    names = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations'"
    ).fetchall()
    delete = sql.SQL(";").join(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for (name,) in names)
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(delete)
