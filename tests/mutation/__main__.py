"""`python -m tests.mutation [MODULE …]`: mutate the money core and say what the tests do not notice.

Which tests belong to which module, and why some mutants may live, stands in `tests/mutants.toml`. Exit 1 where a
survivor has no reason there, where a reason is given for a mutant that is killed, or fewer than 95 % are killed.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections import Counter
from pathlib import Path
from time import monotonic
from typing import Any

from tests.mutation.run import ROOT, Result, run_module

LIST = ROOT / "tests/mutants.toml"
LEAST = 95


def main() -> int:
    parser = argparse.ArgumentParser(prog="nox -s mutants --", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", help="paths of modules in tests/mutants.toml; all of them if none is given"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants whose description contains this")
    parser.add_argument("--verbose", action="store_true", help="print each mutant")
    given = parser.parse_args()
    listed: dict[str, dict[str, Any]] = tomllib.loads(LIST.read_text())
    unknown = set(given.modules) - listed.keys()
    if unknown:
        parser.error(f"not in {LIST.relative_to(ROOT)}: {', '.join(sorted(unknown))}")
    results: list[Result] = []
    faults: list[str] = []
    for module in given.modules or listed:
        found = _one(module, listed[module]["tests"], given.only, given.verbose)
        results += found
        faults += _against_the_list(module, found, listed[module].get("survivors", {}), whole=not given.only)
    killed = sum(result.outcome != "survived" for result in results)
    share = 100 * killed / len(results) if results else 100.0
    print(f"{killed} of {len(results)} mutants killed: {share:.1f} %")
    for fault in faults:
        print(fault)
    if share < LEAST and not given.only:
        print(f"fewer than {LEAST} %")
    return 1 if faults or (share < LEAST and not given.only) else 0


def _one(module: str, tests: list[str], only: str, verbose: bool) -> list[Result]:
    start = monotonic()
    found: list[Result] = []

    def report(result: Result) -> None:
        found.append(result)
        if verbose or result.outcome == "survived":  # to the standard error: pytest has the standard output
            print(f"{result.outcome:8} {module}:{result.mutant.line} {result.key}", file=sys.stderr, flush=True)

    run_module(module, tests, only, report)
    killed = sum(result.outcome != "survived" for result in found)
    print(f"         {module}: {killed} of {len(found)} killed in {monotonic() - start:.0f} s", flush=True)
    return found


def _against_the_list(module: str, found: list[Result], survivors: dict[str, str], whole: bool) -> list[str]:
    """What the list does not explain, and what it explains in vain."""
    lived = Counter(result.key for result in found if result.outcome == "survived")
    faults = [f"unexplained survivor: {module} {key}" for key in lived if key not in survivors]
    if whole:
        faults += [f"explained, but killed or gone: {module} {key}" for key in survivors if key not in lived]
    return faults


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    raise SystemExit(main())
