"""Run the mutants of one module: each in a child process that has everything loaded already, against its own tests.

A mutant inside a function takes the place of that function's code, so that whoever imported the function has it too.
One at module level (a constant, a table) is loaded anew with all that imports it.
"""

from __future__ import annotations

import ast
import gc
import importlib.abc
import importlib.util
import os
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Literal

import pytest

from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
OURS = ("handlers", "tests", "providers")
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "--no-header", "-k", "not postgresql")
"""SQLite alone: that both databases give the same is what other tests hold."""
LOAD = 20
"""Seconds of processor time that a child may need beside ten times those of the tests."""

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


def run_module(module: str, tests: Sequence[str], only: str = "") -> Iterator[Result]:
    """The outcome of each mutant of `module` (a path) whose key contains `only`, as it is known.

    Raises `RuntimeError` where the tests fail without any mutant.
    """
    source = (ROOT / module).read_text()
    arguments = [*PYTEST, *tests]
    _quietly(lambda: pytest.main([*arguments, "--collect-only"]))  # loads what tests import, once for all children
    seconds = _baseline(arguments)
    for place, mutant in enumerate(mutants(ast.parse(source))):
        result = Result(module, mutant, "survived")
        if only in result.key:
            yield Result(module, mutant, _outcome(module, source, place, arguments, seconds))


def _baseline(arguments: list[str]) -> int:
    """Seconds of processor time that the tests take."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryFile() as output:
        status = _child(lambda: int(pytest.main(arguments)), output.fileno(), 3600)
        if status != 0:
            output.seek(0)
            raise RuntimeError(f"the tests fail without any mutant:\n{output.read().decode(errors='replace')[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime) + 1


def _outcome(module: str, source: str, place: int, arguments: list[str], seconds: int) -> Outcome:
    def work() -> int:
        _put_in(module, source, place)
        return int(pytest.main(arguments))

    with tempfile.TemporaryFile() as output:
        status = _child(work, output.fileno(), LOAD + 10 * seconds)
    if status == 0:
        return "survived"
    if status in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"pytest does not take {arguments}")
    return "killed" if status > 0 else "stopped"


def _child(work: object, output: int, seconds: int) -> int:
    """The exit status of a forked process; negative where a signal ended it."""
    assert callable(work)
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            os.dup2(output, 1)
            os.dup2(output, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
            status = work()
        except BaseException:  # a mutant that cannot even be loaded was noticed
            status = 98
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _quietly(work: object) -> None:
    assert callable(work)
    with tempfile.TemporaryFile() as output:
        kept = os.dup(1)
        os.dup2(output.fileno(), 1)
        try:
            work()
        finally:
            os.dup2(kept, 1)
            os.close(kept)


# --- putting a mutant in its place ----------------------------------------------------------------------------------


def _put_in(module: str, source: str, place: int) -> None:
    tree = ast.parse(source)
    mutant = mutants(tree)[place]
    mutant.apply()
    ast.fix_missing_locations(tree)
    code = compile(tree, str(ROOT / module), "exec")
    if mutant.place:
        _swap(code, mutant.place)
    else:
        _load_anew(module, code)


def _swap(code: CodeType, place: str) -> None:
    """Give the functions of this qualified name in this file their new code."""
    by_line = {found.co_firstlineno: found for found in _codes(code) if found.co_qualname == place}
    swapped = 0
    for each in gc.get_objects():
        if isinstance(each, FunctionType):
            old = each.__code__
            if old.co_filename == code.co_filename and old.co_qualname == place and old.co_firstlineno in by_line:
                each.__code__ = by_line[old.co_firstlineno]
                swapped += 1
    if not swapped:
        raise LookupError(f"no function {place} is loaded from {code.co_filename}")


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
