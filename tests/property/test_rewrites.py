"""Rewriting stored JSON changes what it should and nothing else, whatever the values."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from codegen.evolve.embedded import compare
from codegen.evolve.lock import load
from codegen.model.model import Program
from codegen.runtime.rewrites import Rewriter

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
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5)
"""`json`, which is never gone into."""
LEAVES = st.fixed_dictionaries({"number": FREE}, optional={"old_leaf": FREE})


def _tree(trees: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    shapes = (LEAVES.map(lambda leaf: {"type": "leaf", **leaf}) | trees.map(lambda tree: {"type": "tree", **tree}))
    return st.fixed_dictionaries({
        "one": shapes, "many": st.lists(st.none() | trees, max_size=2),
        "old_tree": st.dictionaries(TEXTS, st.lists(LEAVES, max_size=2), max_size=2)})


TREES = st.recursive(
    LEAVES.map(lambda leaf: {"one": {"type": "leaf", **leaf}, "many": [], "old_tree": {}}), _tree, max_leaves=6)


def rewritten(old: Program, new: Program, value: Any, *, back: bool) -> bytes:
    found = compare(old, old.struct("m.Tree").fields[1].type, new, new.struct("m.Tree").fields[1].type, back=back)
    assert not found.problems
    return to_json(Rewriter(found.types, NOW).value(found.holds, value))


@given(st.lists(TREES, max_size=2))
def test_renaming_changes_names_alone_and_comes_back(trees: list[Any]) -> None:
    before = to_json(trees)
    after = rewritten(OLD, NEW, from_json(before), back=False)
    assert after == before.replace(b'"old_leaf":', b'"new_leaf":').replace(b'"old_tree":', b'"new_tree":')
    assert rewritten(NEW, OLD, from_json(after), back=True) == before
