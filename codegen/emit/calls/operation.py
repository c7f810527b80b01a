"""One method of the server, as documents and clients show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.model.model import RUNTIME_ERRORS, CrudVerb, Deprecated, Error, Json, Method, Param, Program, Scope, Type
from codegen.source.span import Span

_RUNTIME = {error.name: error for error in RUNTIME_ERRORS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`errors` are those it declares, then those that any method may answer.

    `verb` is set for CRUD; `name` is the last word of `wire`.
    """

    wire: str
    name: str
    doc: str
    span: Span
    params: tuple[Param, ...]
    result: Type | None
    result_nullable: bool = False
    errors: tuple[Error, ...]
    auth: Scope
    safe: bool
    idempotent: str | None = None
    audit: bool = False
    deprecated: Deprecated | None = None
    since: str | None = None
    extensions: Mapping[str, Json]
    verb: CrudVerb | None = None


def operation_of(program: Program, method: Method) -> Operation:
    errors = [program.errors[name] for name in method.errors]
    if method.idempotent is not None and _RUNTIME["Conflict"] not in errors:  # a key with other arguments
        errors.append(_RUNTIME["Conflict"])
    return Operation(
        wire=method.wire,
        name=method.name,
        doc=method.doc,
        span=method.span,
        params=method.params,
        result=method.result,
        result_nullable=method.result_nullable,
        errors=with_usual(method.auth, errors),
        auth=method.auth,
        safe=method.safe,
        idempotent=method.idempotent,
        audit=method.audit,
        deprecated=method.deprecated,
        since=method.since,
        extensions=method.extensions,
    )


def usual_errors(auth: Scope) -> tuple[Error, ...]:
    """The errors that any method of this scope may answer."""
    names = ("Busy",) if auth == "public" else ("Unauthorized", "Forbidden", "Busy")
    return tuple(_RUNTIME[name] for name in names)


def with_usual(auth: Scope, errors: list[Error]) -> tuple[Error, ...]:
    return (*errors, *(error for error in usual_errors(auth) if error not in errors))
