"""A program's own calls of its methods: checked, in their transaction and kept by their key like those from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from codegen.runtime.context import Context
from codegen.runtime.errors import InvalidParams
from codegen.runtime.rpc.idempotency import perform
from codegen.runtime.rpc.method import Method
from codegen.runtime.rpc.wiring import ServiceMethod, bind

S = TypeVar("S")


def local(interface: Callable[..., S], handler: object, services: Iterable[ServiceMethod]) -> S:
    """The service `interface` as `handler` has it, for forms and other routes that call it with a context of theirs.

    Who may call is for them to say. Each method raises what the handler raises, and `InvalidParams` for parameters that
    a call from outside could not have. Raises `WiringError` for a handler that does not fit.
    """
    declared = {method.name: method.function for method in services if method.service is interface}
    methods, _ = bind([handler], [method for method in services if method.service is interface])
    return cast("S", SimpleNamespace(**{declared[method.name]: partial(_call, method) for method in methods}))


def _call(method: Method, context: Context, **params: Any) -> Any:
    try:
        values = method.params.validate_python(params)
    except ValidationError as error:
        raise InvalidParams.of(error) from None
    one_call = Context(context.caller, context.clock, context.database, context.request_id)
    return method.decode(perform(method, one_call, values))
