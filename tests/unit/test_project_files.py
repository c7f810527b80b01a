"""The files beside the code: what they name exists, and the hooks before a commit pass on what is committed."""

import re
import shlex
import subprocess
import sys
from collections.abc import Sized
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kits import wrong_amounts, wrong_checkouts, wrong_payments, wrong_webhooks  # noqa: F401 (they fill the table)
from tests.kits.faults import WRONG
from tests.kits.wrong_forges import WRONG_FORGES
from tests.kits.wrong_kyc import WRONG_KYC
from tests.kits.wrong_provisioners import WRONG_PROVISIONERS

ROOT = Path(__file__).resolve().parents[2]
HOOKS: list[dict[str, Any]] = [
    hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_run_programs_of_the_project(hook: dict[str, Any]) -> None:
    """Formatters are only asked whether they would change something."""
    program, *arguments = shlex.split(hook["entry"])
    check = ["--check"] if "fmt" in arguments or "format" in arguments else []
    named = [str(ROOT / "noxfile.py")] if hook.get("pass_filenames", True) else []
    done = subprocess.run(
        [str(Path(sys.executable).parent / program), *arguments, *check, *named],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    assert hook["language"] == "system", "nothing is downloaded"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/releases.md"])
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.lstrip().startswith("Apache License\n                           Version 2.0, January 2004")
    for section in (
        "1. Definitions.",
        "9. Accepting Warranty",
        "END OF TERMS AND CONDITIONS",
        "limitations under the License.",
    ):
        assert section in text


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
STARTERS = {
    ROOT / "providers/starters/payment": "piggy_bank",
    ROOT / "providers/starters/kyc": "lantern",
    ROOT / "providers/starters/provisioner": "meadow",
    ROOT / "providers/starters/forge": "anvil",
}
"""The plugin that a how-to makes of each starter."""
OF_A_READERS_PROJECT = {
    "schemas/tasks/tasks.oschema",
    *(
        re.sub("package|NAME", plugin, path.relative_to(starter).as_posix().removesuffix(".j2"))
        for starter, plugin in STARTERS.items()
        for path in starter.rglob("*.j2")
    ),
}


def test_files_that_documents_name_exist() -> None:
    """Paths are from the root, or short for those of a room."""
    rooms = [ROOT, *(ROOT / room for room in ("codegen", "handlers", "docs"))]
    for page in PAGES:
        for name in re.findall(r"`([a-z_]+/[\w/.-]+\.(?:py|md|oschema|toml|json))`", page.read_text()):
            known = name in OF_A_READERS_PROJECT or any((room / name).exists() for room in rooms)
            assert known, f"{page.relative_to(ROOT)} names {name}"


def test_sessions_that_documents_name_exist() -> None:
    sessions = set(re.findall(r"^@nox\.session.*\ndef (\w+)", (ROOT / "noxfile.py").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"\bnox(?:file\.py)? -s (\w+)", page.read_text())}
    assert named <= sessions | {"NAME"}
    assert {"package", "tests", "demo", "codegen"} <= sessions


def test_benchmarks_that_are_named_are_those_there_are() -> None:
    """Files that say that they are parts of another one are none."""
    there = {
        path.stem
        for path in (ROOT / "benchmarks").glob("*.py")
        if "__main__" in (text := path.read_text()) and ", for `" not in text.partition("\n")[0]
    }
    (listed,) = re.findall(r"^BENCHMARKS = \((.*)\)$", (ROOT / "noxfile.py").read_text(), re.MULTILINE)
    (row,) = re.findall(r"^\| `bench -- (.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert set(re.findall(r'"(\w+)"', listed)) == set(re.findall(r"(\w+)`", row)) == there
    used = {name for page in PAGES for name in re.findall(r"nox -s bench -- (\w+)", page.read_text())}
    assert used <= there


def test_the_decision_counts_the_wrong_plugins_there_are() -> None:
    decision = (ROOT / "docs/decisions/0012-laws-of-plugins.md").read_text()
    tables: dict[str, Sized] = {
        "payment providers": WRONG,
        "KYC providers": WRONG_KYC,
        "provisioners": WRONG_PROVISIONERS,
        "forges": WRONG_FORGES,
    }
    for kind, table in tables.items():
        assert f"{len(table)} {kind}" in decision, kind
