"""What an emitter is: a function from the checked model to files, none of which it writes itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from codegen.model.model import Program


@dataclass(frozen=True, slots=True)
class Output:
    """One generated file. `path` is relative to the output directory, with `/`; `text` ends with a newline."""

    path: str
    text: str


Emit = Callable[[Program], Iterable[Output]]

Integers = Literal["bigint", "string"]
"""What whole numbers of 64 bits are in TypeScript."""
INTEGERS: tuple[Integers, ...] = ("bigint", "string")

KINDS: dict[str, str] = {
    kind: f"codegen.emit.{kind}.{kind}"
    for kind in (
        "schema",
        "models",
        "errors",
        "tables",
        "services",
        "routes",
        "plugins",
        "conformance",
        "strategies",
        "openrpc",
        "clients",
    )
}
"""Kind of output → the module that has its `emit(program)`. `--only KIND` takes these names."""
