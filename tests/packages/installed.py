"""Empty environments with one of our packages in them, and the commands that are run there."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
OURS = ("HERO_ONBOARDING_", "PYTHON", "VIRTUAL_ENV")


def uv(*arguments: str | Path) -> None:
    """Run uv; what it installs has the versions of `constraints.txt`."""
    done = subprocess.run(["uv", *arguments], cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def built(folder: Path) -> dict[str, Path]:
    """The wheel and the source archive, built from the tree into `folder`, or those in the folder `PACKAGES`."""
    given = os.environ.get("PACKAGES")
    if given is None:
        uv("build", "--quiet", "--sdist", "--wheel", "--out-dir", folder)
    place = Path(given) if given is not None else folder
    [wheel], [archive] = place.glob("*.whl"), place.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": archive}


class Installed:
    """A virtual environment with a package and the extras that were asked for; nothing of the tests is in it."""

    def __init__(self, folder: Path, package: Path, *extras: str) -> None:
        self.bin = folder / "bin"
        uv("venv", "--quiet", "--python", sys.executable, folder)
        wanted = f"hero-onboarding[{','.join(extras)}] @ {package.as_uri()}"
        uv("pip", "install", "--quiet", "--python", self.bin / "python", "-c", "constraints.txt", wanted)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environment["PATH"] = f"{self.bin}{os.pathsep}{os.environ['PATH']}"

    def run(self, *command: str, cwd: Path, status: int = 0, variables: Mapping[str, str] | None = None) -> str:
        """What a command of this environment prints; it ends as expected."""
        done = subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=cwd,
            env={**self.environment, **(variables or {})},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def python(self, code: str, cwd: Path) -> str:
        """What a program prints."""
        return self.run("python", "-c", code, cwd=cwd)

    def distributions(self) -> set[str]:
        """The names of what is installed."""
        code = "import json, importlib.metadata as m; print(json.dumps([d.name for d in m.distributions()]))"
        return {name.lower().replace("_", "-") for name in json.loads(self.python(code, self.bin))}
