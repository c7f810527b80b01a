"""A process that is killed in the middle of a migration leaves the database at the migration before."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.evolve import plan
from codegen.model import load_program
from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database
from codegen.source.diagnostics import Report
from tests.waiting import wait_for

ENDLESS = {
    "sqlite": "CREATE TABLE slow AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
    "postgresql": "SELECT pg_sleep(3600)",
}
SPILLED = 16 << 20
"""Bytes in the log of an SQLite transaction that only the endless statement writes."""


def sleepers(database: Database) -> list[int]:
    """The processes of PostgreSQL that are in the endless statement."""
    found = database.execute("SELECT pid FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'")
    return [pid for (pid,) in found]


def planned(schemas: Path, text: str, home: str) -> None:
    (schemas / "a.oschema").write_text(
        f"module m\n[rootobject]\nUser = {{ {text}  home: Home }}\nHome = {{ {home} }}\n"
    )
    report = Report()
    program = load_program(schemas, report)
    assert program is not None
    plan.write(schemas, plan.plan(plan.locked(schemas, report), program, report), None)
    assert not report.findings()


def test_nothing_half_done_stays(database: Database, tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    planned(schemas, "name: str", "town: str")
    migrations.apply(database, schemas / plan.MIGRATIONS)
    database.execute("""INSERT INTO "user" (sid, name, rev, home) VALUES ('ann1', 'Ann', 1, '{"town":"Bonn"}')""")
    planned(schemas, 'name: str nick: str = "-"', 'city: str @was("town")')
    folder = next((schemas / plan.MIGRATIONS).glob("0002_*"))
    script = folder / f"up.{database.dialect}.sql"
    whole = script.read_text()
    script.write_text(f"{whole}\n{ENDLESS[database.dialect]};\n")
    plan.seal(folder)
    database.close()

    code = (
        f"import sys; from codegen.cli import main; "
        f"main(['migrate', 'apply', '--schemas', {str(schemas)!r}, '--database', {database.url!r}])"
    )
    process = subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("applying    0002_")
    if database.dialect == "sqlite":
        log = Path(f"{database.url.removeprefix('sqlite:///')}-wal")
        wait_for(lambda: log.exists() and log.stat().st_size > SPILLED, "the endless statement, behind all others,")
    else:
        wait_for(lambda: sleepers(database), "the endless statement, behind all others,")
    assert process.poll() is None
    process.kill()
    process.wait()
    process.stdout.close()
    if database.dialect == "postgresql":  # it does not look after who asked while it sleeps
        for pid in sleepers(database):
            database.execute("SELECT pg_terminate_backend(%s)", (pid,))

    script.write_text(whole)
    plan.seal(folder)
    found = migrations.status(database, schemas / plan.MIGRATIONS)
    assert [row.number for row in found.applied] == [1]
    assert database.execute('SELECT home FROM "user"') == [('{"town":"Bonn"}',)]
    with pytest.raises(Exception, match="nick"):
        database.execute('SELECT nick FROM "user"')
    assert [m.number for m in migrations.apply(database, schemas / plan.MIGRATIONS)] == [2]
    assert database.execute('SELECT sid, name, nick, home FROM "user"') == [("ann1", "Ann", "-", '{"city":"Bonn"}')]
    assert json.loads((folder / "migration.json").read_text())["steps"] == [
        "add user.nick, filled with '-'",
        "in user.home: rename Home.town to city",
    ]
