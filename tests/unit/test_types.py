"""mypy --strict over everything: the code, what is generated, tests and benchmarks.

It is a test so that other tests run beside it; `nox -s lint` runs it by itself.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_types_are_whole() -> None:
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
