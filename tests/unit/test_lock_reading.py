"""Reading the lock costs no more for each declaration than its text: nothing is worked out again for each."""

import typing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from codegen.cli import main
from codegen.evolve import lock

SCHEMA = "".join(
    f"[rootobject] Thing{number} = {{ code: str  price?: money<USD>  parent?: &Thing{number} }}\n"
    for number in range(30)
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/shop.oschema").write_text(SCHEMA)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["migrate", "plan"]).exit_code == 0
    return tmp_path


def test_types_of_fields_are_looked_up_once_for_a_class(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[type] = []
    hints = typing.get_type_hints

    def counted(cls: type) -> dict[str, Any]:
        asked.append(cls)
        return hints(cls)

    monkeypatch.setattr(typing, "get_type_hints", counted)
    lock.load((project / "schemas/schema.lock.json").read_text())
    assert len(asked) == len(set(asked))


def test_a_lock_that_is_that_of_the_schemas_is_not_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text says so: with nothing to do a plan costs little more than reading the schemas."""
    monkeypatch.setattr(lock, "load", None)
    done = CliRunner().invoke(main, ["migrate", "plan"])
    assert (done.exit_code, done.output) == (0, "nothing to do: the lock is that of the schemas\n")


def test_a_lock_with_the_marks_of_a_merge_says_what_mends_it(project: Path) -> None:
    path = project / "schemas/schema.lock.json"
    ours = path.read_text()
    path.write_text(f"<<<<<<< HEAD\n{ours}=======\n{ours}>>>>>>> other\n")
    done = CliRunner().invoke(main, ["breaking"])
    assert done.exit_code == 1
    assert "two branches changed the lock" in done.output
    assert "oschema migrate rebase --onto REF" in done.output
