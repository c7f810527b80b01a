"""Types that lead to each other in long chains, and many that stay the same, are planned without deep recursion."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from codegen.cli import main
from codegen.evolve.embedded import compare, unchanged
from codegen.model import load_program
from codegen.model.model import Named, Program
from codegen.runtime.storage.database import Database
from codegen.source.diagnostics import Report
from tests.small_program import SmallProgram

LENGTH = 400


def chain(folder: Path, last: str) -> Program:
    """`S0` holds `S1`, and so on; the last struct has the field `last`."""
    folder.mkdir()
    structs = [f"S{number} = {{ next?: S{number + 1} }}" for number in range(LENGTH)]
    (folder / "chain.oschema").write_text("\n".join(['module chain "1.0.0"', *structs, f"S{LENGTH} = {{ {last} }}\n"]))
    report = Report()
    program = load_program(folder, report)
    assert program is not None, [finding.message for finding in report.findings()]
    return program


def test_a_change_at_the_end_of_a_chain_is_found(tmp_path: Path) -> None:
    old, new = chain(tmp_path / "old", "size: i32"), chain(tmp_path / "new", "size: i32  color?: str")
    assert not unchanged(old, new)
    first = Named("chain.S0")
    found = compare(old, first, new, first, same=unchanged(old, new))
    assert found.steps == [f"add S{LENGTH}.color, empty in old rows"] and not found.problems


def test_types_that_stay_are_compared_once(tmp_path: Path) -> None:
    """Whatever else stands around them: places and doc lines do not count."""
    old, new = chain(tmp_path / "old", "size: i32"), chain(tmp_path / "new", "\n/// How much.\nsize: i32")
    assert unchanged(old, new) == frozenset(new.types)
    found = compare(old, Named("chain.S0"), new, Named("chain.S0"), same=unchanged(old, new))
    assert not found.types and not found.steps


def test_every_command_takes_a_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each struct holds the next one twice: what is not made once would be made 2**400 times."""
    structs = [f"S{number} = {{ a: S{number + 1}  b?: [S{number + 1}] }}" for number in range(LENGTH)]
    text = "\n".join(
        [
            'module links "1.0.0"',
            *structs,
            f"S{LENGTH} = {{ x: i32 }}",
            "[rootobject, auth(public)] Root = { s: S0 }",
            "[auth(public)] service LinkService { go(s: S0, root?: Root) -> S0 ! Broken  @safe }",
            'error Broken(1100, 409) "broken" { s: S0 }',
            "event Gone { s: S0 }",
            "interface Maker { make(s: S0) -> S0 }",
            'webhook sent("/sent") -> S0',
        ]
    )
    monkeypatch.chdir(tmp_path)
    for folder, written in (("schemas", text), ("old", text.replace("x: i32", "x: i64  y: str"))):
        (tmp_path / folder / "links").mkdir(parents=True)
        (tmp_path / folder / "links/links.oschema").write_text(written)
    for command, code in (
        ("fmt", 0),
        ("lint", 0),
        ("migrate plan --slug initial", 0),
        ("migrate plan --check", 0),
        ("breaking --against old", 1),
        ("diff --against old", 0),
        ("generate --out links_api", 0),
        ("reference --out pages", 0),
    ):
        result = CliRunner().invoke(main, command.split())
        assert result.exit_code == code and isinstance(result.exception, SystemExit | None), (command, result.output)
    monkeypatch.syspath_prepend(str(tmp_path))
    strategies = importlib.import_module("links_api.strategies.links")
    assert strategies.any_s0() is strategies.any_s0()
    importlib.import_module("links_api.clients.python")
    served = SmallProgram(tmp_path, "links_api").served(Database.open("sqlite:///:memory:"))
    value: dict[str, Any] = {"x": 1}
    for _ in range(LENGTH):
        value = {"a": value}
    error = served.call("root.new", {"data": {"s": value}})
    assert (error["code"], error["data"]["reason"]) == (-32600, "nested deeper than 64 levels")
