"""The mutation tester tells the truth: what no test notices lives, in whichever order modules are tried."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WALLET = "handlers/ledger/wallet.py"


def test_what_changes_nothing_lives_and_all_else_is_killed() -> None:
    """Twice in one process: the second time everything is loaded already."""
    command = [sys.executable, "-m", "tests.mutation", WALLET, WALLET, "--only", "Wallet.burn: "]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = re.findall(r"wallet\.py: (\d+) of (\d+) killed", done.stdout)
    lived = [int(every) - int(killed) for killed, every in counts]
    assert lived == [1, 1] and done.stderr.count("survived") == 2, "the break that changes nothing"
