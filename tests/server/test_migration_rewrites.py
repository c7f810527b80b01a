"""Migrations rewrite what JSON columns hold, in parts and exactly."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from codegen.evolve import plan
from codegen.model import Program
from codegen.runtime.storage import migrations, rewrites
from codegen.runtime.storage.database import Database
from tests.server.migration_project import Project, catalogue, insert, read, root


def embedded(project: Project, old: str, new: str, rows: list[dict[str, Any]], database: Database) -> Program:
    """Rows of the old schemas, in a database that is ready for the migration to the new ones."""
    project.plan(old)
    migrations.apply(database, project.migrations)
    insert(database, project.program(old), {"user": rows})
    assert not project.plan(new).findings()
    return project.program(new)


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 5, 20, 22, 3, 14, 250_000, tzinfo=UTC)


def test_times_inside_json_are_those_of_the_migration(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    new = embedded(
        project,
        root("s: A") + "\nA = { x: u8 }",
        root("s: A") + "\nA = { x: u8 a: otime = now b: datetime = now c: date = now }",
        [{"sid": "ann1", "s": {"x": 1}}],
        database,
    )
    migrations.apply(database, project.migrations, clock=FixedClock())
    assert read(database, new)["user"][0]["s"] == (
        '{"x":1,"a":"2026-05-20T22:03:14Z","b":"2026-05-20T22:03:14.250000Z","c":"2026-05-20"}'
    )
    with pytest.raises(migrations.MigrationError, match=r"m\.A\.a holds values, which going back would lose"):
        migrations.apply(database, project.migrations, 1)


def test_many_rows_are_rewritten_in_parts(
    databases: Callable[[], Database], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrites, "CHUNK", 3)
    project, database = Project(tmp_path / "schemas"), databases()
    rows = [{"sid": f"ann{place:02}", "s": [{"x": place}] if place % 4 else []} for place in range(30)]
    new = embedded(
        project, root("s: [A]") + "\nA = { x: u8 }", root("s: [A]") + '\nA = { y: u8 @was("x") }', rows, database
    )
    migrations.apply(database, project.migrations)
    assert [row["s"] for row in read(database, new)["user"]] == [
        f'[{{"y":{place}}}]' if place % 4 else "[]" for place in range(30)
    ]


def test_values_of_another_form_stop_a_rewrite(databases: Callable[[], Database], tmp_path: Path) -> None:
    for held, message in (([1], "no JSON object"), ("x", "neither a list nor a map")):
        project, database = Project(tmp_path / message), databases()
        new = embedded(
            project,
            root("s: [A]") + "\nA = { x: u8 }",
            root("s: [A]") + '\nA = { y: u8 @was("x") }',
            [{"sid": "ann1", "s": held}],
            database,
        )
        before, shape = read(database, new), catalogue(database)
        with pytest.raises(migrations.MigrationError, match=f"user.s of ann1: .*{message}"):
            migrations.apply(database, project.migrations)
        assert (read(database, new), catalogue(database)) == (before, shape)


def test_a_rewrite_is_part_of_the_checksum(databases: Callable[[], Database], tmp_path: Path) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    embedded(project, root("s: A") + "\nA = { x: u8 }", root("s: A") + '\nA = { y: u8 @was("x") }', [], database)
    about = next(project.migrations.glob("0002_*")) / "migration.json"
    planned = about.read_text()
    migrations.apply(database, project.migrations)
    about.write_text(planned.replace('"x": "y"', '"x": "z"'))
    with pytest.raises(migrations.MigrationError, match=r"migration\.json was edited since"):
        migrations.status(database, project.migrations)
    assert plan.seal(about.parent)
    with pytest.raises(migrations.NotCurrent, match="was changed after it was applied"):
        migrations.status(database, project.migrations)
    about.write_text(planned)
    assert not plan.seal(about.parent)
    assert not migrations.status(database, project.migrations).pending
    without = json.loads(planned)
    del without["rewrites"]
    about.write_text(json.dumps(without))
    with pytest.raises(migrations.MigrationError, match=r"migration\.json was edited since"):
        migrations.read(project.migrations)
