"""What the Python client makes of answers, sound ones and those of a server that speaks something else."""

import json
from typing import Any

import pytest

from codegen.runtime.client.client import Call, RpcError, TransportError
from codegen.runtime.errors import NotFound

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
