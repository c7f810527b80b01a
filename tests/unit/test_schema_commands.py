"""`oschema lint`, `explain` and `new` as a user meets them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from codegen.cli import main
from codegen.source.catalog import RULES

ROOT = Path(__file__).parents[2]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """One module with a warning, another with an error."""
    for name, text in (
        ("good", "[rootobject] Thing = { name: str @unique @len(1, 80) }\n"),
        ("bad", "Part = { name: Nmae }\n"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.oschema").write_text(text)
    return tmp_path


def test_lint_shows_errors_and_exits_1(schemas: Path) -> None:
    result = run("lint", "--schemas", schemas)
    assert result.exit_code == 1
    assert "error[OS201]: unknown type 'Nmae'" in result.stdout
    assert "^^^^" in result.stdout


def test_lint_warnings_fail_only_when_strict(schemas: Path) -> None:
    (schemas / "bad" / "bad.oschema").unlink()
    result = run("lint", "--schemas", schemas)
    assert result.exit_code == 0
    assert "warning[OS513]: the root object 'Thing' has no doc line" in result.stdout
    assert run("lint", "--schemas", schemas, "--strict").exit_code == 1


def test_lint_of_paths_looks_there_only(schemas: Path) -> None:
    assert run("lint", "--schemas", schemas, schemas / "good").exit_code == 0
    assert run("lint", "--schemas", schemas, schemas / "bad" / "bad.oschema").exit_code == 1


def test_lint_of_paths_anywhere(schemas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --schemas, files and directories that do not lie below `schemas` are read by themselves."""
    assert "OS513" in run("lint", schemas / "good").stdout
    assert "OS201" in run("lint", schemas / "bad" / "bad.oschema").stdout
    both = run("lint", schemas / "bad", schemas / "good" / "good.oschema")
    assert both.exit_code == 1 and "OS201" in both.stdout
    monkeypatch.chdir(schemas / "bad")
    assert "OS201" in run("lint", "bad.oschema").stdout
    assert run("lint", "--schemas", "../good", "bad.oschema").exit_code == 2


def test_lint_as_json(schemas: Path) -> None:
    result = run("lint", "--schemas", schemas, "--format", "json")
    shown = json.loads(result.stdout)
    assert shown["summary"] == {"errors": 1, "warnings": 0}
    (finding,) = shown["findings"]
    assert (finding["code"], finding["line"], finding["column"], finding["end_column"]) == ("OS201", 1, 16, 20)


def test_lint_for_github(schemas: Path) -> None:
    result = run("lint", "--schemas", schemas, "--format", "github")
    assert result.stdout.startswith("::error file=") and "title=OS201::unknown type 'Nmae'" in result.stdout


