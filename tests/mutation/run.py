"""Run the mutants of one module: each in a child process that has all tests loaded and runs only those that reach it.

A mutant inside a function takes the place of that function's code, so that whoever imported the function has it too.
One at module level (a constant, a table) is loaded anew with all that imports it, and all tests of the module are run.
"""

from __future__ import annotations

import ast
import gc
import importlib.abc
import importlib.util
import json
import os
import resource
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from time import process_time
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Literal

import pytest

from tests.migrated import prepare
from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
OURS = ("handlers", "tests", "providers")
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=native", "--assert=plain", "-k", "not postgresql")
"""SQLite alone: that both databases give the same is what other tests hold."""
LOAD = 5
"""Seconds of processor time that a child may need beside ten times those of its tests."""
MOST, FAULT = 90, 98
"""Exit statuses of children: up to `MOST` the test that failed, `FAULT` where a mutant cannot even be loaded."""
SILENT = 900
"""Seconds after which a child that waits for ever is ended."""

Outcome = Literal["killed", "survived", "stopped"]
"""`stopped`: it used up its time, as an endless loop does; that is noticed too."""


@dataclass(frozen=True, slots=True)
class Result:
    module: str
    mutant: Mutant
    outcome: Outcome

    @property
    def key(self) -> str:
        """What the mutant is called in the list of survivors: it stays the same while other lines change."""
        return f"{self.mutant.place or '(module)'}: {self.mutant.change}"


@dataclass(frozen=True, slots=True)
class Reached:
    """What a test needs and uses: its place in the session, seconds of processor time, functions of the module."""

    test: int
    seconds: float
    functions: frozenset[str]


def run_module(module: str, tests: Sequence[str], only: str, report: Callable[[Result], None]) -> None:
    """Report the outcome of each mutant of `module` (a path) whose key contains `only`, as it is known.

    Raises `RuntimeError` where the tests fail without any mutant.
    """
    with tempfile.TemporaryDirectory() as folder:
        _run_module(module, [*PYTEST, f"--basetemp={folder}/tests", *tests], only, report)


def _run_module(module: str, arguments: list[str], only: str, report: Callable[[Result], None]) -> None:
    source = (ROOT / module).read_text()
    every = list(enumerate(mutants(ast.parse(source))))
    chosen = [(place, one) for place, one in every if only in Result(module, one, "killed").key]
    session = _Session(module, source, [each for each in chosen if each[1].place], report)
    status = _quietly(lambda: pytest.main(arguments, plugins=[session]))
    if session.failure:
        raise RuntimeError(session.failure)
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"pytest answers {status} for {arguments}")
    for place, mutant in chosen:
        if not mutant.place:
            report(Result(module, mutant, _loaded_anew(module, source, place, arguments, session.seconds)))


class _Session:
    """A pytest plugin that runs the collected tests once as they are, then once for each mutant."""

    def __init__(
        self,
        module: str,
        source: str,
        chosen: Iterable[tuple[int, Mutant]],
        report: Callable[[Result], None],
    ) -> None:
        self._module, self._source, self._chosen, self._report = module, source, list(chosen), report
        self._path = str(ROOT / module)
        self.failure, self.seconds = "", 0.0
        self._killers: dict[str, int] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        prepare()  # what children then need not make again
        reached = self._baseline(session)
        self.seconds = sum(each.seconds for each in reached)
        functions = _functions(self._path)
        gc.collect()
        gc.freeze()  # children share this memory as long as nobody writes to it
        if not self.failure:
            for place, mutant in self._chosen:
                outcome = self._outcome(session, place, mutant, reached, functions)
                self._report(Result(self._module, mutant, outcome))
        return True

    def _baseline(self, session: pytest.Session) -> list[Reached]:
        with tempfile.TemporaryFile("w+") as found, tempfile.TemporaryFile() as output:

            def work() -> int:
                for place in range(len(session.items)):
                    before, names = process_time(), _watched(self._path, partial(_run, session, [place]))
                    found.write(json.dumps([place, process_time() - before, sorted(names)]) + "\n")
                found.flush()
                return session.testsfailed

            if _child(work, output.fileno(), 3600) != 0:
                output.seek(0)
                said = output.read().decode(errors="replace")[-3000:]
                self.failure = f"the tests fail without any mutant:\n{said}"
            found.seek(0)
            return [Reached(test, seconds, frozenset(names)) for test, seconds, names in map(json.loads, found)]

    def _outcome(
        self,
        session: pytest.Session,
        place: int,
        mutant: Mutant,
        reached: Sequence[Reached],
        functions: Sequence[FunctionType],
    ) -> Outcome:
        killer = self._killers.get(mutant.place)
        tests = sorted(
            (each for each in reached if mutant.place in each.functions),
            key=lambda each: (each.test != killer, each.seconds),
        )
        if not tests:
            return "survived"
        swaps = _swaps(_mutated(self._module, self._source, place), mutant.place, functions)

        def work() -> int:
            for function, code in swaps:
                function.__code__ = code
            return _run(session, [each.test for each in tests])

        outcome, failed = _judged(work, sum(each.seconds for each in tests))
        if 0 < failed <= len(tests):
            self._killers[mutant.place] = tests[failed - 1].test
        return outcome


