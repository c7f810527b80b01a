"""Arguments that a kit calls with, and how calls and answers are shown and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, TypeAdapter

from codegen.runtime.errors import DeclaredError
from codegen.runtime.testing.contract import MethodContract

Arguments = Mapping[str, Any]
RAISED = "raised "

HOSTILE: Mapping[type, tuple[Any, ...]] = {
    str: ("", " ", "\x00", "../../etc/passwd", "' OR 1=1 --", "line\nbreak", "é" * 5000, "\U0001f4a5"),
    int: (-1, 0, 2**31, 2**64),
    bytes: (b"", b"\x00", b"\xff\xfe" * 5000),
}
"""What a careless caller may hand over: values of the right Python type that the schema's rules forbid, or only just
allow. A struct cannot be made with wrong content, so it has none."""


def hostile(contract: MethodContract) -> Iterator[Arguments]:
    """Valid arguments with one of them replaced."""
    valid = contract.simplest
    for name, sample in valid.items():
        for value in next((values for kind, values in HOSTILE.items() if isinstance(sample, kind)), ()):
            yield {**valid, name: value}


def at(arguments: Arguments, path: Sequence[str]) -> Any:
    first, *rest = path
    value = arguments[first]
    for name in rest:
        value = getattr(value, name)
    return value


def items(page: BaseModel) -> list[Any]:
    """What the lists of a page hold."""
    return [compared(item) for _, value in page if isinstance(value, list) for item in value]


def answer(plugin: Any, method: str, arguments: Arguments) -> Any:
    """What can be compared of an answer, or the kind of error instead."""
    try:
        return compared(getattr(plugin, method)(**arguments))
    except Exception as error:
        return f"{RAISED}{type(error).__name__}"


def compared(value: Any) -> Any:
    return TypeAdapter(Any).dump_python(value, mode="json", fallback=lambda other: type(other).__name__)


def described(arguments: Arguments) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def listed(arguments: Arguments) -> str:
    text = described(arguments)
    return text if len(text) <= 200 else f"{text[:200]}…"


def named(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def classes(errors: Sequence[type[DeclaredError]]) -> str:
    return ", ".join(error.__name__ for error in errors) or "none"
