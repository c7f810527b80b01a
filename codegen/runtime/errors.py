"""Errors a method may answer with: the base of generated error classes, and those every program has."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any, ClassVar, NotRequired, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import ValidationError, from_json, to_json
from typing_extensions import TypedDict


class DeclaredError(Exception):
    """An error that a schema declares. Generated subclasses set the class attributes and take their fields by name.

    On the wire: `{"code": code, "message": message, "data": {"error": slug, …fields}}`.
    """

    code: ClassVar[int]
    slug: ClassVar[str]
    status: ClassVar[int]
    message: ClassVar[str]
    old_names: ClassVar[Mapping[str, str]] = {}
    """Names that fields had before → their names now; answers of older servers have them."""
    retry_after: int | None = None
    """Seconds after which it is worth trying again; over HTTP the header `Retry-After`."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)

    def data(self) -> dict[str, Any]:
        """The declared fields as JSON values."""
        return {}


_FIELDS: dict[type[DeclaredError], TypeAdapter[dict[str, Any]]] = {}


def fields_of(kind: type[DeclaredError]) -> TypeAdapter[dict[str, Any]]:
    """Reads and writes an error's fields: the keyword parameters of the class that declares it, by their names on the
    wire. Those of a subclass written by hand may be others."""
    if kind not in _FIELDS:
        declared = next(each for each in kind.__mro__ if issubclass(each, DeclaredError) and "slug" in vars(each))
        hints = get_type_hints(declared.__init__, include_extras=True)
        given = signature(declared.__init__).parameters
        fields = {
            name: hint if given[name].default is Parameter.empty else NotRequired[hint]
            for name, hint in hints.items()
            if name not in ("return", "message")
        }
        _FIELDS[kind] = TypeAdapter(TypedDict(f"{declared.__name__}Fields", fields))  # type: ignore[operator]
    return _FIELDS[kind]


def dumped(error: DeclaredError, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an error, by the names of its parameters, as JSON values."""
    values: dict[str, Any] = from_json(fields_of(type(error)).dump_json(dict(fields), by_alias=True))
    return values


def raised(kind: type[DeclaredError], message: str, data: Mapping[str, Any]) -> DeclaredError:
    """A declared error as its answer describes it; fields that this program does not know (yet) are left out.

    Raises `ValidationError` where a field that it must have is missing, or is of another type.
    """
    old = {new: data[name] for name, new in kind.old_names.items() if name in data}
    found = kind(**fields_of(kind).validate_json(to_json({**old, **data}), extra="ignore"))
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
    """`retry_after` are the seconds after which it may be tried again, where that is known."""

    code, slug, status, message = 1429, "rate_limited", 429, "too many requests"

    def __init__(self, message: str | None = None, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


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


MOST_ERRORS = 20
"""So many wrong parameters are told at once."""
_LISTED = 1000
"""pydantic lists all errors or none; more of them are not listed, for that would take as long as the call itself."""


class InvalidParams(Exception):
    """Parameters that break a rule found only while the method runs: answered as -32602 with `data.errors`.

    `path` names the parameter, with dots (`data.display_name`); `rule` is a word for the rule (`immutable`). `count` is
    how many rules are broken; `errors` are the first of them.
    """

    def __init__(self, path: str, message: str, rule: str) -> None:
        self.errors = [{"path": path, "message": message, "rule": rule}]
        self.count = 1
        super().__init__(f"{path}: {message}")

    @classmethod
    def of(cls, error: ValidationError) -> InvalidParams:
        """What pydantic found: `path` with dots, pydantic's `message`, and its name of the `rule`. No values."""
        count = error.error_count()
        invalid = cls("", f"{count} mistakes, too many to list", "too_many")
        invalid.count = count
        if count <= _LISTED:
            listed = error.errors(include_url=False, include_context=False, include_input=False)
            invalid.errors = [
                {"path": ".".join(map(str, found["loc"])), "message": found["msg"], "rule": found["type"]}
                for found in listed[:MOST_ERRORS]
            ]
        return invalid

    def data(self) -> dict[str, Any]:
        """What the caller is told."""
        more = {"count": self.count} if self.count > len(self.errors) else {}
        return {"errors": self.errors, **more}
