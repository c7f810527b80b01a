"""Requests are judged by the SDK's own parameter types: names, required-ness and types of the pinned API version."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

import stripe._request_options as request_options
import stripe.params._refund_create_params as refund_create
import stripe.params.checkout._session_create_params as session_create
from pydantic import TypeAdapter, ValidationError
from typing_extensions import is_typeddict

_PARAMS: dict[str, tuple[ModuleType, str]] = {
    "checkout.sessions.create": (session_create, "SessionCreateParams"),
    "refunds.create": (refund_create, "RefundCreateParams"),
}


class _Untyped:
    def __class_getitem__(cls, key: object) -> type[dict[str, Any]]:
        return dict


@cache
def _adapter(call: str) -> TypeAdapter[dict[str, Any]]:
    module, name = _PARAMS[call]
    names = {**vars(request_options), **vars(module), "StripeContext": str, "UntypedStripeObject": _Untyped}
    for value in list(vars(module).values()):
        if is_typeddict(value):
            value.__pydantic_config__ = {"extra": "forbid"}
    adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(getattr(module, name))
    adapter.rebuild(force=True, _types_namespace=names)
    return adapter


class UnknownParams(ValueError):
    """`param` is the first wrong parameter, spelled as Stripe does."""

    def __init__(self, param: str, message: str, missing: bool) -> None:
        super().__init__(message)
        self.param, self.missing = param, missing


def check(call: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters with their types (`"1234"` is an int where an int belongs), or `UnknownParams`."""
    try:
        return _adapter(call).validate_python(params)
    except ValidationError as error:
        first = error.errors()[0]
        head, *rest = (str(part) for part in first["loc"])
        param = head + "".join(f"[{part}]" for part in rest)
        raise UnknownParams(param, first["msg"], first["type"] == "missing") from None
