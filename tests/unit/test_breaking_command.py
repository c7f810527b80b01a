"""`oschema breaking` and `oschema diff`: against a revision, a directory or the lock; approvals; what rows hold."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codegen.cli import main
from codegen.commands.explain import verdicts
from codegen.evolve import ddl, lock
from codegen.model import load_program
from codegen.rules.breaking import CHANGES
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.migrations import statements
from codegen.source.diagnostics import Report

OLD = """\
[rootobject, auth(public)]
Item = {
    name?: str
    status: Status
    count: i32 @max(10)
    code: str
}
Status = "open" | "done"
"""
NEW = """\
[rootobject, auth(public)]
Item = {
    name: str
    status: Status
    count: i32 @max(5)
    code: str @unique @regex("^[a-z]+$")
}
Status = "open"
"""
PAGE = Path(__file__).parents[2] / "docs/reference/breaking-changes.md"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository whose first commit, tagged v1, holds the old schemas; in the working tree are the new ones."""
    monkeypatch.chdir(tmp_path)
    schemas = tmp_path / "schemas"
    (schemas / "shop").mkdir(parents=True)
    (schemas / "shop/item.oschema").write_text(OLD)
    (schemas / "migrations").mkdir()
    (schemas / "migrations/left.oschema").write_text("this is not read")
    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "first")
    git("tag", "v1")
    (schemas / "shop/item.oschema").write_text(NEW)
    yield tmp_path


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def rules(result: Result) -> dict[str, dict[str, str]]:
    return {f"{found['rule']}:{found['subject']}": found["surfaces"] for found in json.loads(result.output)["findings"]}


def test_against_a_revision_shows_both_places_and_checks_nothing_out(project: Path) -> None:
    result = run("breaking", "--against", "v1")
    assert result.exit_code == 1
    assert "--> schemas/shop/item.oschema:3:5" in result.output
    assert "::: v1:schemas/shop/item.oschema:3:5" in result.output
    assert (project / "schemas/shop/item.oschema").read_text() == NEW


def test_against_a_directory_and_the_lock_finds_the_same(project: Path) -> None:
    by_revision = rules(run("breaking", "--against", "v1", "--format", "json"))
    (project / "before/shop").mkdir(parents=True)
    (project / "before/shop/item.oschema").write_text(OLD)
    assert rules(run("breaking", "--against", "before", "--format", "json")) == by_revision
    old = load_program(project / "before", Report())
    assert old is not None
    (project / "schemas/schema.lock.json").write_text(lock.dump(old))
    assert rules(run("breaking", "--format", "json")) == by_revision
    assert by_revision.keys() == {
        "FIELD_OPTIONAL_TO_REQUIRED:Item.name",
        "CONSTRAINT_TIGHTEN:Item.count",
        "CONSTRAINT_TIGHTEN:Item.code",
        "UNIQUE_ADD:Item.code",
        "ENUM_VALUE_DELETE:Status.done",
    }


@pytest.mark.parametrize("against", ["nowhere", "-v", "v1:schemas"])
def test_what_is_no_version_is_told(project: Path, against: str) -> None:
    result = run("breaking", f"--against={against}")
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert against in result.output


def test_without_a_lock_an_earlier_version_is_asked_for(project: Path) -> None:
    result = run("breaking")
    assert result.exit_code == 2
    assert "say what to compare with by --against" in result.output


def test_faults_of_the_earlier_schemas_are_findings(project: Path) -> None:
    (project / "before").mkdir()
    (project / "before/item.oschema").write_text("Item = { name: strr }")
    result = run("breaking", "--against", "before")
    assert result.exit_code == 1
    assert "before/item.oschema" in result.output


# --- approvals --------------------------------------------------------------------------------------------------


def test_approvals_of_the_file_and_of_the_command_let_changes_through(project: Path) -> None:
    (project / "schemas/approvals.yaml").write_text(
        "- change: ENUM_VALUE_DELETE:Status.done\n  reason: nobody used it\n  date: 2026-11-01\n"
        "- change: CONSTRAINT_TIGHTEN:shop.Item.count\n  reason: agreed\n  date: 2026-11-01\n"
    )
    result = run("breaking", "--against", "v1")
    assert "approved: nobody used it" in result.output
    assert result.exit_code == 1
    rest = ["FIELD_OPTIONAL_TO_REQUIRED:Item.name", "CONSTRAINT_TIGHTEN:Item.code", "UNIQUE_ADD:Item.code"]
    assert run("breaking", "--against", "v1", *(f"--approve={change}" for change in rest)).exit_code == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- change: X:Y\n  reason: a\n", "date"),
        ("- change: X:Y\n  reason: ''\n  date: 2026-11-01\n", "reason"),
        ("a: b", "list"),
        (": [", "cannot be read"),
    ],
)
def test_approvals_that_are_none_are_told(project: Path, text: str, told: str) -> None:
    (project / "schemas/approvals.yaml").write_text(text)
    result = run("breaking", "--against", "v1")
    assert result.exit_code == 1
    assert "approvals.yaml" in result.output
    assert told in result.output


# --- rows -------------------------------------------------------------------------------------------------------


