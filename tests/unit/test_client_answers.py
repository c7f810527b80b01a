"""What the Python client makes of answers, sound ones and those of a server that speaks something else."""

import json
from typing import Any

import pytest

from codegen.runtime.client.client import Call, RpcError, TransportError
from codegen.runtime.errors import Busy, DeclaredError, NotFound, fields_of
from codegen.runtime.values.struct import Struct

CALL = Call("example.add", dict[str, int], int)


def answer(body: Any) -> Any:
    return CALL.answer(200, json.dumps(body).encode())


def test_a_result() -> None:
    assert answer({"jsonrpc": "2.0", "id": 1, "result": 5}) == 5
    assert answer({"result": 5, "error": None}) == 5, "as some servers of version 1 write it"


def test_errors() -> None:
    with pytest.raises(NotFound, match="gone"):
        answer({"error": {"code": 1404, "message": "gone", "data": {"error": "not_found"}}})
    others: list[Any] = [None, [], {}, {"error": "unknown"}, {"error": ["not_found"]}, {"error": True}]
    for data in others:
        with pytest.raises(RpcError) as raised:
            answer({"error": {"code": -32603, "message": "broken", "data": data}})
        assert (raised.value.code, raised.value.data) == (-32603, data)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        5,
        None,
        {"error": None},
        {"error": 5},
        {"error": []},
        {"error": {}},
        {"error": {"message": "no code"}},
        {"error": {"code": "-32603"}},
        {"error": {"code": True}},
        {"error": {"code": 1.0}},
        {"error": {"code": None}, "result": 5},
    ],
    ids=str,
)
def test_what_is_no_answer(body: Any) -> None:
    with pytest.raises(TransportError, match="no JSON-RPC answer"):
        answer(body)


class Part(Struct):
    """What an older program knows of a type."""

    size: int


class Whole(Struct):
    parts: list[Part]


class Refused(DeclaredError):
    code, slug, status, message = 1203, "refused", 502, "refused"

    def __init__(self, message: str | None = None, *, provider: str, part: Part | None = None) -> None:
        super().__init__(message)
        self.provider, self.part = provider, part


WHOLE = Call("example.whole", dict[str, int], Whole, errors=(Refused,))


def test_what_a_newer_server_adds_is_left_out() -> None:
    """In results and in the fields of errors, at any depth; what is sent is held to the schema as before."""
    body = {"result": {"parts": [{"size": 1, "color": "red"}], "title": "new"}}
    assert WHOLE.answer(200, json.dumps(body).encode()) == Whole(parts=[Part(size=1)])
    data = {"error": "refused", "provider": "x", "part": {"size": 1, "color": "red"}, "more": 1}
    with pytest.raises(Refused) as raised:
        WHOLE.answer(200, json.dumps({"error": {"code": 1203, "message": "no", "data": data}}).encode())
    assert (raised.value.provider, raised.value.part) == ("x", Part(size=1))
    with pytest.raises(ValueError, match="color"):
        Part.model_validate({"size": 1, "color": "red"})


@pytest.mark.parametrize("data", [{}, {"provider": None}, {"provider": 5}, {"provider": "x", "part": {"size": "?"}}])
def test_a_declared_error_that_lacks_what_it_must_have_is_a_plain_one(data: dict[str, Any]) -> None:
    data = {"error": "refused", **data}
    with pytest.raises(RpcError) as raised:
        WHOLE.answer(200, json.dumps({"error": {"code": 1203, "message": "no", "data": data}}).encode())
    assert (raised.value.code, raised.value.data) == (1203, data)
    with pytest.raises(Busy):
        WHOLE.answer(200, b'{"error": {"code": 1453, "message": "", "data": {"error": "busy"}}}')


def test_a_subclass_keeps_the_fields_of_the_declared_error() -> None:
    class Invalid(Refused):
        def __init__(self, detail: str) -> None:
            super().__init__(detail, provider="x")

    assert fields_of(Invalid).dump_python({"provider": "x"}) == {"provider": "x"}
