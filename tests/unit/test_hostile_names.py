"""Names that generated code uses itself, names that meet derived ones, keywords, and texts full of signs: all of it
still works."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.emit.output import KINDS
from codegen.emit.run.generate import emit_kinds
from codegen.model import load_program
from codegen.runtime.values.python_names import attribute_name
from codegen.runtime.values.struct import Struct
from codegen.source.diagnostics import Report
from tests.npm import NODE, compile_types
from tests.strict_types import strict_types

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "tests/data/hostile_names/schemas"
ON_POSTGRESQL = """
import sys
from pathlib import Path
from hypothesis import HealthCheck, Phase, given, reject, settings, strategies as st
from codegen.runtime.storage.database import Database
from codegen.runtime.testing.roundtrip import Unstorable, check_roundtrip
from out.conformance.test_roundtrip import STRATEGIES
from out.tables import STORED
database = Database.open(sys.argv[1])
database.execute_script(Path("out/tables/postgresql.sql").read_text())
for stored in STORED:
    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate],
              database=None)
    @given(data=st.data())
    def check(data):
        try:
            check_roundtrip(stored, lambda wanted: data.draw(STRATEGIES[wanted.qname]()), STORED, database)
        except Unstorable:
            reject()
    check()
database.close()
"""
LOOK = """
import importlib, inspect, pathlib
for path in sorted(pathlib.Path("out").rglob("*.py")):
    importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
from out import routes
assert {service.name for service in routes.SERVICES} <= {method["name"] for method in routes.document()["methods"]}
"""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the generated package `out`."""
    report = Report()
    program = load_program(SCHEMAS, report)
    assert program is not None, [finding.message for finding in report]
    folder = tmp_path_factory.mktemp("hostile")
    for name, wanted in emit_kinds(program, list(KINDS)).items():
        (folder / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "out" / name).write_bytes(wanted.data)
    return folder


def run(generated: Path, *command: str | Path) -> None:
    done = subprocess.run([sys.executable, *command], cwd=generated, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_can_be_imported(generated: Path) -> None:
    run(generated, "-c", LOOK)


def test_types_are_strict(generated: Path) -> None:
    done = strict_types(generated, "out")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_is_content(generated: Path) -> None:
    run(generated, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml", "out")


def test_the_script_can_be_imported(generated: Path) -> None:
    client = generated / "out/clients/typescript/client.js"
    script = f"import {{ Client }} from {json.dumps(client.as_uri())}; new Client();"
    done = subprocess.run([NODE, "--input-type=module", "-e", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_script_is_strictly_typed(generated: Path) -> None:
    done = compile_types(generated / "out/clients/typescript/client.ts")
    assert done.returncode == 0, done.stdout


def test_objects_come_back_from_the_database(generated: Path) -> None:
    run(
        generated,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        ".",
        "-c",
        "/dev/null",
        "out/conformance/test_roundtrip.py",
    )


def test_objects_come_back_from_postgresql(generated: Path, postgresql_url: str) -> None:
    run(generated, "-c", ON_POSTGRESQL, postgresql_url)


def test_no_field_hides_what_its_model_has() -> None:
    public = {name for name in dir(Struct) if not name.startswith("_")}
    assert {name for name in public if attribute_name(name) == name} == set()
