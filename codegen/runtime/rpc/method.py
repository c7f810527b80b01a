"""One callable method of the server, prepared once: everything the dispatcher needs, nothing looked up per call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, TypeVar

from pydantic_core import SchemaValidator, from_json

from codegen.runtime.context import Context, Scope

F = TypeVar("F", bound=Callable[..., Any])

DISCOVER = "rpc.discover"
"""The method that every program has."""

Transaction = Literal["none", "read", "write"]
"""`none`: the method is one statement, or manages its own transaction."""


class Place(IntEnum):
    """Where a request runs, by what it may wait for. Of several calls in one request the greatest decides."""

    SHORT = 0
    """Reads a row or two: on the thread that has all connections, where the database never lets a reader wait."""
    READ = 1
    """Reads the database, or computes a little."""
    WRITE = 2
    """May have to wait for other writers."""
    LONG = 3
    """Computes for long, or asks a program of this house that answers within seconds: waits for nobody elsewhere."""
    SLOW = 4
    """Waits for other programs, which may say nothing until their deadline."""


def runs(place: Place) -> Callable[[F], F]:
    """Decorator of a handler's method, or of a responder of a page: where it runs."""

    def mark(function: F) -> F:
        function.__place__ = place  # type: ignore[attr-defined]
        return function

    return mark


def place_of(function: Any, otherwise: Place) -> Place:
    """What `runs` says of a function, `otherwise` where it says nothing."""
    place: Place = getattr(function, "__place__", otherwise)
    return place


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """`params` validates the params object (a TypedDict, so the outcome is a dict) from Python values or JSON bytes.

    `call(context, params)` gives the result as a Python value, `encode` writes that as JSON bytes.
    `param_names` is the declared order, for params by position. `errors` are the error classes it may raise.
    `idempotent` names the parameter with the key; `arguments` then gives the others as JSON values, and `decode` reads
    what `encode` wrote.
    """

    name: str
    aliases: tuple[str, ...] = ()
    params: SchemaValidator
    param_names: tuple[str, ...]
    auth: Scope
    principal: bool = False
    """It acts for the caller itself and needs its sid, which an admin has not."""
    call: Callable[[Context, dict[str, Any]], Any]
    encode: Callable[[Any], bytes]
    transaction: Transaction = "write"
    place: Place = Place.WRITE
    safe: bool = False
    idempotent: str | None = None
    arguments: Callable[[dict[str, Any]], Any] = dict
    decode: Callable[[bytes], Any] = from_json
    audit: bool = False
    errors: tuple[type[Exception], ...] = ()
