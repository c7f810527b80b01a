"""`oschema new --plugin`: a plugin project that passes the kit of its interface."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen.cli import main
from codegen.commands import new
from codegen.runtime.plugins.starter import Starter
from providers.starters import FORGE, KYC, PAYMENT, PROVISIONER

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _starters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def starters() -> dict[str, Starter]:
        return {"Forge": FORGE, "KycProvider": KYC, "PaymentProvider": PAYMENT, "Provisioner": PROVISIONER}

    monkeypatch.setattr(new, "starters", starters)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["new", *arguments])
    assert result.exit_code == status, result.output
    return result.output


@pytest.mark.parametrize("interface", ["Forge", "KycProvider", "PaymentProvider", "Provisioner"])
def test_what_it_writes_passes_the_kit_and_is_tidy(tmp_path: Path, interface: str) -> None:
    told = run("--plugin", interface, "coin_box")
    assert "wrote coin_box/src/coin_box/provider.py" in told
    assert "next: cd coin_box; pip install -e '.[test]'; pytest" in told
    project = tmp_path / "coin_box"
    assert (project / ".github/workflows/ci.yml").is_file()
    assert not list(project.rglob("*.j2")) and not list(project.rglob("*NAME*"))
    for command in (
        ["ruff", "check", "--isolated", "--line-length", "120", "--select", "E,F,I,B,UP", "."],
        ["pytest", "-q", "-p", "no:cacheprovider"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=project,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(project / "src"), str(ROOT)])},
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    assert "there are Forge, KycProvider, PaymentProvider, Provisioner" in run("--plugin", "Bell", "coin_box", status=2)
    assert "write coin_box" in run("--plugin", "PaymentProvider", "CoinBox", status=2)
    assert "at most 32 signs" in run("--plugin", "PaymentProvider", "c" * 33, status=2)
    (tmp_path / "coin_box").mkdir()
    assert "exists already" in run("--plugin", "PaymentProvider", "coin_box", status=2)
    assert not list((tmp_path / "coin_box").iterdir())
