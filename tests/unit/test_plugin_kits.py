"""Conformance kits: a good provider passes, and each fault fails the check that is meant for it, and no other."""

import contextlib
import importlib
import logging
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

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


SKIPS = "test_skips_and_calls_name_what_exists"


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
            self.held: dict[str, list[Any]] = {}
            self.keys: dict[str, Any] = {}
            self.looks = 0

        def title(self) -> str:
            return "In memory"

        def put(self, box: str, thing: Any, key: str) -> Any:
            if key not in self.keys:
                if len(self.held.get(box, ())) >= 3:
                    raise parts.errors.Full(room=0)
                self.held.setdefault(box, []).append(thing)
                self.keys[key] = self.stored(box)
            return self.keys[key]

        def look(self, box: str, *, limit: int = 10, colour: Any = None) -> Any:
            return self.stored(box, limit) if box in self.held else None

        def drop(self, box: str) -> None:
            if self.held.pop(box, None) is None:
                raise NotFound

        def boxes(self, *, prefix: str | None = None, cursor: str | None = None) -> Any:
            names = sorted(box for box in self.held if box.startswith(prefix or "") and box > (cursor or ""))
            return parts.models.Boxes(boxes=names[:2], next_cursor=names[1] if len(names) > 2 else None)

        def stored(self, box: str, limit: int = 10) -> Any:
            if not box or len(box) > 40:
                raise ValueError("a box has a name of 1 to 40 signs")
            return parts.models.Stored(box=box, things=list(self.held[box][: max(limit, 0)]))

    return MemoryVault


def kit(parts: Parts, plugin: type[Any], **changes: Any) -> type[Any]:
    def filled(vault: Any) -> dict[str, Any]:
        vault.put("attic", thing(parts), "before")
        return {"box": "attic"}

    def five(vault: Any) -> dict[str, Any]:
        for box in "abcde":
            vault.put(box, thing(parts), f"in {box}")
        return {}

    calls = {
        "boxes": [five, {"prefix": "x"}],
        "put": [{"box": "cellar", "thing": thing(parts), "key": "k1"}],
        "look": [filled, {"box": "empty"}],
        "drop": [filled],
    }
    return type(
        "TestVault",
        (parts.conformance.VaultConformance,),
        {"provider": plugin, "calls": calls, "examples": 4, **changes},
    )


def thing(parts: Parts) -> Any:
    return parts.models.Thing(label="lamp", weight=3, value="12.50")


def outcome(kit: type[Any], name: str) -> str:
    """`passed`, `skipped: …` or the failure's text."""
    try:
        getattr(kit(), name)()
    except pytest.skip.Exception as skipped:
        return f"skipped: {skipped}"
    except (Exception, pytest.fail.Exception) as failed:
        return f"failed: {type(failed).__name__}: {failed}"
    return "passed"


def outcomes(kit: type[Any]) -> dict[str, str]:
    """The outcome of each test."""
    return {name: outcome(kit, name) for name in dir(kit) if name.startswith("test_")}


def failures(kit: type[Any]) -> dict[str, str]:
    return {name: text for name, text in outcomes(kit).items() if text.startswith("failed")}


