"""Whatever is sent, the dispatcher answers with JSON-RPC: random requests, and bytes mutated from good ones.

`HERO_FUZZ_SECONDS` sets how long bytes are mutated; a few seconds where it is not set.
"""

from __future__ import annotations

import json
import os
import random
import runpy
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.runtime.context import ADMIN, PUBLIC, Caller
from codegen.runtime.http.log import Log
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.rpc.dispatch import Dispatcher
from codegen.runtime.values.bounds import deeper_than

TESTS = Path(__file__).parents[1]
EXAMPLE = SimpleNamespace(**runpy.run_path(str(TESTS / "server/rpc_example.py")))
SECONDS = float(os.environ.get("HERO_FUZZ_SECONDS", "3"))
NAMES = [method.name for method in EXAMPLE.methods() if method.name != "slow"]
CALLERS = [PUBLIC, ADMIN, Caller("user", "user1"), Caller("node", "node1")]


@pytest.fixture(scope="module")
def dispatcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dispatcher]:
    folder = tmp_path_factory.mktemp("fuzz")
    database = EXAMPLE.open_database(folder)
    methods = [method for method in EXAMPLE.methods() if method.name != "slow"]
    yield Dispatcher(
        methods,
        database,
        EXAMPLE.FixedClock(),
        Observation(Metrics(methods), Log(lambda lines: None)),
    )
    database.close()


def check_one(answer: Any) -> None:
    """One answer to the letter of the specification."""
    assert isinstance(answer, dict)
    assert answer["jsonrpc"] == "2.0"
    assert set(answer) in ({"jsonrpc", "result", "id"}, {"jsonrpc", "error", "id"})
    assert answer["id"] is None or (isinstance(answer["id"], (str, int, float)) and not isinstance(answer["id"], bool))
    if "error" in answer:
        error = answer["error"]
        assert {"code", "message"} <= set(error) <= {"code", "message", "data"}
        assert type(error["code"]) is int
        assert type(error["message"]) is str


def check(body: bytes, answer: bytes | None, status: int) -> Any:
    """The answer, read; it fits its status, and a body that is no JSON is a parse error."""
    if answer is None:
        assert status == 204
        json.loads(body)
        return None
    assert status in (200, 401, 403, 429)
    read = json.loads(answer, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
    for each in read if isinstance(read, list) else [read]:
        check_one(each)
    if isinstance(read, list):
        assert read
    return read


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
ids = (
    st.none()
    | st.integers()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
    | st.floats(allow_nan=False, allow_infinity=False)
)
params = (
    st.dictionaries(st.sampled_from(["minuend", "subtrahend", "a", "value", "at", "name", "fail"]), values, max_size=4)
    | st.lists(values, max_size=4)
    | st.fixed_dictionaries({"minuend": st.integers(), "subtrahend": st.integers()})
)
requests = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "method": st.sampled_from(NAMES) | st.text(max_size=5)},
    optional={"params": params, "id": ids},
)
broken = (
    st.fixed_dictionaries(
        {}, optional={"jsonrpc": values, "method": values, "params": values, "id": values, "other": values}
    )
    | values
)
bodies = requests | broken | st.lists(requests | broken, max_size=6)


@settings(max_examples=400, deadline=None)
@given(body=bodies, caller=st.sampled_from(CALLERS))
def test_random_requests(dispatcher: Dispatcher, body: Any, caller: Caller) -> None:
    sent = json.dumps(body).encode()
    answer = check(sent, *dispatcher.dispatch(sent, caller))
    if isinstance(body, list) and body:
        expected = [sent_id(each) for each in body if answered(each)]
        assert [(each["id"], type(each["id"])) for each in answer or []] == expected
    elif isinstance(body, dict) and answered(body):
        assert (answer["id"], type(answer["id"])) == sent_id(body)


def valid(request: Any) -> bool:
    return (
        isinstance(request, dict)
        and request.get("jsonrpc") == "2.0"
        and isinstance(request.get("method"), str)
        and isinstance(request.get("params", {}), (dict, list))
        and is_id(request.get("id"))
    )


def is_id(value: Any) -> bool:
    return value is None or (isinstance(value, (str, int, float)) and not isinstance(value, bool))


def answered(request: Any) -> bool:
    """Everything is, but notifications."""
    return not valid(request) or "id" in request


def sent_id(request: Any) -> tuple[Any, type]:
    found = request.get("id") if isinstance(request, dict) else None
    found = found if is_id(found) else None
    return found, type(found)


def test_mutated_bytes(dispatcher: Dispatcher) -> None:
    chosen = random.Random(2026)
    examples = json.loads((TESTS / "cases/rpc/specification.json").read_text())
    seeds = [example["send"].encode() for example in examples] + [
        json.dumps(
            {"jsonrpc": "2.0", "id": number, "method": name, "params": {"value": [{}, "é\U0001f600", 1.5e300]}},
            ensure_ascii=number % 2 == 0,
        ).encode()
        for number, name in enumerate(NAMES)
    ]
    pieces = [
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"null",
        b"NaN",
        b"-",
        b"1e999",
        b"\\ud800",
        b"\xff",
        b"\xf0\x9f",
        b"\x00",
        b'"id":',
        b'"jsonrpc":"2.0"',
        b"[" * 70,
        b'{"a":' * 70,
        b"9" * 5000,
        b"Infinity",
    ]
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        body = bytearray(chosen.choice(seeds))
        for _ in range(chosen.randint(1, 6)):
            at = chosen.randrange(len(body) + 1)
            match chosen.randrange(5):
                case 0:
                    body[at:at] = chosen.choice(pieces)
                case 1:
                    del body[at : at + chosen.randint(1, 12)]
                case 2 if at < len(body):
                    body[at] ^= 1 << chosen.randrange(8)
                case 3:
                    other = chosen.choice(seeds)
                    body[at:at] = other[chosen.randrange(len(other)) :]
                case _:
                    body[at:at] = body[: chosen.randrange(len(body) + 1)]
        sent = bytes(body[: 1 << 18])
        answer = check(sent, *dispatcher.dispatch(sent, chosen.choice(CALLERS)))
        try:
            json.loads(sent)
        except (ValueError, RecursionError):
            assert answer is not None
            assert isinstance(answer, dict)
            assert answer["error"]["code"] in (-32700, -32600), sent


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, inner), default=0) if isinstance(value, (dict, list)) else 0


@settings(max_examples=300, deadline=None)
@given(value=values, indent=st.sampled_from([None, 1]))
def test_depth_is_measured_exactly(value: Any, indent: int | None) -> None:
    text, levels = json.dumps(value, indent=indent).encode(), depth(value)
    assert not deeper_than(text, levels)
    if levels:
        assert deeper_than(text, levels - 1)
