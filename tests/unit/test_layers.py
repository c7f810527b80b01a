"""The layers of the house go one way: who may import whom is written here once, and held."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A room may import itself, what stands here, and libraries. How values are written on the wire, kept in columns and
# matched is said once, in three modules of the runtime that import nothing else; the generator reads them there.
MAY_IMPORT = {
    "codegen.source": set(),
    "codegen.syntax": {"codegen.source"},
    "codegen.model": {
        "codegen.source",
        "codegen.syntax",
        "codegen.runtime.values.columns",
        "codegen.runtime.values.pattern",
    },
    "codegen.rules": {"codegen.source", "codegen.syntax", "codegen.model"},
    "codegen.evolve": {
        "codegen.source",
        "codegen.syntax",
        "codegen.model",
        "codegen.runtime.values.columns",
        "codegen.runtime.values.types",
    },
    # Tables are made by the same SQL that migrations write.
    "codegen.emit": {
        "codegen.source",
        "codegen.syntax",
        "codegen.model",
        "codegen.evolve.ddl",
        "codegen.runtime.values.columns",
        "codegen.runtime.values.pattern",
        "codegen.runtime.values.types",
    },
    "codegen.editor": {"codegen.source", "codegen.syntax", "codegen.model", "codegen.rules"},
    "codegen.commands": {
        "codegen.source",
        "codegen.syntax",
        "codegen.model",
        "codegen.rules",
        "codegen.evolve",
        "codegen.emit",
        "codegen.editor",
        "codegen.runtime",
    },
    "codegen.cli": {"codegen.commands", "codegen.runtime.terminal"},
    "codegen.runtime": set(),
    "generated": {"codegen.runtime"},
    "providers": {"generated", "codegen.runtime"},
    "handlers": {"generated", "codegen.runtime"},
}
OURS = ("codegen", "generated", "handlers", "providers", "tests", "benchmarks")
# Pure by design: no database, no network, no clock.
PURE = ("codegen/source", "codegen/syntax", "codegen/model", "codegen/rules", "codegen/evolve")
IMPURE = {"peewee", "psycopg", "sqlite3", "httpx", "falcon", "granian", "requests"}


def modules(room: str) -> list[Path]:
    path = ROOT / room.replace(".", "/")
    return [path.with_suffix(".py")] if path.with_suffix(".py").exists() else sorted(path.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, wherever the import stands."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *(node.module.split(".") if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_stands_below_it(room: str) -> None:
    allowed = {room, *MAY_IMPORT[room]}
    for path in modules(room):
        for name in imports(path):
            if name.split(".")[0] in OURS and name not in ("codegen", "codegen.__init__"):
                assert any(name == room_ or name.startswith(f"{room_}.") for room_ in allowed), (
                    f"{path.relative_to(ROOT)} imports {name}; {room} may import {sorted(allowed)}"
                )


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_know_no_database_and_no_network(room: str) -> None:
    for path in modules(room):
        found = {name.split(".")[0] for name in imports(path)} & IMPURE
        assert not found, f"{path.relative_to(ROOT)} imports {sorted(found)}"


def test_every_room_is_in_the_table() -> None:
    rooms = {path.name for path in (ROOT / "codegen").iterdir() if (path / "__init__.py").exists()}
    assert {f"codegen.{room}" for room in rooms} <= MAY_IMPORT.keys()


def test_nothing_generic_knows_the_product() -> None:
    for path in (ROOT / "codegen").rglob("*"):
        if path.suffix in (".py", ".j2"):
            text = path.read_text()
            for word in ("Hero", "hero_onboarding", "onboarding", "mycelium", "Stripe"):
                assert word not in text, f"{path.relative_to(ROOT)} speaks of {word}"


def test_the_clock_has_one_place() -> None:
    """Time comes from the one `Clock`, so that tests can set it."""
    clock = ROOT / "codegen/runtime/context.py"
    for room in ("codegen/runtime", "handlers", "providers"):
        for path in modules(room.replace("/", ".")):
            text = path.read_text()
            if path != clock:
                assert "datetime.now(" not in text and "utcnow(" not in text, path.relative_to(ROOT)