@pytest.mark.parametrize("arguments", [["--schemas", "nowhere"], ["--format", "xml"], ["--schemas", ".", "nowhere"]])
def test_lint_wrong_usage(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("lint", *arguments).exit_code == 2


def test_lint_of_a_directory_without_schemas(tmp_path: Path) -> None:
    result = run("lint", "--schemas", tmp_path)
    assert result.exit_code == 1 and "OS006" in result.stdout


def test_lint_never_leaves_a_traceback_over_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.oschema").write_bytes(b"\xff\xfe\0A = {")
    result = run("lint", "--schemas", tmp_path)
    assert result.exit_code == 1 and "OS002" in result.stdout


@pytest.mark.parametrize("code", sorted(RULES))
def test_explain_prints_every_rule(code: str) -> None:
    result = run("explain", code.lower())
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{code} ({RULES[code].severity}): ")
    assert RULES[code].why.strip() in result.stdout
    assert "!r}" not in result.stdout


def test_explain_an_unknown_code_suggests() -> None:
    result = run("explain", "OS2O1")
    assert result.exit_code == 2
    assert "did you mean OS201?" in result.stderr


def test_explain_lists_all_rules() -> None:
    result = run("explain")
    assert result.exit_code == 0
    assert all(f"  {code}  " in result.stdout for code in RULES)


def test_new_starts_a_module_that_has_no_findings(tmp_path: Path) -> None:
    result = run("new", "my_tasks", "--schemas", tmp_path / "schemas")
    assert result.exit_code == 0
    assert (tmp_path / "schemas/my_tasks/my_tasks.oschema").read_text().count("module my_tasks") == 1
    assert run("lint", "--strict", "--schemas", tmp_path / "schemas").exit_code == 0
    assert run("fmt", "--check", "--schemas", tmp_path / "schemas").exit_code == 0


def test_new_starts_further_modules_beside_the_first(tmp_path: Path) -> None:
    for name in ("shop", "stock", "stock_2"):
        assert run("new", name, "--schemas", str(tmp_path)).exit_code == 0
    linted = run("lint", "--strict", "--schemas", str(tmp_path))
    assert (linted.exit_code, linted.output) == (0, "nothing to say\n")
    assert run("fmt", "--check", "--schemas", str(tmp_path)).exit_code == 0


def test_every_command_takes_the_format_of_findings(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/a.db"
    schemas = str(tmp_path / "schemas")
    for form in ("json", "github"):
        for arguments in (
            ("new", f"shop_{form}"),
            ("lint",),
            ("fmt",),
            ("generate", "--out", str(tmp_path / "out")),
            ("migrate", "plan"),
            ("migrate", "apply", "--database", database),
            ("migrate", "status", "--database", database),
        ):
            done = run(*arguments, "--schemas", schemas, "--format", form)
            assert done.exit_code == 0, done.output
            if form == "github":
                assert done.output == ""
            else:
                assert json.loads(done.output) == {"findings": [], "summary": {"errors": 0, "warnings": 0}}
    waiting = run(
        "migrate", "status", "--database", f"sqlite:///{tmp_path}/b.db", "--schemas", schemas, "--format", "json"
    )
    assert waiting.exit_code == 1
    assert {finding["code"] for finding in json.loads(waiting.output)["findings"]} == {"OS727"}


@pytest.mark.parametrize("command", ["lint", "fmt", "generate", "migrate plan"])
def test_schemas_that_are_not_there_are_wrong_usage(command: str, tmp_path: Path) -> None:
    for name in ("nowhere", "file"):
        (tmp_path / "file").write_text("")
        assert run(*command.split(), "--schemas", str(tmp_path / name)).exit_code == 2


def test_explain_for_machines() -> None:
    rule = json.loads(run("explain", "OS201", "--format", "json").output)
    assert (rule["code"], rule["severity"], rule["fix"]) == ("OS201", "error", "did you mean <near>?")
    assert len(json.loads(run("explain", "--format", "json").output)) > 100


def test_new_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    result = run("new", "shop", "--schemas", tmp_path)
    assert result.exit_code == 2 and "exists already" in result.stderr
    assert not list((tmp_path / "shop").iterdir())


def test_new_wants_a_module_name(tmp_path: Path) -> None:
    result = run("new", "MyShop", "--schemas", tmp_path)
    assert result.exit_code == 2 and "my_shop" in result.stderr


def test_new_writes_nothing_that_lint_refuses(tmp_path: Path) -> None:
    result = run("new", "class", "--schemas", tmp_path)
    assert result.exit_code == 2
    assert "it is a keyword of Python; choose another name" in result.output
    assert run("new", "shop", "--schemas", tmp_path).exit_code == 0
    result = run("new", "task", "--schemas", tmp_path)
    assert result.exit_code == 2
    assert "'task'" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_new_suggests_no_directory_that_hides_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`generated` is this program's own package; a project that generates into a directory goes on with that."""
    monkeypatch.chdir(tmp_path)
    packages = tmp_path / "site-packages/tasks_api"
    packages.mkdir(parents=True)
    (packages / "__init__.py").touch()
    assert "--schemas schemas --out notes_api\n" in CliRunner().invoke(main, ["new", "notes"]).output
    monkeypatch.syspath_prepend(str(packages.parent))
    assert "--out tasks_api_2\n" in CliRunner().invoke(main, ["new", "tasks"]).output
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated/manifest.json").write_bytes((ROOT / "generated/manifest.json").read_bytes())
    assert CliRunner().invoke(main, ["new", "third"]).output.endswith("oschema generate --schemas schemas\n")