def database_of(project: Path, *rows: tuple[str | None, str, int, str]) -> str:
    """A database with the old table and these rows: name, status, count, code."""
    (project / "old/shop").mkdir(parents=True)
    (project / "old/shop/item.oschema").write_text(OLD)
    program = load_program(project / "old", Report())
    assert program is not None
    url = f"sqlite:///{project}/rows.db"
    database = Database.open(url)
    for statement in statements(ddl.create_all(program, "sqlite")):
        database.execute(statement)
    for number, (name, status, count, code) in enumerate(rows):
        database.execute(
            "INSERT INTO item (sid, name, status, count, code, rev) VALUES (?, ?, ?, ?, ?, 1)",
            (f"sid{number}", name, status, count, code),
        )
    database.close()
    return url


def test_rows_that_are_in_the_way_are_counted(project: Path) -> None:
    url = database_of(project, (None, "done", 9, "a"), (None, "open", 1, "a"), ("x", "open", 1, "B"))
    result = run("breaking", "--against", "v1", "--surfaces", "S", "--database", url)
    assert result.exit_code == 1
    for note in (
        "in item.name, 2 rows hold no value",
        "in item.status, 1 row holds it",
        "in item.count, 1 row is outside the new limits",
        "in item.code, 1 value stands in several rows",
        "in item.code, 1 row is outside the new limits",
    ):
        assert f"rows: {note}" in result.output


def test_rows_that_fit_need_only_a_migration(project: Path) -> None:
    url = database_of(project, ("x", "open", 1, "a"), ("y", "open", 5, "b"))
    result = run("breaking", "--against", "v1", "--surfaces", "S", "--database", url, "--format", "json")
    assert result.exit_code == 0
    assert all(surfaces == {"S": "migration"} for surfaces in rules(result).values())


@pytest.mark.parametrize(("rows", "verdict"), [(2, "breaking"), (0, "migration")])
def test_a_root_object_that_ends_leaves_its_rows(project: Path, rows: int, verdict: str) -> None:
    url = database_of(project, *[(None, "open", 1, "a")] * rows)
    (project / "schemas/shop/item.oschema").write_text(OLD.replace("[rootobject, auth(public)]\n", ""))
    result = run("breaking", "--against", "v1", "--surfaces", "S", "--database", url, "--format", "json")
    assert rules(result)["ROOTOBJECT_DELETE:Item"] == {"S": verdict}


def test_a_field_that_is_computed_no_longer_has_no_value_in_rows(project: Path) -> None:
    (project / "schemas/shop/item.oschema").write_text(OLD.replace("code: str", "code: str\n    size: i32"))
    url = database_of(project, (None, "open", 1, "a"))
    (project / "old/shop/item.oschema").write_text(OLD.replace("code: str", "code: str\n    size: i32 @computed"))
    result = run("breaking", "--against", "old", "--surfaces", "S", "--database", url)
    assert "rows: in item, 1 row" in result.output


def test_a_database_that_cannot_be_read_is_told(project: Path) -> None:
    result = run("breaking", "--against", "v1", "--database", "mysql://x")
    assert result.exit_code == 1
    assert "the database cannot be read" in result.output


# --- other modules ----------------------------------------------------------------------------------------------


def test_a_type_that_moves_to_another_module_breaks_code_alone(project: Path) -> None:
    (project / "schemas/shop/item.oschema").write_text(
        OLD.replace('Status = "open" | "done"', "")
        .replace(": Status", ": common.Status")
        .join(['import "../common"\n', ""])
    )
    (project / "schemas/common").mkdir()
    (project / "schemas/common/types.oschema").write_text('Status = "open" | "done"\n')
    result = run("breaking", "--against", "v1", "--format", "json")
    assert rules(result) == {"TYPE_MOVE:Status": {"W": "ok", "S": "ok", "C": "breaking"}}


# --- for people -------------------------------------------------------------------------------------------------


def test_diff_writes_a_change_log(project: Path) -> None:
    result = run("diff", "--against", "v1")
    assert result.exit_code == 0
    assert result.output.startswith("# Changes since v1\n\n## Breaking\n\n- `Item.name`: ")
    assert "## Added" not in result.output
    (project / "schemas/shop/item.oschema").write_text(OLD.replace("code: str", "code: str\n    note?: str"))
    assert run("diff", "--against", "v1").output == (
        "# Changes since v1\n\n## Added\n\n- `Item.note`: field 'note' was added to 'Item'; it may be left out.\n"
    )


def test_a_rule_is_explained_by_its_code_and_by_its_name() -> None:
    assert run("explain", "FIELD_DELETE").output == run("explain", "OS603").output
    assert "wire breaking, storage migration, source breaking" in run("explain", "field_delete").output


def page() -> str:
    """The reference of all changes, made from their records."""
    lines = [
        "# What changes of schemas break",
        "",
        "`oschema breaking` judges each change on three surfaces: the wire (callers), storage (rows) and source (code",
        "that uses what is generated). This page is made from the records of the rules.",
        "",
        "| rule | code | wire | storage | source | why |",
        "|---|---|---|---|---|---|",
    ]
    for name, (rule, _) in sorted(CHANGES.items(), key=lambda item: item[1][0].code):
        wire, storage, source = (part.partition(" ")[2] for part in verdicts(rule).split(", "))
        why = rule.why.replace("\n", " ").strip()
        lines.append(f"| `{name}` | {rule.code} | {wire} | {storage} | {source} | {why} |")
    return "\n".join(lines) + "\n"


def test_the_reference_page_is_made_from_the_records(update: bool) -> None:
    if update:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page())
    assert PAGE.read_text() == page()
