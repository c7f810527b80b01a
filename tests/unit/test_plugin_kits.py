"""Conformance kits: a good provider passes, and each fault fails the check that is meant for it, and no other."""

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from codegen.emit.run.generate import emit_kinds
from codegen.model.load import load_program
from codegen.runtime.errors import NotFound
from codegen.runtime.plugins.registry import Metadata
from codegen.source.diagnostics import Report

CASE = Path(__file__).parents[1] / "cases/plugins/vault"
KINDS = ("models", "errors", "strategies", "plugins", "conformance")
PACKAGE = "vault_generated_for_kits"


def generate(schemas: Path) -> dict[str, bytes]:
    report = Report()
    program = load_program(schemas, report)
    assert program is not None, list(report)
    return {path: wanted.data for path, wanted in emit_kinds(program, KINDS).items()}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("kits")
    for path, data in generate(CASE / "in").items():
        target = root / PACKAGE / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    yield PACKAGE
    sys.path.remove(str(root))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]
    shutil.rmtree(root)


class Parts:
    """The generated modules."""

    def __init__(self, package: str) -> None:
        def module(kind: str) -> ModuleType:
            return importlib.import_module(f"{package}.{kind}.vault")

        self.models, self.errors = module("models"), module("errors")
        self.plugins, self.conformance = module("plugins"), module("conformance")


@pytest.fixture(scope="module")
def parts(package: str) -> Parts:
    return Parts(package)


def good(parts: Parts) -> type[Any]:
    class MemoryVault(parts.plugins.Vault):  # type: ignore[name-defined, misc]
        metadata = Metadata("memory", "1.0")

        def __init__(self) -> None:
            self.boxes: dict[str, list[Any]] = {}
            self.keys: dict[str, Any] = {}
            self.looks = 0

        def title(self) -> str:
            return "In memory"

        def put(self, box: str, thing: Any, key: str) -> Any:
            if key not in self.keys:
                if len(self.boxes.get(box, ())) >= 3:
                    raise parts.errors.Full(room=0)
                self.boxes.setdefault(box, []).append(thing)
                self.keys[key] = self.stored(box)
            return self.keys[key]

        def look(self, box: str, *, limit: int = 10, colour: Any = None) -> Any:
            return self.stored(box, limit) if box in self.boxes else None

        def drop(self, box: str) -> None:
            if self.boxes.pop(box, None) is None:
                raise NotFound

        def stored(self, box: str, limit: int = 10) -> Any:
            if not box or len(box) > 40:
                raise ValueError("a box has a name of 1 to 40 signs")
            return parts.models.Stored(box=box, things=list(self.boxes[box][: max(limit, 0)]))

    return MemoryVault


def kit(parts: Parts, plugin: type[Any], **changes: Any) -> type[Any]:
    def filled(vault: Any) -> dict[str, Any]:
        vault.put("attic", thing(parts), "before")
        return {"box": "attic"}

    calls = {
        "put": [{"box": "cellar", "thing": thing(parts), "key": "k1"}],
        "look": [filled, {"box": "empty"}],
        "drop": [filled],
    }
    return type("TestVault", (parts.conformance.VaultConformance,), {"provider": plugin, "calls": calls, **changes})


def thing(parts: Parts) -> Any:
    return parts.models.Thing(label="lamp", weight=3, value="12.50")


def outcomes(kit: type[Any]) -> dict[str, str]:
    """Test → `passed`, `skipped: …` or the failure's text."""
    found = {}
    for name in [name for name in dir(kit) if name.startswith("test_")]:
        try:
            getattr(kit(), name)()
        except pytest.skip.Exception as skipped:
            found[name] = f"skipped: {skipped}"
        except (Exception, pytest.fail.Exception) as failed:
            found[name] = f"failed: {type(failed).__name__}: {failed}"
        else:
            found[name] = "passed"
    return found


def failures(kit: type[Any]) -> dict[str, str]:
    return {name: text for name, text in outcomes(kit).items() if text.startswith("failed")}


def test_a_good_provider_passes_everything(parts: Parts) -> None:
    found = outcomes(kit(parts, good(parts)))
    assert set(found.values()) == {"passed"}
    assert {
        "test_skips",
        "test_metadata",
        "test_put_repeat",
        "test_look_safe",
        "test_title_calls",
        "test_drop_arbitrary",
        "test_put_invalid",
        "test_look_signature",
    } <= found.keys()


Break = Callable[[Parts, type[Any]], type[Any]]


def without_metadata(parts: Parts, base: type[Any]) -> type[Any]:
    return type("Broken", (base,), {"metadata": None})