def _run(session: pytest.Session, tests: Sequence[int]) -> int:
    """Run these of the collected tests until one fails; which that was, from 1 on (`MOST` for any later one), or 0."""
    items = [session.items[test] for test in tests]
    for number, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True), 1):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return min(number, MOST)
    return 0


def _watched(path: str, work: Callable[[], object]) -> set[str]:
    """The outermost functions of a file that are called while something is done, in whichever thread."""
    names: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename == path:
            names.add(code.co_qualname.partition(".<locals>")[0])

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return names


def _loaded_anew(module: str, source: str, place: int, arguments: list[str], seconds: float) -> Outcome:
    def work() -> int:
        _load_anew(module, _mutated(module, source, place))
        return int(pytest.main(arguments))

    return _judged(work, seconds)[0]


# --- children -------------------------------------------------------------------------------------------------------


def _judged(work: Callable[[], int], seconds: float) -> tuple[Outcome, int]:
    """What became of a mutant, and what `work` returned."""
    with tempfile.TemporaryFile() as output:
        status = _child(work, output.fileno(), LOAD + int(10 * seconds))
    if status == 0:
        return "survived", 0
    return ("killed", status) if status > 0 else ("stopped", 0)


def _child(work: Callable[[], int], output: int, seconds: int) -> int:
    """The exit status of a forked process; negative where a signal ended it."""
    pid = os.fork()
    if pid == 0:
        status = FAULT
        try:
            os.dup2(output, 1)
            os.dup2(output, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
            signal.alarm(SILENT + 10 * seconds)
            status = work()
        except BaseException:  # a mutant that cannot even be loaded was noticed
            status = FAULT
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _quietly(work: Callable[[], Any]) -> Any:
    """What `work` returns; what it prints is not shown, except by a report, which writes to the standard error."""
    with tempfile.TemporaryFile() as output:
        kept = os.dup(1)
        os.dup2(output.fileno(), 1)
        try:
            return work()
        finally:
            os.dup2(kept, 1)
            os.close(kept)


# --- putting a mutant in its place ----------------------------------------------------------------------------------


def _mutated(module: str, source: str, place: int) -> CodeType:
    tree = ast.parse(source)
    mutants(tree)[place].apply()
    ast.fix_missing_locations(tree)
    return compile(tree, str(ROOT / module), "exec")


def _functions(path: str) -> list[FunctionType]:
    """All functions that are loaded from a file."""
    gc.unfreeze()  # what is frozen is not among the objects
    return [each for each in gc.get_objects() if isinstance(each, FunctionType) and each.__code__.co_filename == path]


def _swaps(code: CodeType, place: str, functions: Sequence[FunctionType]) -> list[tuple[FunctionType, CodeType]]:
    """The functions of this qualified name, each with its new code. Raises `LookupError` where none is loaded."""
    by_line = {found.co_firstlineno: found for found in _codes(code) if found.co_qualname == place}
    swaps = [
        (each, by_line[each.__code__.co_firstlineno])
        for each in functions
        if each.__code__.co_qualname == place and each.__code__.co_firstlineno in by_line
    ]
    if not swaps:
        raise LookupError(f"no function {place} is loaded from {code.co_filename}")
    return swaps


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _load_anew(module: str, code: CodeType) -> None:
    """Forget what is loaded of ours, and load `module` from `code` when it is next imported."""
    for name in [
        name for name in sys.modules if name.partition(".")[0] in OURS and not name.startswith("tests.mutation")
    ]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Mutated(module.removesuffix(".py").replace("/", "."), code))


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module, and runs the given code for it."""

    def __init__(self, name: str, code: CodeType) -> None:
        self._name, self._code = name, code

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._code.co_filename, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)
