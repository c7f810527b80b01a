"""Dependencies: each is imported by somebody, belongs to the extra of who imports it, and has its line of reasons."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
CORE: list[str] = PROJECT["project"]["dependencies"]
OURS = ("codegen", "generated", "handlers", "providers", "tests", "benchmarks")
WITHOUT_IMPORT = {"psycopg-binary"}


def names(requirements: list[str]) -> set[str]:
    """The names of requirements; an extra of ours stands for what it requires."""
    found: set[str] = set()
    for requirement in requirements:
        inner = re.fullmatch(r"hero-onboarding\[([\w,]+)\]", requirement)
        if inner:
            found = found.union(*(names(EXTRAS[extra]) for extra in inner[1].split(",")))
        else:
            found.add(re.split(r"[\[<>=~ ]", requirement)[0])
    return found


ROOMS = {
    "codegen/runtime/http": names(CORE + EXTRAS["serve"]),
    "codegen/runtime/testing": names(CORE + EXTRAS["kit"]),
    "codegen": names(CORE),
    "generated/conformance": names(CORE + EXTRAS["kit"]),
    "generated/strategies": names(CORE + EXTRAS["kit"]),
    "generated": names(CORE),
    "handlers": names(CORE + EXTRAS["site"]),
    "providers/testing": names(CORE + EXTRAS["kit"]),
    "providers": names(CORE + EXTRAS["site"]),
}
"""What the files of a folder may import; the longest name counts."""


def imported(path: Path) -> Iterator[str]:
    """The distributions that a file imports from, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            modules = [node.module]
        for module in modules:
            top = module.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in OURS:
                yield DISTRIBUTIONS[top]


DISTRIBUTIONS = {module: found[0].lower().replace("_", "-") for module, found in packages_distributions().items()} | {
    "pydantic_core": "pydantic"
}


def files(room: str) -> list[Path]:
    """The Python files of a folder that no longer name of `ROOMS` has."""
    inner = [other for other in ROOMS if other != room and other.startswith(f"{room}/")]
    return [
        path for path in (ROOT / room).rglob("*.py") if not any(path.is_relative_to(ROOT / other) for other in inner)
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_its_extra_brings(room: str) -> None:
    for path in files(room):
        strange = set(imported(path)) - ROOMS[room]
        assert not strange, f"{path.relative_to(ROOT)} imports {sorted(strange)}"


def test_every_dependency_is_imported() -> None:
    used = {name for room in ROOMS for path in files(room) for name in imported(path)}
    declared = names(CORE).union(*(names(extra) for extra in EXTRAS.values()))
    assert not declared - used - WITHOUT_IMPORT


def test_every_dependency_has_its_reasons() -> None:
    page = (ROOT / "docs/dependencies.md").read_text()
    groups = [entry for group in PROJECT["dependency-groups"].values() for entry in group if isinstance(entry, str)]
    wanted = names(CORE + groups).union(*(names(extra) for extra in EXTRAS.values()))
    told = {name.strip() for row in re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE) for name in row.split(",")}
    assert {name for name in wanted if not name.startswith("types-")} <= told
    assert told - wanted <= {"package", "axe-core (npm", "when tests run)"}, "nothing is explained that is gone"


def test_the_set_that_works_names_them_all() -> None:
    pinned = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    groups = [entry for group in PROJECT["dependency-groups"].values() for entry in group if isinstance(entry, str)]
    assert names(CORE + groups).union(*(names(extra) for extra in EXTRAS.values())) <= pinned
