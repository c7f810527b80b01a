"""`oschema migrate` as it is typed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codegen.cli import main

ONE = "module shop\n[rootobject]\nUser = { name: str  age?: u8 }\n"
TWO = "module shop\n[rootobject]\nUser = { name: str  age?: u8  nick?: str }\n"


class Project:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = f"sqlite:///{path}/test.db"
        (path / "schemas").mkdir()

    def schemas(self, text: str) -> None:
        (self.path / "schemas" / "shop.oschema").write_text(text)

    def run(self, command: str, *arguments: str) -> Result:
        return CliRunner().invoke(
            main, ["migrate", command, "--schemas", str(self.path / "schemas"), *arguments], catch_exceptions=False
        )

    def names(self) -> list[str]:
        return sorted(path.name for path in (self.path / "schemas" / "migrations").glob("*"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_plan_writes_a_migration_once(project: Project) -> None:
    project.schemas(ONE)
    first = project.run("plan")
    assert (first.exit_code, project.names()) == (0, ["0001_initial"])
    assert "create table user" in first.output
    lock = project.path / "schemas" / "schema.lock.json"
    written = {path: path.stat().st_mtime_ns for path in [lock, *project.path.rglob("*.sql")]}
    again = project.run("plan")
    assert (again.exit_code, again.output) == (0, "nothing to do: the lock is that of the schemas\n")
    assert {path: path.stat().st_mtime_ns for path in written} == written
    project.schemas(TWO)
    assert project.run("plan").exit_code == 0
    project.schemas(TWO.replace("nick?: str", "nick?: str @index"))
    assert project.run("plan", "--slug", "find_by_nick").exit_code == 0
    assert project.names() == ["0001_initial", "0002_add_user_nick", "0003_find_by_nick"]


def test_check_writes_nothing_and_says_what_waits(project: Project) -> None:
    project.schemas(ONE)
    project.run("plan")
    assert project.run("plan", "--check").exit_code == 0
    project.schemas(TWO)
    behind = project.run("plan", "--check")
    assert (behind.exit_code, project.names()) == (1, ["0001_initial"])
    assert "OS725" in behind.output
    assert "add user.nick" in behind.output
    assert "oschema migrate plan" in behind.output


def test_a_change_of_no_table_writes_the_lock_alone(project: Project) -> None:
    project.schemas(ONE)
    project.run("plan")
    project.schemas(ONE + "service UserService { hello() -> str }\n")
    assert project.run("plan", "--check").exit_code == 1
    assert "no table changes" in project.run("plan").output
    assert project.names() == ["0001_initial"]
    assert project.run("plan", "--check").exit_code == 0


def test_refusals_are_findings(project: Project) -> None:
    project.schemas(ONE)
    project.run("plan")
    project.schemas("module shop\n[rootobject]\nUser = { name: str }\n")
    refused = project.run("plan", "--format", "json")
    assert refused.exit_code == 1
    (finding,) = json.loads(refused.output)["findings"]
    assert (finding["code"], finding["line"]) == ("OS720", 3)
    assert project.names() == ["0001_initial"]


def test_wrong_schemas_are_not_planned(project: Project) -> None:
    project.schemas("module shop\n[rootobject]\nUser = { name: strr }\n")
    wrong = project.run("plan")
    assert (wrong.exit_code, project.names()) == (1, [])
    assert "OS201" in wrong.output


def test_a_lock_of_other_migrations_is_refused(project: Project) -> None:
    project.schemas(ONE)
    project.run("plan")
    about = project.path / "schemas/migrations/0001_initial/migration.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "to": "something else"}))
    project.schemas(TWO)
    assert "do not belong together" in project.run("plan").output
    (project.path / "schemas" / "schema.lock.json").write_text("{}")
    assert "OS724" in project.run("plan").output


def test_apply_and_status(project: Project) -> None:
    project.schemas(ONE)
    project.run("plan")
    project.schemas(TWO)
    project.run("plan")
    database = ("--database", project.database)
    waiting = project.run("status", *database)
    assert waiting.exit_code == 1
    assert "2 migrations to apply        fix: oschema migrate apply" in waiting.output
    applied = project.run("apply", *database)
    assert (applied.exit_code, applied.output.splitlines()[-1]) == (0, "2 migrations done")
    assert project.run("apply", *database).output == "nothing to do: the database is there already\n"
    status = project.run("status", *database)
    assert status.exit_code == 0
    assert [line.split()[0] for line in status.output.splitlines()] == ["applied", "applied"]
    back = project.run("apply", *database, "--to", "1")
    assert "taking back 0002_add_user_nick" in back.output
    assert project.run("apply", *database, "--to", "7").exit_code == 1


def test_wrong_usage_exits_with_2(project: Project) -> None:
    project.schemas(ONE)
    assert project.run("plan", "--slug", "Not A Name").exit_code == 2
    assert project.run("apply").exit_code == 2
    assert project.run("apply", "--database", "mysql://localhost/x").exit_code == 2


def test_seal_accepts_edits_by_hand(project: Project) -> None:
    project.schemas(ONE)
    project.run("plan")
    script = project.path / "schemas/migrations/0001_initial/up.sqlite.sql"
    script.write_text(script.read_text() + "\nINSERT INTO \"user\" (sid, name, rev) VALUES ('root', 'Root', 1);\n")
    refused = project.run("apply", "--database", project.database)
    assert refused.exit_code == 1
    assert "oschema migrate seal" in refused.output
    assert project.run("seal", "1").output == "sealed 0001_initial\n"
    assert "nothing to do" in project.run("seal", "1").output
    assert project.run("seal", "2").exit_code == 1
    assert project.run("apply", "--database", project.database).exit_code == 0


# --- chains ---------------------------------------------------------------------------------------------------------

BY_A = ONE.replace("name: str", "name: str  a?: str")
BY_B = ONE.replace("name: str", "name: str  b?: str")
BY_BOTH = ONE.replace("name: str", "name: str  a?: str  b?: str")


def git(project: Project, *arguments: str) -> None:
    person = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *person, *arguments], cwd=project.path, check=True, capture_output=True)


@pytest.fixture
def forked(project: Project) -> Project:
    """A branch `main` with a migration of its own, and behind the same first one the migration of another branch."""
    git(project, "init", "-q", "-b", "main")
    project.schemas(ONE)
    project.run("plan")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "first")
    git(project, "branch", "other")
    project.schemas(BY_A)
    project.run("plan", "--slug", "by_a")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "a")
    git(project, "switch", "-q", "other")
    project.schemas(BY_B)
    project.run("plan", "--slug", "by_b")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "b")
    return project


def broken_everywhere(project: Project, *told: str) -> None:
    """Plan, apply and status refuse the chain, and name both ends."""
    for command in (
        ["plan"],
        ["plan", "--check"],
        ["apply", "--database", project.database],
        ["status", "--database", project.database],
    ):
        refused = project.run(*command)
        assert refused.exit_code == 1
        for word in told:
            assert word in refused.output, (command, refused.output)


def test_two_branches_with_the_same_number_are_refused_and_rebased(forked: Project) -> None:
    git(forked, "checkout", "main", "--", "schemas/migrations/0002_by_a")
    forked.schemas(BY_BOTH)
    broken_everywhere(forked, "0002_by_a", "0002_by_b", "rebase --onto")
    mended = forked.run("rebase", "--onto", "main")
    assert mended.exit_code == 0, mended.output
    assert forked.names() == ["0001_initial", "0002_by_a", "0003_by_b"]
    assert forked.run("plan", "--check").exit_code == 0
    assert forked.run("apply", "--database", forked.database).exit_code == 0
    assert forked.run("rebase", "--onto", "main").exit_code == 0
    assert forked.names() == ["0001_initial", "0002_by_a", "0003_by_b"]


def test_two_branches_with_other_numbers_are_refused(forked: Project) -> None:
    """Renaming a folder is no mend: the second was planned from other tables, and would drop what the first added."""
    git(forked, "checkout", "main", "--", "schemas/migrations/0002_by_a")
    migrations = forked.path / "schemas/migrations"
    (migrations / "0002_by_b").rename(migrations / "0003_by_b")
    forked.schemas(BY_BOTH)
    broken_everywhere(forked, "0002_by_a", "0003_by_b", "does not begin where")


def test_a_migration_that_is_gone_is_missed(project: Project) -> None:
    project.schemas(ONE)
    project.run("plan")
    project.schemas(BY_A)
    project.run("plan")
    project.schemas(BY_BOTH)
    project.run("plan")
    migrations = project.path / "schemas/migrations"
    first, second, third = sorted(path.name for path in migrations.iterdir())
    shutil.rmtree(migrations / second)
    broken_everywhere(project, "0002 is missing")
    (migrations / third).rename(migrations / third.replace("0003", "0002"))
    broken_everywhere(project, first, "does not begin where")
    shutil.rmtree(migrations / first)
    (migrations / third.replace("0003", "0002")).rename(migrations / third.replace("0003", "0001"))
    broken_everywhere(project, "does not begin with an empty database")


def test_rebase_needs_a_revision(project: Project) -> None:
    project.schemas(ONE)
    assert project.run("rebase").exit_code == 2
    assert project.run("rebase", "--onto", "nowhere").exit_code == 1
    assert project.run("rebase", "--onto", "-x").exit_code == 2
