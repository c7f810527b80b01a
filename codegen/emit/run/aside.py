"""Run one emitter in a process of its own, beside the others."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection

from codegen.emit.output import KINDS, Output
from codegen.model.model import Program


def processors() -> int:
    """How many processes can work at the same time; 1 where forking is not safe."""
    return len(os.sched_getaffinity(0)) if sys.platform.startswith("linux") else 1


def emit_aside(kind: str, program: Program) -> Callable[[], list[Output]]:
    """Start the emitter of a kind; the answer waits for what it gives, and raises what it raised.

    PERF: the process is forked, so nothing is imported or copied twice. Ask for no more of them than there are other
    `processors`: two on one would make each other late.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(kind, program, theirs), daemon=True)
    process.start()
    theirs.close()

    def result() -> list[Output]:
        try:
            outcome = ours.recv()
        except EOFError:
            raise RuntimeError(f"the process that writes {kind} ended early") from None
        finally:
            process.join()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome  # type: ignore[no-any-return]

    return result


def _run(kind: str, program: Program, answer: Connection) -> None:
    try:
        outcome: object = list(import_module(KINDS[kind]).emit(program))
    except Exception as error:
        error.add_note(f"while writing {kind}")
        outcome = error
    answer.send(outcome)
