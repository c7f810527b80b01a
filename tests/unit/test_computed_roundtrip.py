"""The generated round trip of a root object with computed fields, one of which may be null."""

import importlib
import sys
from pathlib import Path

import pytest
from hypothesis import find

from codegen.emit.run.generate import emit_kinds
from codegen.model import load_program
from codegen.runtime.testing.roundtrip import check_roundtrip, scratch_database
from codegen.source.diagnostics import Report

SCHEMA = """\
module computed "1.0.0"
[rootobject, auth(public)]
Thing = { size: i32  half?: i32 @computed  double: i64 @computed  note?: str }
"""


def test_computed_fields_are_no_matter_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "computed.oschema").write_text(SCHEMA)
    program = load_program(tmp_path, Report())
    assert program is not None
    for path, want in emit_kinds(program, ("models", "tables", "strategies")).items():
        (tmp_path / "computed_generated" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "computed_generated" / path).write_bytes(want.data)
    monkeypatch.syspath_prepend(str(tmp_path))
    thing = importlib.import_module("computed_generated.tables.computed").THING
    strategies = importlib.import_module("computed_generated.strategies.computed")
    database = scratch_database(tmp_path / "computed_generated/tables", tmp_path)
    value = find(strategies.any_thing(), lambda _: True)
    check_roundtrip(thing, lambda _: value, [thing], database)
    database.close()
    del sys.modules["computed_generated"]