def other_arguments(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def drop(self, name: str) -> None:
            return super().drop(name)  # type: ignore[no-any-return]

    return Broken


def one_argument_more(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def look(self, box: str, region: str, *, limit: int = 10, colour: Any = None) -> Any:
            return super().look(box, limit=limit)

    return Broken


def answers_a_dict(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def put(self, box: str, thing: Any, key: str) -> Any:
            return super().put(box, thing, key).model_dump()

    return Broken


def answers_unchecked_content(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def put(self, box: str, thing: Any, key: str) -> Any:
            super().put(box, thing, key)
            return parts.models.Stored.model_construct(box="", things=[])

    return Broken


def answers_something_for_nothing(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def drop(self, box: str) -> Any:
            super().drop(box)
            return True

    return Broken


def raises_what_is_not_declared(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def drop(self, box: str) -> None:
            if box not in self.boxes:
                raise parts.errors.Locked
            super().drop(box)

    return Broken


def leaks_a_key_error(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def drop(self, box: str) -> None:
            del self.boxes[box]

    return Broken


def changes_its_arguments(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def put(self, box: str, thing: Any, key: str) -> Any:
            result = super().put(box, thing, key)
            thing.label = "mine"
            return result

    return Broken


def puts_in_twice(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def put(self, box: str, thing: Any, key: str) -> Any:
            self.keys.pop(key, None)
            return super().put(box, thing, key)

    return Broken


def looks_and_takes(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def look(self, box: str, *, limit: int = 10, colour: Any = None) -> Any:
            found = super().look(box, limit=limit)
            self.boxes.pop(box, None)
            return found

        def put(self, box: str, thing: Any, key: str) -> Any:
            self.keys.pop("before", None) if key != "before" else None
            return super().put(box, thing, key)

    return Broken


def trips_over_bad_input(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def look(self, box: str, *, limit: int = 10, colour: Any = None) -> Any:
            if not box.isalpha():
                raise IndexError(box)
            return super().look(box, limit=limit)

    return Broken


def refuses_what_must_succeed(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def put(self, box: str, thing: Any, key: str) -> Any:
            raise parts.errors.Full(room=0)

    return Broken


def is_async(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        async def title(self) -> str:
            return "later"

    return Broken


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
@pytest.mark.parametrize(
    ("breaks", "tests", "words"),
    [
        (without_metadata, {"test_metadata"}, "metadata"),
        (other_arguments, {"test_drop_signature"}, "cannot be called as drop"),
        (one_argument_more, {"test_look_signature"}, "region"),
        (answers_a_dict, {"test_put_calls", "test_put_arbitrary"}, "which is no"),
        (answers_unchecked_content, {"test_put_calls", "test_put_arbitrary"}, "which is no"),
        (answers_something_for_nothing, {"test_drop_calls"}, "answered True"),
        (raises_what_is_not_declared, {"test_drop_arbitrary", "test_drop_invalid"}, "Locked"),
        (leaks_a_key_error, {"test_drop_arbitrary", "test_drop_invalid"}, "KeyError"),
        (changes_its_arguments, {"test_put_arbitrary"}, "changed its arguments"),
        (puts_in_twice, {"test_put_repeat"}, "is idempotent"),
        (looks_and_takes, {"test_look_safe"}, "changed the state"),
        (trips_over_bad_input, {"test_look_invalid"}, "leaks IndexError"),
        (refuses_what_must_succeed, {"test_put_calls"}, "must succeed and raised Full"),
        (is_async, {"test_title_signature"}, "is async"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_each_fault_fails_its_check(parts: Parts, breaks: Break, tests: set[str], words: str) -> None:
    found = failures(kit(parts, breaks(parts, good(parts))))
    assert tests <= found.keys(), found
    assert any(words in found[name] for name in tests), found
    if breaks is not refuses_what_must_succeed:  # the calls of other methods need something to be put in
        method = {name.split("_")[1] for name in tests}
        assert {name for name in found if name.split("_")[1] not in method} == set(), found


def test_a_missing_method_is_found_before_anything_runs(parts: Parts) -> None:
    half = type("Half", (parts.plugins.Vault,), {"metadata": Metadata("half", "1.0"), "title": lambda self: "x"})
    with pytest.raises(TypeError, match="abstract"):
        kit(parts, half)().test_title_signature()


def test_calls_are_asked_for(parts: Parts) -> None:
    found = outcomes(kit(parts, good(parts), calls={}))
    assert "give at least one call of put" in found["test_put_calls"]
    assert found["test_title_calls"] == "passed"


def test_a_skip_needs_its_reason(parts: Parts) -> None:
    reasoned = outcomes(kit(parts, good(parts), skip={"drop.calls": "boxes are for ever"}))
    assert reasoned["test_drop_calls"] == "skipped: boxes are for ever"
    assert reasoned["test_skips"] == "passed"
    assert "a skip needs its reason" in outcomes(kit(parts, good(parts), skip={"drop.calls": " "}))["test_skips"]
    assert "names no case" in outcomes(kit(parts, good(parts), skip={"drop.call": "why"}))["test_skips"]
    assert "names no method" in outcomes(kit(parts, good(parts), calls={"dorp": [{}]}))["test_skips"]


def test_golden(update: bool) -> None:
    for path, data in generate(CASE / "in").items():
        if path.startswith(("plugins/vault", "conformance/vault")):
            expected = CASE / "expected" / path
            if update:
                expected.parent.mkdir(parents=True, exist_ok=True)
                expected.write_bytes(data)
            assert data.decode() == expected.read_text()
