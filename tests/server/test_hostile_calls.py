"""Calls and handlers that mean no good: what cannot be printed, what is no JSON, more mistakes than one can read."""

from __future__ import annotations

import errno
import itertools
import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from pydantic import ConfigDict, Field, with_config
from pydantic_core import from_json
from typing_extensions import TypedDict

from codegen.runtime.context import PUBLIC, Caller
from codegen.runtime.errors import DeclaredError, Unauthorized, dumped
from codegen.runtime.http.log import Log, described
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.rpc import dispatch
from codegen.runtime.rpc.auth import Credentials, same_secret
from codegen.runtime.rpc.dispatch import Dispatcher
from codegen.runtime.rpc.method import Method
from codegen.runtime.storage.database import Database
from codegen.runtime.values.bounds import more_members_than

EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("rpc_example.py"))))


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class NoNumber(DeclaredError):
    code, slug, status, message = 1703, "no_number", 400, "no number"

    def __init__(self, message: str | None = None, *, value: float = 0.0, values: list[float] | None = None) -> None:
        super().__init__(message)
        self.value, self.values = value, values

    def data(self) -> dict[str, Any]:
        return dumped(self, {"value": self.value, "values": self.values})


class ByHand(DeclaredError):
    code, slug, status, message = 1704, "by_hand", 400, "by hand"

    def data(self) -> dict[str, Any]:
        return {"value": float("inf"), "deep": [float("nan")]}


class Broken(DeclaredError):
    code, slug, status, message = 1705, "broken", 400, "broken"

    def data(self) -> dict[str, Any]:
        raise Silent


class Unwritable(DeclaredError):
    code, slug, status, message = 1706, "unwritable", 400, "unwritable"

    def data(self) -> dict[str, Any]:
        return {"value": "half \ud800", "object": object()}


def caused_by_itself() -> Exception:
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    return first


FAULTS: dict[str, Exception] = {
    "silent": Silent(),
    "half a character": RuntimeError("half \ud800 and \x00"),
    "huge": RuntimeError("x" * 5_000_000),
    "circle": caused_by_itself(),
    "broken data": Broken(),
    "unwritable data": Unwritable(),
}


@with_config(ConfigDict(extra="forbid"))
class Inner(TypedDict):
    x: int


@with_config(ConfigDict(extra="forbid"))
class Outer(TypedDict):
    inner: Inner
    many: Annotated[list[Inner], Field(default=[])]


class Server:
    """A dispatcher with methods that raise, and what its log holds."""

    def __init__(self, folder: Path) -> None:
        self.logged: list[bytes] = []
        self.log = Log(self.logged.append)
        errors = {"nan": NoNumber(value=float("nan"), values=[1.0, float("inf")]), "hand": ByHand(), **FAULTS}
        methods: list[Method] = [EXAMPLE.method(name, EXAMPLE.raises(error)) for name, error in errors.items()]
        methods += [
            EXAMPLE.method("fine", lambda context: "fine"),
            EXAMPLE.method("nested", lambda context, outer: outer["inner"]["x"], outer=Outer),
            EXAMPLE.method("infinite", lambda context: [float("inf"), {"x": float("nan")}]),
        ]
        self.database: Database = EXAMPLE.open_database(folder)
        observation = Observation(Metrics(methods), self.log)
        self.dispatcher = Dispatcher(methods, self.database, EXAMPLE.FixedClock(), observation)

    def send(self, *calls: dict[str, Any]) -> Any:
        body = json.dumps([{"jsonrpc": "2.0", "id": 1, **call} for call in calls]).encode()
        answer = self.dispatcher.dispatch(body, PUBLIC).body
        assert answer is not None
        return strict(answer)

    def error(self, method: str, **params: Any) -> Any:
        return self.send({"method": method, "params": params})[0]["error"]

    def lines(self) -> list[dict[str, Any]]:
        self.log.flush()
        return [strict(line) for line in b"".join(self.logged).splitlines() if line]


def strict(text: bytes) -> Any:
    """JSON as the specification has it."""
    return from_json(text, allow_inf_nan=False)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.database.close()


# --- what cannot be printed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAULTS)
def test_a_batch_survives_what_cannot_be_printed(server: Server, name: str) -> None:
    answers = server.send({"method": "fine"}, {"method": name}, {"method": "fine"})
    assert [answer.get("result") for answer in answers] == ["fine", None, "fine"]
    assert answers[1]["error"]["code"] == -32603
    fault = next(line for line in server.lines() if line["event"] == "fault")
    assert fault["ref"] == answers[1]["error"]["data"]["ref"]
    assert len(json.dumps(fault)) < 20_000


def test_a_fault_says_what_can_be_said() -> None:
    assert described(Silent())["message"] == "<a Silent whose text cannot be had>"
    assert described(RuntimeError("half \ud800"))["message"] == "half \\ud800"
    told, depth = described(caused_by_itself()), 0
    while "cause" in told:
        told, depth = told["cause"], depth + 1
    assert depth == 5

    def deep(levels: int) -> None:
        if levels:
            deep(levels - 1)
        raise RuntimeError

    with pytest.raises(RuntimeError) as raised:
        deep(500)
    frames = described(raised.value)["frames"]
    assert (len(frames), frames[-1].rpartition(" ")[2]) == (40, "deep")


