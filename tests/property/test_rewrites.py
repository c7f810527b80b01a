"""Rewriting stored JSON changes what it should and nothing else, whatever the values."""

import importlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from codegen.emit.run.generate import emit_kinds
from codegen.evolve.embedded import compare
from codegen.evolve.lock import load
from codegen.model import Program, load_program
from codegen.runtime.storage.rewrites import Rewriter
from codegen.source.diagnostics import Report

NOW = datetime(2026, 5, 20, tzinfo=UTC)
SCHEMAS = """{"format": 1, "modules": [{"name": "m", "version": "1.0.0", "imports": [], "types": [
  {"kind": "struct", "name": "Leaf", "fields": [
    {"name": "number", "type": "json", "nullable": true}, {"name": "LEAF", "type": "json", "nullable": true WAS}]},
  {"kind": "struct", "name": "Tree", "fields": [
    {"name": "one", "type": "m.Shape"}, {"name": "many", "type": "[m.Tree?]"},
    {"name": "TREE", "type": "map<str, [m.Leaf]>" TREE_WAS}]},
  {"kind": "union", "name": "Shape", "members": ["m.Leaf", "m.Tree"], "tags": ["leaf", "tree"]}]}]}"""


def program(leaf: str, tree: str, was: str = "", tree_was: str = "") -> Program:
    text = SCHEMAS.replace("TREE_WAS", tree_was).replace("WAS", was).replace("LEAF", leaf).replace("TREE", tree)
    return load(text)


OLD = program("old_leaf", "old_tree")
NEW = program("new_leaf", "new_tree", ', "was": "old_leaf"', ', "was": "old_tree"')

TEXTS = st.text(st.characters(exclude_characters='"\\', exclude_categories=["Cs"]))
FREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
"""`json`, which is never gone into."""
LEAVES = st.fixed_dictionaries({"number": FREE}, optional={"old_leaf": FREE})


def _tree(trees: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    shapes = LEAVES.map(lambda leaf: {"type": "leaf", **leaf}) | trees.map(lambda tree: {"type": "tree", **tree})
    return st.fixed_dictionaries(
        {
            "one": shapes,
            "many": st.lists(st.none() | trees, max_size=2),
            "old_tree": st.dictionaries(TEXTS, st.lists(LEAVES, max_size=2), max_size=2),
        }
    )


TREES = st.recursive(
    LEAVES.map(lambda leaf: {"one": {"type": "leaf", **leaf}, "many": [], "old_tree": {}}), _tree, max_leaves=6
)


def rewritten(old: Program, new: Program, value: Any, *, struct: str = "Tree", back: bool) -> bytes:
    """A value of the struct's second field."""
    name = f"m.{struct}"
    found = compare(old, old.struct(name).fields[1].type, new, new.struct(name).fields[1].type, back=back)
    assert not found.problems
    return to_json(Rewriter(found.types, NOW).value(found.holds, value))


@given(st.lists(TREES, max_size=2))
def test_renaming_changes_names_alone_and_comes_back(trees: list[Any]) -> None:
    before = to_json(trees)
    after = rewritten(OLD, NEW, from_json(before), back=False)
    assert after == before.replace(b'"old_leaf":', b'"new_leaf":').replace(b'"old_tree":', b'"new_tree":')
    assert rewritten(NEW, OLD, from_json(after), back=True) == before


# --- what generated code reads ----------------------------------------------------------------------------------

HOLDER = """module m
Box = { leaves: map<str, [Leaf?]>  item: Item  next?: Box }
Other = { x: decimal }
Item = Leaf | Other
[rootobject]
Holder = { sid: sid  held: [Box] }
"""
BEFORE = (
    HOLDER
    + """
Leaf = { a: u64  b?: f64  c: bytes  d?: duration  e?: money<USD>  f: [i8] = [] }
"""
)
AFTER = (
    HOLDER
    + """
[reserved("d", "f")]
Leaf = { z: u64 @was("a")  b: f64 = 0.5  c?: bytes  y?: money<USD> @was("e")
         g: decimal = 3  h: datetime = now  i?: str }
"""
)


def generated(path: Path, name: str, text: str) -> tuple[Program, Any, Any]:
    """The program of a schema, its generated holder, and a strategy for it."""
    schemas = path / f"schemas_{name}"
    schemas.mkdir()
    (schemas / "m.oschema").write_text(text)
    program = load_program(schemas, Report())
    assert program is not None
    for file, want in emit_kinds(program, ("schema", "models", "strategies")).items():
        (path / name / file).parent.mkdir(parents=True, exist_ok=True)
        (path / name / file).write_bytes(want.data)
    models = importlib.import_module(f"{name}.models.m")
    return program, models.Holder, importlib.import_module(f"{name}.strategies.m").any_holder()


def without(value: Any, *names: str) -> Any:
    """JSON without the fields of these names."""
    if isinstance(value, list):
        return [without(item, *names) for item in value]
    if isinstance(value, dict):
        return {name: without(item, *names) for name, item in value.items() if name not in names}
    return value


def test_generated_code_reads_what_was_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old rows are read by new code; going back, old code finds all that did not go."""
    monkeypatch.syspath_prepend(str(tmp_path))
    old, old_model, old_values = generated(tmp_path, "rewrites_before", BEFORE)
    new, new_model, _ = generated(tmp_path, "rewrites_after", AFTER)

    def leaves(holder: Any) -> list[Any]:
        boxes, found = list(holder.held), []
        while boxes:
            box = boxes.pop()
            found += [leaf for many in box.leaves.values() for leaf in many if leaf is not None]
            found += [box.item] if hasattr(box.item, "c") else []
            boxes += [box.next] if box.next is not None else []
        return found

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(old_values)
    def check(value: Any) -> None:
        before = from_json(value.model_dump_json())
        after = {**before, "held": from_json(rewritten(old, new, before["held"], struct="Holder", back=False))}
        read = new_model.model_validate_json(to_json(after))
        for was, now in zip(leaves(value), leaves(read), strict=True):
            assert (now.z, now.b, now.c, now.y, now.i) == (was.a, 0.5 if was.b is None else was.b, was.c, was.e, None)
            assert (now.g, now.h) == (3, NOW)
        stored = from_json(read.model_dump_json())
        assert without(stored, "i") == without(after, "i")  # but for the optional field, as new code writes it

        for leaf in leaves(read):
            leaf.h = None  # a time that was made up would be lost
        kept = from_json(read.model_dump_json(warnings=False))
        home = {**kept, "held": from_json(rewritten(new, old, kept["held"], struct="Holder", back=True))}
        for was, now in zip(leaves(value), leaves(old_model.model_validate_json(to_json(home))), strict=True):
            assert (now.a, now.b, now.c, now.d, now.e, now.f) == (
                was.a,
                0.5 if was.b is None else was.b,
                was.c,
                None,
                was.e,
                [],
            )

    check()
