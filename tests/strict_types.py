"""`mypy --strict` over generated code, with one cache for all tests: what they import is checked once."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache/mypy"


def strict_types(folder: Path, *files: str | Path) -> subprocess.CompletedProcess[str]:
    """What mypy says of files, named from `folder`; the project's own packages can be imported."""
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={CACHE}", *files],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        text=True,
        capture_output=True,
        check=False,
    )
