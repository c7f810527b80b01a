"""Plugins are found by entry points; a broken one is named and does not stop the others."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import BaseModel

from codegen.runtime.plugins.registry import Metadata, Registry, UnknownPlugin, metadata_problems

GROUP = "shop.payment"


class Payment(ABC):
    metadata: ClassVar[Metadata]

    @abstractmethod
    def pay(self, cents: int) -> str: ...

    @abstractmethod
    def refund(self, ref: str) -> None: ...


SOURCE = """
from codegen.runtime.plugins.registry import Metadata
class Good:
    metadata = Metadata("good", "1.0", frozenset({"refund"}))
    def pay(self, cents): return "ref"
    def refund(self, ref): pass
class Half:
    metadata = Metadata("half", "1.0")
    def pay(self, cents): return "ref"
class OtherName(Good):
    metadata = Metadata("other", "1.0")
class Silent:
    def pay(self, cents): return "ref"
    def refund(self, ref): pass
instance = Good()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "shop_plugins_here.py").write_text(SOURCE)
    (tmp_path / "shop_plugins_crash.py").write_text("raise RuntimeError('no licence')\n")
    (tmp_path / "shop_plugins_exit.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "shop_plugins_here"
    for name in ("here", "crash", "exit"):
        sys.modules.pop(f"shop_plugins_{name}", None)


def registry(*points: tuple[str, str]) -> Registry[Payment]:
    found = [EntryPoint(name, value, GROUP) for name, value in points]
    return Registry.load(GROUP, Payment, found)  # type: ignore[type-abstract]  # it makes none of it


def test_a_good_plugin_is_usable(module: str) -> None:
    found = registry(("good", f"{module}:Good"))
    assert list(found) == ["good"]
    assert "good" in found
    assert found.broken == ()
    assert found["good"].metadata.capabilities == {"refund"}
    assert found["good"]().pay(1) == "ref"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("crash", "shop_plugins_crash:X", "cannot be imported: RuntimeError: no licence"),
        ("exit", "shop_plugins_exit:X", "cannot be imported: SystemExit: 3"),
        ("gone", "shop_plugins_gone:X", "cannot be imported: ModuleNotFoundError"),
        ("absent", "shop_plugins_here:Nothing", "cannot be imported: AttributeError"),
        ("half", "shop_plugins_here:Half", "does not implement refund of Payment"),
        ("silent", "shop_plugins_here:Silent", "has no `metadata`"),
        ("wrong", "shop_plugins_here:OtherName", "metadata calls it 'other', its entry point 'wrong'"),
        ("object", "shop_plugins_here:instance", "is no class"),
    ],
)
def test_a_broken_plugin_is_named_and_stops_nobody(module: str, name: str, value: str, reason: str) -> None:
    found = registry((name, value), ("good", f"{module}:Good"))
    assert list(found) == ["good"]
    (broken,) = found.broken
    assert broken.name == name
    assert reason in broken.reason
    with pytest.raises(UnknownPlugin, match=name):
        found[name]


def test_a_name_given_twice_is_used_by_nobody(module: str) -> None:
    found = registry(("good", f"{module}:Good"), ("good", f"{module}:Half"))
    assert list(found) == []
    (broken,) = found.broken
    assert "2 plugins have this name" in broken.reason
    assert f"{module}:Half" in broken.origin


def test_the_same_entry_point_seen_twice_is_one(module: str) -> None:
    found = registry(("good", f"{module}:Good"), ("good", f"{module}:Good"))
    assert list(found) == ["good"]


def test_an_unknown_name_gets_a_suggestion(module: str) -> None:
    with pytest.raises(UnknownPlugin, match=r"did you mean 'good'\? \(usable: good\)"):
        registry(("good", f"{module}:Good"))["goood"]


def test_without_plugins_the_registry_is_empty() -> None:
    assert list(Registry.load("a.group.nobody.has", Payment)) == []  # type: ignore[type-abstract]


class Settings(BaseModel):
    key: str


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        (Metadata("good", "1.0.0", frozenset({"a"}), Settings), None),
        (Metadata("Bad Name", "1.0"), "name"),
        (Metadata("good", "newest"), "version"),
        (Metadata("good", "1.0", ["a"]), "capabilities"),  # type: ignore[arg-type]
        (Metadata("good", "1.0", settings=dict), "settings"),  # type: ignore[arg-type]
        (Metadata("good", "1.0", title="The Good One"), None),
        (Metadata("good", "1.0", title=""), "title"),
        (None, "metadata"),
    ],
)
def test_metadata(metadata: Metadata | None, problem: str | None) -> None:
    found = metadata_problems(metadata)
    assert (found == []) if problem is None else (len(found) == 1 and problem in found[0])