def test_a_good_provider_passes_everything(parts: Parts) -> None:
    found = outcomes(kit(parts, good(parts)))
    assert set(found.values()) == {"passed"}
    assert {
        SKIPS,
        "test_its_metadata_is_in_order",
        "test_put_done_twice_has_one_outcome",
        "test_look_changes_nothing",
        "test_title_answers_what_is_declared",
        "test_drop_raises_only_what_is_declared",
        "test_put_refuses_wrong_values",
        "test_look_can_be_called_as_declared",
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
            if box not in self.held:
                raise parts.errors.Locked
            super().drop(box)

    return Broken


def leaks_a_key_error(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def drop(self, box: str) -> None:
            del self.held[box]

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
            self.held.pop(box, None)
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


def puts_into_another_box(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def put(self, box: str, thing: Any, key: str) -> Any:
            return super().put(box, thing, key).model_copy(update={"box": "elsewhere"})

    return Broken


def sleeps(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def put(self, box: str, thing: Any, key: str) -> Any:
            if key == "k1":
                threading.Event().wait()
            return super().put(box, thing, key)

    return Broken


def asks_somebody(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def title(self) -> str:
            with contextlib.suppress(OSError), socket.socket() as asking:
                asking.connect(("127.0.0.1", 9))
            return str(super().title())

    return Broken


def answers_its_first_page_for_ever(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def boxes(self, *, prefix: str | None = None, cursor: str | None = None) -> Any:
            return super().boxes(prefix=prefix)

    return Broken


def goes_back_a_box(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def boxes(self, *, prefix: str | None = None, cursor: str | None = None) -> Any:
            return super().boxes(prefix=prefix, cursor=cursor and chr(ord(cursor[0]) - 1) + "z")

    return Broken


def tells_naive_time(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def put(self, box: str, thing: Any, key: str) -> Any:
            found = super().put(box, thing, key)
            return found.model_copy(update={"kept_until": datetime(2026, 11, 20)})

    return Broken


def has_pages_without_end(parts: Parts, base: type[Any]) -> type[Any]:
    class Broken(base):  # type: ignore[misc]
        def boxes(self, *, prefix: str | None = None, cursor: str | None = None) -> Any:
            return parts.models.Boxes(boxes=[], next_cursor=f"{cursor}x"[-30:])

    return Broken


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
@pytest.mark.parametrize(
    ("breaks", "tests", "words"),
    [
        (without_metadata, {"test_its_metadata_is_in_order"}, "metadata"),
        (other_arguments, {"test_drop_can_be_called_as_declared"}, "cannot be called as drop"),
        (one_argument_more, {"test_look_can_be_called_as_declared"}, "region"),
        (answers_a_dict, {"test_put_answers_what_is_declared", "test_put_raises_only_what_is_declared"}, "which is no"),
        (
            answers_unchecked_content,
            {"test_put_answers_what_is_declared", "test_put_raises_only_what_is_declared"},
            "which is no",
        ),
        (answers_something_for_nothing, {"test_drop_answers_what_is_declared"}, "answered True"),
        (
            raises_what_is_not_declared,
            {"test_drop_raises_only_what_is_declared", "test_drop_refuses_wrong_values"},
            "Locked",
        ),
        (leaks_a_key_error, {"test_drop_raises_only_what_is_declared", "test_drop_refuses_wrong_values"}, "KeyError"),
        (
            changes_its_arguments,
            {"test_no_argument_is_changed", "test_put_raises_only_what_is_declared"},
            "changed its arguments",
        ),
        (puts_in_twice, {"test_put_done_twice_has_one_outcome"}, "is idempotent"),
        (looks_and_takes, {"test_look_changes_nothing"}, "changed the state"),
        (trips_over_bad_input, {"test_look_refuses_wrong_values"}, "leaks IndexError"),
        (refuses_what_must_succeed, {"test_put_answers_what_is_declared"}, "must succeed and raised Full"),
        (puts_into_another_box, {"test_put_answers_what_was_asked_for"}, "was asked for 'cellar'"),
        (asks_somebody, {"test_title_uses_no_network"}, "('127.0.0.1', 9)"),
        (answers_its_first_page_for_ever, {"test_boxes_has_pages_that_end"}, "a second time"),
        (goes_back_a_box, {"test_boxes_has_pages_that_end"}, "a second time"),
        (has_pages_without_end, {"test_boxes_has_pages_that_end"}, "no end"),
        (
            tells_naive_time,
            {"test_times_name_their_zone", "test_put_answers_what_is_declared"},
            "no zone in put.kept_until",
        ),
        (is_async, {"test_title_can_be_called_as_declared"}, "is async"),
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


@pytest.mark.parametrize("name", ["test_put_comes_back_in_time", "test_put_answers_what_is_declared"])
def test_a_call_that_hangs_is_named(parts: Parts, name: str) -> None:
    hanging = kit(parts, sleeps(parts, good(parts)), patience=0.6)()
    with pytest.raises(
        pytest.fail.Exception, match=r"did not come back within 0.[36] s; it is in\n(.|\n)+Event\(\).wait"
    ):
        getattr(hanging, name)()


def test_a_missing_method_is_found_before_anything_runs(parts: Parts) -> None:
    half = type("Half", (parts.plugins.Vault,), {"metadata": Metadata("half", "1.0"), "title": lambda self: "x"})
    with pytest.raises(TypeError, match="abstract"):
        kit(parts, half)().test_title_can_be_called_as_declared()


def test_calls_are_asked_for(parts: Parts) -> None:
    found = outcomes(kit(parts, good(parts), calls={}))
    assert "give at least one call of put" in found["test_put_answers_what_is_declared"]
    assert found["test_title_answers_what_is_declared"] == "passed"


def test_a_skip_needs_its_reason(parts: Parts) -> None:
    name = "drop_answers_what_is_declared"
    reasoned = outcomes(kit(parts, good(parts), skip={name: "boxes are for ever"}))
    assert reasoned[f"test_{name}"] == "skipped: boxes are for ever"
    assert reasoned[SKIPS] == "passed"
    for wrong, told in (
        ({"skip": {name: " "}}, "a skip needs its reason"),
        ({"skip": {"drop_answers": "why"}}, "names no test"),
        ({"calls": {"dorp": [{}]}}, "names no method"),
    ):
        assert told in outcome(kit(parts, good(parts), **wrong), SKIPS)


SECRET = "open-sesame"


class VaultSettings(BaseModel):
    word: SecretStr


def with_settings(parts: Parts, tells: Callable[[str], str]) -> type[Any]:
    class Tells(good(parts)):  # type: ignore[misc]
        metadata = Metadata("tells", "1.0", settings=VaultSettings)

        def title(self) -> str:
            return tells(SECRET)

    return Tells


def raises(secret: str) -> str:
    try:
        raise RuntimeError(f"not let in with {secret}")
    except RuntimeError as error:
        raise ValueError("not let in") from error


def logs(secret: str) -> str:
    logging.getLogger("vault").debug("asked with %s", secret)
    return "quiet"


def prints(secret: str) -> str:
    print(secret, file=sys.stderr)
    return "quiet"


@pytest.mark.parametrize(
    ("tells", "where"),
    [
        (str, "the answer of title"),
        (raises, "an error of title"),
        (logs, "the log"),
        (prints, "the log"),
    ],
)
def test_a_secret_that_is_told_is_found(parts: Parts, tells: Callable[[str], str], where: str) -> None:
    found = outcome(kit(parts, with_settings(parts, tells), secrets=[SECRET]), "test_no_secret_is_told")
    assert f"a secret stands in {where}" in found and SECRET not in found
    unnamed = outcome(kit(parts, with_settings(parts, lambda _: "quiet")), "test_no_secret_is_told")
    assert "name those that `make` gives in `secrets`" in unnamed


def test_golden(update: bool) -> None:
    for path, data in generate(CASE / "in").items():
        if path.startswith(("plugins/vault", "conformance/vault")):
            expected = CASE / "expected" / path
            if update:
                expected.parent.mkdir(parents=True, exist_ok=True)
                expected.write_bytes(data)
            assert data.decode() == expected.read_text()