def test_a_log_line_that_is_no_json_is_written_as_far_as_it_goes() -> None:
    written: list[bytes] = []
    log = Log(written.append)
    circle: list[Any] = []
    circle.append(circle)
    fields = {"half": "\ud800", "silent": Silent(), "circle": circle, "nan": float("nan"), "whole": "é"}
    log.line("told", {**fields, "number": 7}, "error")
    (line,) = [strict(text) for text in written]
    assert (line["half"], line["nan"], line["whole"], line["number"]) == ("'\\ud800'", None, "é", 7)
    assert line["silent"] == "<a Silent that cannot be printed>"
    log.line("after", {}, "error")
    assert strict(written[-1])["event"] == "after"


def test_lines_that_could_not_be_written_are_counted_and_nothing_is_torn() -> None:
    written: list[bytes] = []
    full = [True]

    def write(lines: bytes) -> None:
        if full[0]:
            written.append(lines[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(lines)

    log = Log(write)
    for number in range(3):
        log.line("lost", {"number": number}, "error")
    full[0] = False
    log.line("kept", {}, "error")
    log.line("and", {}, "error")
    whole = [strict(line) for line in b"".join(written).splitlines()[-3:]]
    assert [(line["event"], line.get("at_most")) for line in whole] == [
        ("log lines lost", 3),
        ("kept", None),
        ("and", None),
    ]


@pytest.mark.parametrize("value", ["\xff\xe9", "\udcff", "\x00", "Bearer \xe9", "Bearer \udcff", "bearer \x00"])
@pytest.mark.parametrize("name", ["HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_X_SECRET", "HTTP_ORIGIN"])
def test_headers_of_other_bytes_are_nobody(name: str, value: str) -> None:
    def lookup(token: str) -> Caller | None:
        token.encode("ascii")
        return None

    credentials = Credentials(
        admin_header="X-Secret", admin_secret="geheim", bearer=lookup, cookie="session", session=lookup
    )
    environ = {name: f"session={value}" if "COOKIE" in name else value, "REQUEST_METHOD": "POST"}
    if name in ("HTTP_COOKIE", "HTTP_ORIGIN"):
        assert credentials.authenticate(environ) == PUBLIC
    else:
        with pytest.raises(Unauthorized):
            credentials.authenticate(environ)


def test_a_secret_beyond_ascii_is_compared_by_its_bytes() -> None:
    assert same_secret("gehäim".encode().decode("latin-1"), "gehäim")
    assert not same_secret("gehäim", "gehäim")


def test_a_call_of_half_a_character_is_logged() -> None:
    written: list[bytes] = []
    log = Log(written.append)
    log.call("r1", "m", "user", "\ud800", 0, 0.001)
    log.flush()
    assert strict(written[0])["caller"] == "'\\ud800'"


# --- what is no JSON ------------------------------------------------------------------------------------------------


def test_numbers_that_are_none_are_null(server: Server) -> None:
    assert server.error("nan")["data"] == {"error": "no_number", "value": None, "values": [1.0, None]}
    assert server.error("hand")["data"] == {"error": "by_hand", "value": None, "deep": [None]}


# --- more mistakes than anybody can read ----------------------------------------------------------------------------

MIB = 1 << 20


def unknown(size: int, pair: str = '"{:x}":0') -> str:
    """An object of unknown keys, so long."""
    parts: list[str] = []
    left = size
    for number in itertools.count():
        parts.append(pair.format(number))
        left -= len(parts[-1]) + 1
        if left < 40:
            return "{" + ",".join(parts) + "}"
    raise AssertionError


PLACES = {
    "top": "{}",
    "nested": '{{"outer":{{"inner":{}}}}}',
    "in a list": '{{"outer":{{"inner":{{"x":1}},"many":[{}]}}}}',
    "beside": '{{"outer":{{"inner":{{"x":1}},"more":{}}}}}',
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("pair", ['"{:x}":0', '"{:x}" \n: 0', '"\\"{:x}":0', '"{:x}\\\\":0'])
def test_a_mebibyte_of_unknown_keys_is_not_even_read(server: Server, place: str, pair: str) -> None:
    read: list[bytes] = []
    params = PLACES[place].format(unknown(MIB - 200, pair))
    body = f'{{"jsonrpc":"2.0","id":1,"method":"nested","params":{params}}}'.encode()
    assert MIB - 300 < len(body) <= MIB
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatch, "from_json", lambda text, **_: read.append(text))
        answer = server.dispatcher.dispatch(body, PUBLIC).body
    assert answer is not None
    assert strict(answer)["error"]["data"] == {"reason": "more than 32768 members of objects"}
    assert read == []


@pytest.mark.parametrize("place", list(PLACES)[1:])
def test_mistakes_are_counted_and_the_first_are_told(server: Server, place: str) -> None:
    def error(count: int) -> Any:
        params = PLACES[place].format(json.dumps({f"k{number}": 0 for number in range(count)}))
        return server.error("nested", **json.loads(params))["data"]

    few = error(3)
    assert "count" not in few
    if place == "beside":  # one unknown key, whatever is in it
        assert len(few["errors"]) == 1
        return
    more = error(500)
    assert (len(more["errors"]), more["count"]) == (20, 501)
    assert error(30_000) == {
        "errors": [{"path": "", "message": "30001 mistakes, too many to list", "rule": "too_many"}],
        "count": 30_001,
    }


@pytest.mark.parametrize(
    ("text", "many"),
    [
        (unknown(300), False),
        (json.dumps(["a:b"] * 20_000), False),
        (json.dumps(['{"a":1,"b":2}'] * 5_000), False),  # JSON within strings
        (json.dumps([{"a": 1}] * 30_000), True),
        (json.dumps([{"a": 1}] * 3_000), False),
    ],
)
def test_only_members_are_counted(text: str, many: bool) -> None:
    assert more_members_than(text.encode(), 8_000) is many
