"""Running migrations: what tables then promise, failures, versions, two runs at once."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen.evolve import plan
from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Duplicate, Refused, Unavailable
from tests.server.migration_project import ENUM, TWO, Databases, Project, catalogue, insert, read, root

# --- what the tables promise ------------------------------------------------------------------------------------


def test_append_only_tables_refuse_changes(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    text = root("name: str", "rootobject, append_only")
    project.plan(text)
    migrations.apply(database, project.migrations)
    insert(database, project.program(text), TWO)
    replace = (
        "INSERT OR REPLACE INTO \"user\" (sid, name) VALUES ('ann1', 'x')"
        if database.dialect == "sqlite"
        else ("INSERT INTO \"user\" (sid, name) VALUES ('ann1', 'x') ON CONFLICT (sid) DO UPDATE SET name = 'x'")
    )
    for statement in ('UPDATE "user" SET "name" = \'x\'', 'DELETE FROM "user"', replace):
        with pytest.raises(Refused, match="user is append-only"):
            database.execute(statement)


def test_checks_and_keys_hold(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    fields = 'a: u8 b: u64 c: Color d: money<USD> @max(1) e: str @len(2, 3) f: decimal @min("0.1") g?: str @unique'
    text = f"{root(fields)}\n{ENUM}"
    project.plan(text)
    migrations.apply(database, project.migrations)
    program = project.program(text)
    good = {"sid": "ann1", "a": 255, "b": 2**64 - 1, "c": "red", "d": "1", "e": "äöü", "f": "0.10", "g": "x"}
    insert(database, program, {"user": [good]})
    for wrong in (
        {"a": 256},
        {"a": -1},
        {"c": "pink"},
        {"d": "1.000000001"},
        {"e": "x"},
        {"e": "long"},
        {"f": "0.09"},
        {"e": None},
    ):
        with pytest.raises(Refused):
            insert(database, program, {"user": [{**good, "sid": "bob1", "g": None, **wrong}]})
    with pytest.raises(Duplicate):
        insert(database, program, {"user": [{**good, "sid": "bob1"}]})
    assert read(database, program)["user"][0]["b"] == 2**64 - 1


def test_order_is_the_same_on_both(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    text = root("d: decimal u: u64 t: str")
    project.plan(text)
    migrations.apply(database, project.migrations)
    rows = [
        ("-100", 0, "B"),
        ("-12.5", 9, "a"),
        ("-0.01", 10, "b"),
        ("0", 99, "ä"),
        ("0.010", 100, "€"),
        ("9.99", 2**63, "😀"),
        ("10", 2**64 - 1, "😀a"),
    ]
    insert(
        database,
        project.program(text),
        {
            "user": [
                {"sid": f"sid{place}", "d": d, "u": u, "t": t} for place, (d, u, t) in reversed(list(enumerate(rows)))
            ]
        },
    )
    for column in ("d", "u", "t"):
        found = [sid for (sid,) in database.execute(f'SELECT "sid" FROM "user" ORDER BY "{column}"')]  # noqa: S608
        assert found == [f"sid{place}" for place in range(len(rows))], column


# --- runs -------------------------------------------------------------------------------------------------------


def two_steps(project: Project) -> None:
    project.plan(root("name: str"))
    project.plan(root("name: str nick?: str"))


def test_a_failure_in_the_middle_leaves_nothing(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    two_steps(project)
    migrations.apply(database, project.migrations, 1)
    shape = catalogue(database)
    folder = project.migrations / migrations.read(project.migrations)[1].name
    script = folder / f"up.{database.dialect}.sql"
    script.write_text(script.read_text() + "\nCREATE TABLE half (x INTEGER);\n\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(migrations.MigrationError, match="was edited since it was planned"):
        migrations.apply(database, project.migrations)
    assert plan.seal(folder)
    with pytest.raises(migrations.MigrationError, match=r"0002_.* failed: .*nowhere.*nothing of it was kept"):
        migrations.apply(database, project.migrations)
    assert catalogue(database) == shape
    assert len(migrations.status(database, project.migrations).applied) == 1


def test_the_program_refuses_a_database_of_another_version(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    two_steps(project)
    with pytest.raises(migrations.NotCurrent, match=r"lacks 2 migrations .*run `oschema migrate apply --database "):
        migrations.require_current(database, project.migrations)
    migrations.apply(database, project.migrations, 1)
    with pytest.raises(migrations.NotCurrent, match=r"lacks 1 migration .*run `mend it`"):
        migrations.require_current(database, project.migrations, "mend it")
    migrations.apply(database, project.migrations)
    migrations.require_current(database, project.migrations)
    last = migrations.read(project.migrations)[1]
    for path in (project.migrations / last.name).iterdir():
        path.unlink()
    (project.migrations / last.name).rmdir()
    with pytest.raises(migrations.NotCurrent, match="newer version"):
        migrations.require_current(database, project.migrations)


def test_an_applied_migration_must_not_change(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    two_steps(project)
    migrations.apply(database, project.migrations)
    folder = project.migrations / migrations.read(project.migrations)[0].name
    script = folder / f"up.{database.dialect}.sql"
    script.write_text(script.read_text() + "-- later thoughts\n")
    plan.seal(folder)
    with pytest.raises(migrations.NotCurrent, match="was changed after it was applied"):
        migrations.require_current(database, project.migrations)


def test_a_column_may_be_called_like_a_variable(databases: Callable[[], Database], tmp_path: Path) -> None:
    """PostgreSQL's guards are programs, in which `found` is known already."""
    project, database = Project(tmp_path / "schemas"), databases()
    project.plan("[rootobject] Search = { sid: sid }")
    project.plan("[rootobject] Search = { sid: sid  found: u32 = 0 }")
    migrations.apply(database, project.migrations)
    migrations.apply(database, project.migrations, 1)
    assert len(migrations.status(database, project.migrations).applied) == 1


def test_gaps_and_twins_are_found(tmp_path: Path) -> None:
    project = Project(tmp_path / "schemas")
    two_steps(project)
    second = next(project.migrations.glob("0002_*"))
    third = second.rename(second.with_name("0003_later"))
    with pytest.raises(migrations.MigrationError, match="migration 0002 is missing before 0003_later"):
        migrations.read(project.migrations)
    third.rename(second.with_name("0001_twin"))
    with pytest.raises(migrations.MigrationError, match="0001_initial and 0001_twin have the same number"):
        migrations.read(project.migrations)


def test_two_runs_at_once_do_the_work_once(databases: Databases, tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    two_steps(project)
    done: list[int] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(len(migrations.apply(database, project.migrations)))
        except BaseException as error:
            failed.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sum(done) == 2
    assert not migrations.status(database, project.migrations).pending


def test_a_database_that_another_holds_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codegen.runtime.storage.database.BUSY_TIMEOUT", 0.1)
    project = Project(tmp_path / "schemas")
    two_steps(project)
    holder, database = (Database.open(f"sqlite:///{tmp_path}/test.db") for _ in range(2))
    with holder.transaction():
        holder.execute("CREATE TABLE held (x INTEGER)")
        with pytest.raises(Unavailable, match="locked"):
            migrations.apply(database, project.migrations)
    assert len(migrations.apply(database, project.migrations)) == 2
    holder.close()
    database.close()
