"""Errors a method may answer with: the base of generated error classes, and those every program has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import ValidationError, to_json
from typing_extensions import TypedDict


class DeclaredError(Exception):
    """An error that a schema declares. Generated subclasses set the class attributes and take their fields by name.

    On the wire: `{"code": code, "message": message, "data": {"error": slug, …fields}}`.
    """

    code: ClassVar[int]
    slug: ClassVar[str]
    status: ClassVar[int]
    message: ClassVar[str]
    retry_after: int | None = None
    """Seconds after which it is worth trying again; over HTTP the header `Retry-After`."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)

    def data(self) -> dict[str, Any]:
        """The declared fields as JSON values."""
        return {}


_FIELDS: dict[type[DeclaredError], TypeAdapter[dict[str, Any]]] = {}


def fields_of(kind: type[DeclaredError]) -> TypeAdapter[dict[str, Any]]:
    """Reads and writes an error's fields: the keyword parameters of its class, by their names on the wire."""
    if kind not in _FIELDS:
        hints = get_type_hints(kind.__init__, include_extras=True)
        fields = {name: hint for name, hint in hints.items() if name not in ("return", "message")}
        _FIELDS[kind] = TypeAdapter(TypedDict(f"{kind.__name__}Fields", fields, total=False))  # type: ignore[operator]
    return _FIELDS[kind]


def dumped(error: DeclaredError, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an error, by the names of its parameters, as JSON values."""
    values: dict[str, Any] = fields_of(type(error)).dump_python(dict(fields), mode="json", by_alias=True)
    return values


def raised(kind: type[DeclaredError], message: str, data: Mapping[str, Any]) -> DeclaredError:
    """A declared error as its answer describes it; fields that this program does not know (any more) are left out."""
    found = kind(**fields_of(kind).validate_json(to_json(data)))
    found.args = (message or kind.message,)
    return found


class Unauthorized(DeclaredError):
    code, slug, status, message = 1401, "unauthorized", 401, "sign in first"


class Forbidden(DeclaredError):
    code, slug, status, message = 1403, "forbidden", 403, "not allowed"


class NotFound(DeclaredError):
    code, slug, status, message = 1404, "not_found", 404, "no such object"


class Conflict(DeclaredError):
    code, slug, status, message = 1409, "conflict", 409, "the object was changed or exists already"


class InUse(DeclaredError):
    code, slug, status, message = 1410, "in_use", 409, "another object refers to this one"


class RateLimited(DeclaredError):
    code, slug, status, message = 1429, "rate_limited", 429, "too many requests"


class Busy(DeclaredError):
    """Nothing is wrong with the call, but it cannot be done now; it may be sent again after `retry_after` seconds."""

    code, slug, status, message = 1453, "busy", 503, "the server is busy; try again"
    retry_after: int

    def __init__(self, message: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    def data(self) -> dict[str, Any]:
        return {"retry_after": self.retry_after}


RUNTIME_ERRORS: tuple[type[DeclaredError], ...] = (
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    InUse,
    RateLimited,
    Busy,
)
"""Those that every program has."""


class InvalidParams(Exception):
    """Parameters that break a rule found only while the method runs: answered as -32602 with `data.errors`.

    `path` names the parameter, with dots (`data.display_name`); `rule` is a word for the rule (`immutable`).
    """

    def __init__(self, path: str, message: str, rule: str) -> None:
        self.errors = [{"path": path, "message": message, "rule": rule}]
        super().__init__(f"{path}: {message}")

    @classmethod
    def of(cls, error: ValidationError) -> InvalidParams:
        """What pydantic found. No values are told."""
        found = cls("", f"{error.error_count()} wrong", "invalid")
        found.errors = wrong_params(error)
        return found


def wrong_params(error: ValidationError) -> list[dict[str, Any]]:
    """Each wrong parameter: `path` with dots, pydantic's `message`, and its name of the `rule`. No values."""
    return [
        {"path": ".".join(map(str, found["loc"])), "message": found["msg"], "rule": found["type"]}
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]
