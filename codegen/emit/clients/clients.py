"""The clients of a program: Python (threads and asyncio) and TypeScript."""

from collections.abc import Iterable

from codegen.emit.clients.python import python_client
from codegen.emit.clients.typescript import typescript
from codegen.emit.output import Integers, Output
from codegen.model.model import Program


def emit(program: Program, integers: Integers = "bigint") -> Iterable[Output]:
    yield from python_client.emit(program)
    yield from typescript.emit(program, integers)
