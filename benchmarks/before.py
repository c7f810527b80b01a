"""A benchmark of this tree beside the same one of an earlier git ref, in turns in one run; rows are compared by name.

Both are made to measure the processor time of their process, which holds on a machine that does other work too.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TURNS = 5
LEAST = 0.95
"""What is slower than so much of the version before is a fault."""
_BY_PROCESSOR = (
    "import runpy, sys, time; time.perf_counter = time.process_time; sys.argv.pop(0); "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def earlier_tree(ref: str, folder: Path) -> Path:
    """The files of a git ref, in a new folder."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", ref], check=True, cwd=ROOT, capture_output=True).stdout
    subprocess.run(["tar", "-x"], check=True, cwd=folder, input=archive)
    return folder


def compare(benchmark: str, ref: str, *, named_by: int, more_is_better: bool) -> None:
    """Run both in turns, with the arguments of this process, and print the ratio of their figures, above 1 where this
    tree is better.

    A row is named by its heading, its words and its first `named_by` numbers; the number after those is compared.
    Exits with 1 where a row is worse than `LEAST`.
    """
    arguments = " ".join(sys.argv[1:]).replace("--before=", "--before ").replace(f"--before {ref}", "").split()
    with tempfile.TemporaryDirectory() as name:
        trees = {"now": ROOT, "before": earlier_tree(ref, Path(name) / "tree")}
        found: dict[str, dict[str, list[float]]] = {}
        for _ in range(TURNS):
            for which, tree in trees.items():
                for row, figure in rows(_run(benchmark, tree, arguments), named_by).items():
                    found.setdefault(row, {}).setdefault(which, []).append(figure)
    worse = False
    print(f"\n{benchmark} by processor time, medians of {TURNS} runs\n{'':44}{'now':>12}{'before':>12}{'ratio':>8}")
    for row, figures in found.items():
        if figures.keys() != trees.keys():
            continue
        now, before = (statistics.median(figures[which]) for which in trees)
        ratio = now / before if more_is_better else before / now
        worse |= ratio < LEAST
        print(f"{row:44}{now:>12,.2f}{before:>12,.2f}{ratio:>8.2f}")
    if worse:
        raise SystemExit(f"something is slower than {LEAST} of what it was")


def rows(output: str, named_by: int) -> dict[str, float]:
    """The rows of a printed table, and the figure of each that is compared. What stands in brackets is left out."""
    found, heading = {}, ""
    for line in re.sub(r"\(.*?\)", "", output).splitlines():
        words = " ".join(word for word in line.split() if not _NUMBER.fullmatch(word))
        numbers = [word for word in line.split() if _NUMBER.fullmatch(word)]
        if words and not numbers:
            heading = re.split(r"\s{3,}", line.strip())[0]
        elif len(numbers) > named_by + 1:
            name = " ".join([words or heading, *numbers[:named_by]])
            found[name] = float(numbers[named_by].replace(",", ""))
    return found


def _run(benchmark: str, tree: Path, arguments: Sequence[str]) -> str:
    command = [sys.executable, "-P", "-c", _BY_PROCESSOR, f"benchmarks/{benchmark}.py", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True)
    return done.stdout  # some end with 1 where an aim is missed
