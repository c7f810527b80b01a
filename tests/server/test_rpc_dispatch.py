"""The dispatcher by itself: the specification's examples, ids, parameters, limits, scopes, errors, transactions."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codegen.runtime.context import ADMIN, PUBLIC, Caller
from codegen.runtime.errors import Unauthorized
from codegen.runtime.http.log import Log
from codegen.runtime.http.metrics import Metrics, shared_areas
from codegen.runtime.http.observe import Observation
from codegen.runtime.rpc.dispatch import Dispatcher, Limits
from codegen.runtime.values.bounds import deeper_than

EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("rpc_example.py"))))
EXAMPLES = json.loads((Path(__file__).parents[1] / "cases/rpc/specification.json").read_text())
USER, NODE = Caller("user", "user1"), Caller("node", "node1")


class Server:
    """A dispatcher, what it logs, and short ways to call it."""

    def __init__(self, folder: Path) -> None:
        self.logged: list[bytes] = []
        self.log = Log(self.logged.append)
        self.metrics = Metrics(EXAMPLE.methods())
        self.database = EXAMPLE.open_database(folder)
        self.dispatcher = Dispatcher(
            EXAMPLE.methods(), self.database, EXAMPLE.FixedClock(), Observation(self.metrics, self.log)
        )

    def send(self, body: bytes | str, caller: Caller = PUBLIC) -> Any:
        answer, _ = self.dispatcher.dispatch(body.encode() if isinstance(body, str) else body, caller)
        return None if answer is None else json.loads(answer)

    def call(self, method: str, params: Any = None, caller: Caller = PUBLIC) -> Any:
        return self.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}), caller)

    def error(self, method: str, params: Any = None, caller: Caller = PUBLIC) -> Any:
        return self.call(method, params, caller)["error"]

    def lines(self) -> list[dict[str, Any]]:
        self.log.flush()
        return [json.loads(line) for line in b"".join(self.logged).splitlines()]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.database.close()


def without_reason(answer: Any) -> Any:
    """The answer as the specification shows it: `data` is ours to add."""
    if isinstance(answer, list):
        return [without_reason(each) for each in answer]
    if isinstance(answer, dict) and "error" in answer:
        return {**answer, "error": {key: value for key, value in answer["error"].items() if key != "data"}}
    return answer


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_the_specification(server: Server, example: dict[str, Any]) -> None:
    assert without_reason(server.send(example["send"])) == example["answer"]


# --- ids ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "id_",
    [
        '"a"',
        '""',
        '"é\\u2028\\u0000\\""',
        "0",
        "-1",
        "1",
        str(2**53 + 1),
        "-" + "9" * 300,
        "1.5",
        "-0.25",
        "1e+300",
        "null",
    ],
)
def test_ids_come_back_as_they_are(server: Server, id_: str) -> None:
    answer, _ = server.dispatcher.dispatch(f'{{"jsonrpc":"2.0","method":"foobar","id":{id_}}}'.encode(), PUBLIC)
    assert answer is not None
    found, wanted = json.loads(answer)["id"], json.loads(id_)
    assert (found, type(found)) == (wanted, type(wanted))
    if not id_.startswith('"'):
        assert answer.endswith(f'"id":{id_}}}'.encode())


@pytest.mark.parametrize("id_", ["true", "[]", "{}", "[1]"])
def test_what_is_no_id_is_refused(server: Server, id_: str) -> None:
    answer = server.send(f'{{"jsonrpc":"2.0","method":"foobar","id":{id_}}}')
    assert answer["error"]["code"] == -32600
    assert answer["id"] is None


def test_an_invalid_request_keeps_its_id(server: Server) -> None:
    assert server.send('{"jsonrpc":"1.0","method":"foobar","id":7}') == {
        "jsonrpc": "2.0",
        "error": {"code": -32600, "message": "Invalid Request"},
        "id": 7,
    }


@pytest.mark.parametrize(
    "request_",
    [
        '{"method":"foobar","id":1}',
        '{"jsonrpc":2.0,"method":"foobar","id":1}',
        '{"jsonrpc":"2.0","id":1}',
        '{"jsonrpc":"2.0","method":null,"id":1}',
        '{"jsonrpc":"2.0","method":"foobar","params":null,"id":1}',
        '{"jsonrpc":"2.0","method":"foobar","params":"x","id":1}',
        '{"jsonrpc":"2.0","method":"foobar","params":1,"id":1}',
        '"text"',
        "1",
        "null",
        "true",
    ],
)
def test_invalid_requests(server: Server, request_: str) -> None:
    assert server.send(request_)["error"]["code"] == -32600


# --- parsing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"[1,",
        b"nul",
        b"{'a':1}",
        b'{"a":1,}',
        b"\xff",
        b'"\xc3\x28"',
        b"\xef\xbb\xbf{}",
        b'{"jsonrpc":"2.0","method":"echo","params":{"value":NaN},"id":1}',
        b'{"jsonrpc":"2.0","method":"echo","params":{"value":Infinity},"id":1}',
        b'{"jsonrpc":"2.0","method":"echo","params":{"value":-Infinity},"id":1}',
        b"{} {}",
        b"\x00",
        b'{"jsonrpc":"2.0","method":"foobar","id":1e400}',
        b'{"jsonrpc":"2.0","method":"foobar","id":-1E+0400}',
        b'{"jsonrpc":"2.0","method":"echo","params":[{"a":[1e999]}],"id":1}',
        b"[" + b"9" * 300 + b"e10]",
        b"[" + b"9" * 310 + b".5]",
        b"9" * 5000,
    ],
)
def test_parse_errors(server: Server, body: bytes) -> None:
    answer = server.send(body)
    assert (answer["error"]["code"], answer["id"]) == (-32700, None)
    assert answer["error"]["data"]["reason"]


def test_what_only_looks_like_a_huge_number_is_none(server: Server) -> None:
    for value in ("1e999", "0" * 400, 1e300, 10**400, 1e-999, [5e100]):
        assert server.call("echo", {"value": value})["result"] == value


def test_the_last_of_two_equal_keys_counts(server: Server) -> None:
    assert server.send(
        '{"jsonrpc":"2.0","method":"lost","method":"subtract","id":9,"id":1,'
        '"params":{"minuend":1,"subtrahend":1,"minuend":5}}'
    ) == {"jsonrpc": "2.0", "result": 4, "id": 1}


# --- parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "path", "rule"),
    [
        ({"minuend": 1}, "subtrahend", "missing"),
        ({"minuend": 1, "subtrahend": 2, "third": 3}, "third", "extra_forbidden"),
        ({"minuend": "1", "subtrahend": 2}, "minuend", "int_type"),
        ({"minuend": True, "subtrahend": 2}, "minuend", "int_type"),
        ({"minuend": 2**63, "subtrahend": 2}, "minuend", "less_than_equal"),
        ([1, 2, 3], "2", "too_many"),
        ([1], "subtrahend", "missing"),
    ],
)
def test_wrong_params_say_where_and_why(server: Server, params: Any, path: str, rule: str) -> None:
    error = server.error("subtract", params)
    assert (error["code"], error["message"]) == (-32602, "Invalid params")
    assert [(each["path"], each["rule"]) for each in error["data"]["errors"]] == [(path, rule)]
    assert all(set(each) == {"path", "message", "rule"} and each["message"] for each in error["data"]["errors"])


def test_thousands_of_unknown_params_are_not_told_one_by_one(server: Server) -> None:
    error = server.error("subtract", {f"p{number}": number for number in range(20_000)})
    assert error["data"]["errors"] == [
        {"path": "2", "message": "takes at most 2 parameters, not 20000", "rule": "too_many"}
    ]


def test_values_are_read_as_json_has_them(server: Server) -> None:
    assert server.call("later", {"at": "2026-05-20T22:03:14Z"})["result"] == "2026-05-20T22:03:14Z"
    assert server.call("later", {"at": 1779314594})["result"] == "2026-05-20T22:03:14Z"
    assert server.error("later", {"at": "yesterday"})["data"]["errors"][0]["path"] == "at"


def test_a_rule_found_while_running_is_told_the_same_way(server: Server) -> None:
    assert server.error("picky") == {
        "code": -32602,
        "message": "Invalid params",
        "data": {"errors": [{"path": "data.name", "message": "was given once and for all", "rule": "immutable"}]},
    }


def test_aliases_are_names_too(server: Server) -> None:
    assert server.call("Example.foobar")["result"] == "bar"


# --- limits -------------------------------------------------------------------------------------------------------


def nested(levels: int, opening: str = "[", closing: str = "]") -> str:
    """A request that nests `levels` deep, envelope and params included."""
    inner = levels - 2
    return (
        '{"jsonrpc":"2.0","id":1,"method":"echo","params":{"value":'
        + opening * inner
        + ("" if opening == "[" else "1")
        + closing * inner
        + "}}"
    )


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_depth_64_is_the_deepest(server: Server, opening: str, closing: str) -> None:
    assert "result" in server.send(nested(64, opening, closing))
    for levels in (65, 199, 1000, 100_000):
        answer = server.send(nested(levels, opening, closing))
        assert (answer["error"]["code"], answer["id"]) == (-32600, None), levels
        assert "64" in answer["error"]["data"]["reason"]


def test_brackets_in_strings_and_beside_each_other_do_not_nest(server: Server) -> None:
    assert server.call("echo", {"value": '["{' * 100})["result"] == '["{' * 100
    assert server.call("echo", {"value": [[]] * 100})["result"] == [[]] * 100
    assert not deeper_than(b'"' + b'\\"[' * 100 + b'"', 64)
    assert deeper_than(b'{"a\\\\":' + b"[" * 64 + b"]" * 64 + b"}", 64)


def test_deep_nonsense_is_a_parse_error(server: Server) -> None:
    assert server.send("[" * 150 + "]" * 3)["error"]["code"] == -32700
    assert server.send("[" * 150 + "}" * 150)["error"]["code"] == -32700
    assert server.send("]" * 100 + "[" * 100)["error"]["code"] == -32700


def test_a_body_of_a_megabyte_of_brackets_or_quotes_is_no_burden(server: Server) -> None:
    for body in (b"[" * 2**20, b"[]," * (2**20 // 3), b'"\\"[' * (2**20 // 4), b"{" + b'\\"' * 2**19, b"[{" * 2**19):
        assert server.send(body)["error"]["code"] in (-32700, -32600)


def test_a_batch_has_at_most_100_members(server: Server) -> None:
    one = {"jsonrpc": "2.0", "method": "foobar", "id": 1}
    assert len(server.send(json.dumps([one] * 100))) == 100
    answer = server.send(json.dumps([one] * 101))
    assert answer["error"]["code"] == -32600
    assert answer["error"]["data"]["reason"] == "a batch holds at most 100 calls, not 101"


def test_limits_are_settings(tmp_path: Path) -> None:
    observation = Observation(Metrics([]), Log(lambda lines: None))
    dispatcher = Dispatcher(
        [], EXAMPLE.open_database(tmp_path), EXAMPLE.FixedClock(), observation, Limits(batch=1, depth=2)
    )
    assert b"at most 1 calls" in (dispatcher.dispatch(b"[1,2]", PUBLIC).body or b"")
    assert b"deeper than 2" in (dispatcher.dispatch(b"[[[]]]", PUBLIC).body or b"")


# --- errors and statuses ------------------------------------------------------------------------------------------


def test_declared_errors_have_slug_and_fields(server: Server) -> None:
    assert server.error("broke") == {
        "code": 1702,
        "message": "not enough money",
        "data": {"needed": "12.50", "error": "broke"},
    }
    assert server.error("lost") == {"code": 1404, "message": "no such object", "data": {"error": "not_found"}}


def test_a_fault_tells_a_reference_and_nothing_else(server: Server) -> None:
    error = server.error("fault")
    assert (error["code"], error["message"], list(error["data"])) == (-32603, "Internal error", ["ref"])
    fault = next(line for line in server.lines() if line["event"] == "fault")
    assert fault["ref"] == error["data"]["ref"]
    assert (fault["error"], fault["message"], fault["level"]) == ("RuntimeError", "secret detail", "error")
    assert any("rpc_example.py" in frame for frame in fault["frames"])


@pytest.mark.parametrize(
    ("method", "status"),
    [("foobar", 200), ("nope", 200), ("broke", 200), ("lost", 200), ("fault", 200), ("for_users", 401), ("busy", 429)],
)
def test_http_statuses_of_single_calls(server: Server, method: str, status: int) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method})
    assert server.dispatcher.dispatch(body.encode(), PUBLIC).status == status
    assert server.dispatcher.dispatch(f"[{body}]".encode(), PUBLIC).status == 200


def test_wrong_credentials_refuse_every_call_with_its_id(server: Server) -> None:
    one = {"jsonrpc": "2.0", "method": "foobar"}
    body = json.dumps([{**one, "id": 1}, one, {**one, "id": "b"}]).encode()
    answer, _ = server.dispatcher.dispatch(body, PUBLIC, Unauthorized())
    assert [(each["id"], each["error"]["code"]) for each in json.loads(answer or b"")] == [(1, 1401), ("b", 1401)]


def test_a_failing_notification_is_answered_with_nothing(server: Server) -> None:
    for method in ("fault", "lost", "nope", "for_admins", "subtract"):
        answer = server.dispatcher.dispatch(f'{{"jsonrpc":"2.0","method":"{method}"}}'.encode(), PUBLIC)
        assert answer.body is None, method


# --- scopes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "open_to"),
    [
        (PUBLIC, {"whoami"}),
        (USER, {"whoami", "for_users", "for_me", "my_rows"}),
        (NODE, {"whoami", "for_nodes"}),
        (ADMIN, {"whoami", "for_users", "my_rows", "for_nodes", "for_admins"}),
    ],
    ids=["public", "user", "node", "admin"],
)
def test_who_may_call_what(server: Server, caller: Caller, open_to: set[str]) -> None:
    denied = 1401 if caller.scope == "public" else 1403
    for method in ("whoami", "for_users", "for_me", "my_rows", "for_nodes", "for_admins"):
        answer = server.call(method, {"secret": "x"} if method == "for_admins" else None, caller)
        if method in open_to:
            assert "result" in answer, method
        else:
            assert answer["error"]["code"] == denied, method


def test_scope_is_checked_before_parameters(server: Server) -> None:
    assert server.error("for_admins", {"wrong": 1})["code"] == 1401


# --- transactions -------------------------------------------------------------------------------------------------


def test_each_member_of_a_batch_is_a_transaction_of_its_own(server: Server) -> None:
    calls = [
        {"jsonrpc": "2.0", "id": number, "method": "remember", "params": {"name": str(number), "fail": fail}}
        for number, fail in enumerate((False, True, False))
    ]
    answers = server.send(json.dumps(calls))
    assert [each.get("result", each.get("error", {}).get("code")) for each in answers] == [1, 1404, 2]
    assert server.database.execute("SELECT name FROM notes ORDER BY name") == [("0",), ("2",)]


# --- what is told of calls ----------------------------------------------------------------------------------------


def test_every_call_is_a_log_line(server: Server) -> None:
    server.call("foobar", caller=USER)
    server.error("lost")
    server.send("nonsense")
    lines = [line for line in server.lines() if line["event"] == "rpc"]
    assert [(line["method"], line["scope"], line["caller"], line["code"]) for line in lines] == [
        ("foobar", "user", "user1", 0),
        ("lost", "public", None, 1404),
        ("", "public", None, -32700),
    ]
    assert len({line["request_id"] for line in lines}) == 3
    assert all(line["ms"] >= 0 and line["time"] and line["level"] == "info" for line in lines)


def test_parameters_are_never_logged_but_for_audits(server: Server) -> None:
    server.call("echo", {"value": "hunter2"})
    server.error("subtract", {"minuend": "hunter2", "subtrahend": "hunter2"})
    assert b"hunter2" not in json.dumps(server.lines()).encode()


def test_audited_calls_have_a_line_of_their_own(server: Server) -> None:
    server.call("for_admins", {"secret": "reason"}, ADMIN)
    server.error("for_admins", {"secret": "reason"}, USER)
    audits = [line for line in server.lines() if line["event"] == "audit"]
    assert [(line["method"], line["scope"], line["code"], line["params"]) for line in audits] == [
        ("for_admins", "admin", 0, {"secret": "reason"})
    ]


def test_calls_are_counted(server: Server) -> None:
    for _ in range(3):
        server.call("foobar")
    server.error("lost")
    server.error("broke")
    server.send("nonsense")
    text = server.metrics.text().decode()
    assert 'rpc_call_seconds_count{method="foobar"} 3.0' in text
    assert 'rpc_call_seconds_bucket{le="+Inf",method="foobar"} 3.0' in text
    assert 'rpc_errors_total{code="1404",method="lost"} 1.0' in text
    assert 'rpc_errors_total{code="1702",method="broke"} 1.0' in text
    assert 'rpc_errors_total{code="-32700",method=""} 1.0' in text
    assert 'method="sum"' not in text


def foobars(metrics: Metrics) -> float:
    """How many calls of `foobar` are told."""
    for line in metrics.text().decode().splitlines():
        if line.startswith('rpc_call_seconds_count{method="foobar"}'):
            return float(line.split()[-1])
    return 0.0


def test_counts_of_several_processes_add_up() -> None:
    areas, workers = shared_areas(3), [Metrics(EXAMPLE.methods()) for _ in range(3)]
    for number, worker in enumerate(workers):
        worker.share(areas, number)
        worker.add("foobar", 0, 0.002)
    assert [foobars(worker) for worker in workers] == [3.0] * 3
    after = Metrics(EXAMPLE.methods())
    after.share(areas, 1)
    after.add("foobar", 0, 0.002)
    assert foobars(after) == foobars(workers[0]) == 4.0, "who takes the place of one goes on with its counts"


def test_counts_of_a_program_that_was_changed_begin_again() -> None:
    areas, old, new = shared_areas(2), Metrics(EXAMPLE.methods()), Metrics(EXAMPLE.methods()[1:])
    old.share(areas, 0)
    for method in EXAMPLE.methods():
        old.add(method.name, 0, 0.002)
    new.share(areas, 1)
    assert "rpc_call_seconds_count" not in new.text().decode(), "rows of others are not taken for ours"
    new.share(areas, 0)
    assert "rpc_call_seconds_count" not in new.text().decode()


def test_metrics_that_have_no_room_say_so() -> None:
    with pytest.raises(ValueError, match="have no room in 80 bytes"):
        Metrics(EXAMPLE.methods()).share([memoryview(bytearray(80)).cast("d")], 0)


def test_two_methods_of_one_name_are_refused(tmp_path: Path, server: Server) -> None:
    every = EXAMPLE.methods()
    with pytest.raises(ValueError, match="two methods are called 'subtract'"):
        Dispatcher(
            [*every, EXAMPLE.methods()[0]],
            server.database,
            EXAMPLE.FixedClock(),
            Observation(server.metrics, server.log),
        )
