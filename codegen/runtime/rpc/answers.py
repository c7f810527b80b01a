"""JSON-RPC answers as bytes: the prepared pieces of the envelope, and the errors of the protocol itself."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from codegen.runtime.errors import DeclaredError

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603

MESSAGES = {
    PARSE_ERROR: "Parse error",
    INVALID_REQUEST: "Invalid Request",
    METHOD_NOT_FOUND: "Method not found",
    INVALID_PARAMS: "Invalid params",
    INTERNAL_ERROR: "Internal error",
}

_SUCCESS = b'{"jsonrpc":"2.0","result":'
_FAILURE = b'{"jsonrpc":"2.0","error":'
_ID = b',"id":'
_END = b"}"


def success(result: bytes, id_: bytes) -> bytes:
    """An answer; both arguments are JSON."""
    return _SUCCESS + result + _ID + id_ + _END


def failure(error: bytes, id_: bytes) -> bytes:
    """An answer with an error object; both arguments are JSON."""
    return _FAILURE + error + _ID + id_ + _END


def as_json(value: Any) -> bytes:
    """JSON to its letter: a number that is not finite is null."""
    return to_json(value, inf_nan_mode="null")


def protocol_error(code: int, data: Any = None) -> bytes:
    """The error object of one of the protocol's own codes."""
    error: dict[str, Any] = {"code": code, "message": MESSAGES[code]}
    if data is not None:
        error["data"] = data
    return as_json(error)


def declared_error(error: DeclaredError) -> bytes:
    """The error object of a declared error. The slug is ours even where a field is called `error`."""
    return as_json({"code": error.code, "message": str(error), "data": {**error.data(), "error": error.slug}})


def encode_id(value: Any) -> bytes | None:
    """A request's id as JSON, in its own type; None for what may not be an id."""
    kind = type(value)
    if kind is int:
        return b"%d" % value
    if kind is str or kind is float:
        return to_json(value)
    return b"null" if value is None else None
