"""One callable method of the server, prepared once: everything the dispatcher needs, nothing looked up per call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_core import SchemaValidator

from codegen.runtime.context import Context, Scope

DISCOVER = "rpc.discover"
"""The method that every program has."""

Transaction = Literal["none", "read", "write"]
"""`none`: the method is one statement, or manages its own transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """`params` validates the params object (a TypedDict, so the outcome is a dict) from Python values or JSON bytes.

    `call(context, params)` gives the result as a Python value, `encode` writes that as JSON bytes.
    `param_names` is the declared order, for params by position. `errors` are the error classes it may raise.
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
    safe: bool = False
    idempotent: str | None = None
    audit: bool = False
    errors: tuple[type[Exception], ...] = ()
