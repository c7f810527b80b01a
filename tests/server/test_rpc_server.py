"""The same over HTTP: a real server with two workers, its statuses, headers, limits, discovery, health and metrics."""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from codegen.runtime.http.serve import PortTaken, serve
from tests.programs import free_port, program
from tests.waiting import PATIENCE, wait_for

HERE = Path(__file__).parent
EXAMPLE = SimpleNamespace(**runpy.run_path(str(HERE / "rpc_example.py")))
EXAMPLES = json.loads((HERE.parent / "cases/rpc/specification.json").read_text())
JSON = {"content-type": "application/json"}
ADMIN = {"x-example-secret": "open sesame"}


@contextmanager
def running(folder: Path, workers: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server of the example program that answers already: its URL and its process. It ends without a fault."""
    url = f"http://127.0.0.1:{free_port()}"
    script = (
        "from codegen.runtime.http.serve import serve; "
        f"serve('rpc_example:create', host='127.0.0.1', port={url.rpartition(':')[2]}, workers={workers})"
    )
    with program(
        [sys.executable, "-c", script],
        ready=f"{url}/healthz",
        log=folder / "log",
        environment={**os.environ, "PYTHONPATH": str(HERE), "EXAMPLE_DIR": str(folder)},
    ) as process:
        yield url, process
    assert process.returncode == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with running(folder, workers=2) as (url, _), httpx.Client(base_url=url, timeout=PATIENCE, verify=False) as opened:
        yield opened


def post(client: httpx.Client, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, (str, bytes)) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/rpc", content=content, headers={**JSON, **named})


def call(client: httpx.Client, method: str, **headers: str) -> httpx.Response:
    return post(client, {"jsonrpc": "2.0", "id": 1, "method": method}, **headers)


def without_reason(answer: Any) -> Any:
    if isinstance(answer, list):
        return [without_reason(each) for each in answer]
    answer.get("error", {}).pop("data", None)
    return answer


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_the_specification(client: httpx.Client, example: dict[str, Any]) -> None:
    response = post(client, example["send"])
    if example["answer"] is None:
        assert (response.status_code, response.content) == (204, b"")
    else:
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert without_reason(response.json()) == example["answer"]


def test_headers_let_nothing_be_guessed_or_kept(client: httpx.Client) -> None:
    for response in (
        call(client, "foobar"),
        client.get("/openrpc.json"),
        client.get("/healthz"),
        client.get("/metrics"),
    ):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post(client: httpx.Client, verb: str) -> None:
    assert client.request(verb, "/rpc", headers=JSON).status_code == 405


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ('application/json ;charset="UTF-8"', 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
        ("", 415),
    ],
)
def test_the_content_type_is_json(client: httpx.Client, kind: str, status: int) -> None:
    assert post(client, {"jsonrpc": "2.0", "id": 1, "method": "foobar"}, content_type=kind).status_code == status


def test_a_body_of_a_megabyte_is_the_largest(client: httpx.Client) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "echo", "params": {"value": ""}}).encode()
    fitting = body.replace(b'""', b'"' + b"x" * (2**20 - len(body)) + b'"')
    assert len(fitting) == 2**20
    assert post(client, fitting).status_code == 200
    assert post(client, fitting + b" ").status_code == 413

    def chunks() -> Iterator[bytes]:  # sent without a length
        yield fitting
        yield b" "

    assert client.post("/rpc", content=chunks(), headers=JSON).status_code == 413
    assert client.post("/rpc", content=iter([body]), headers=JSON).json()["result"] == ""


# --- who calls ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status", "who"),
    [
        ({}, 200, ["public", None]),
        ({"authorization": "Bearer user-key"}, 200, ["user", "user1"]),
        ({"authorization": "bearer node-key"}, 200, ["node", "node1"]),
        ({"authorization": "Bearer wrong"}, 401, None),
        ({"authorization": "Basic dXNlcg=="}, 401, None),
        ({"x-example-secret": "open sesame"}, 200, ["admin", None]),
        ({"x-example-secret": "open"}, 401, None),
        ({"cookie": "session=s1", "origin": "https://example.org"}, 200, ["user", "user1"]),
        ({"cookie": "other=1; session=s1", "origin": "https://example.org"}, 200, ["user", "user1"]),
        ({"cookie": "session=s1", "origin": "https://evil.example"}, 403, None),
        ({"cookie": "session=s1", "origin": "null"}, 403, None),
        ({"cookie": "session=s1"}, 403, None),
        ({"cookie": "session=expired"}, 200, ["public", None]),
        ({"cookie": "session=s1", "authorization": "Bearer node-key"}, 200, ["node", "node1"]),
        (
            {"x-hero-user": "user1", "x-public-key": "00", "x-forwarded-for": "127.0.0.1", "x-forwarded-user": "root"},
            200,
            ["public", None],
        ),
    ],
)
def test_who_is_calling(client: httpx.Client, headers: dict[str, str], status: int, who: Any) -> None:
    response = call(client, "whoami", **headers)
    assert response.status_code == status
    if who is not None:
        assert response.json()["result"] == who
    else:
        assert response.json()["id"] == 1
        assert response.json()["error"]["code"] == 1000 + status


@pytest.mark.parametrize(
    ("method", "headers", "status", "slug"),
    [
        ("for_users", {}, 401, "unauthorized"),
        ("for_admins", {"authorization": "Bearer user-key"}, 403, "forbidden"),
        ("for_me", ADMIN, 403, "forbidden"),
        ("busy", {}, 429, "rate_limited"),
        ("broke", {}, 200, "broke"),
    ],
)
def test_statuses(client: httpx.Client, method: str, headers: dict[str, str], status: int, slug: str) -> None:
    response = call(client, method, **headers)
    assert (response.status_code, response.json()["error"]["data"]["error"]) == (status, slug)


@pytest.mark.parametrize("value", [b"\xff\xfe", b"Bearer \xc3\xa9", b"session=\xf0\x80", b"open sesame\xff"])
@pytest.mark.parametrize("name", [b"authorization", b"x-example-secret", b"cookie", b"origin", b"content-type", b"x-y"])
def test_bytes_that_are_no_text_are_nobody(client: httpx.Client, name: bytes, value: bytes) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"for_me"}'
    headers = {b"content-type": b"application/json", name: value}
    answer = client.post("/rpc", content=body, headers=list(headers.items()))
    assert answer.status_code == (415 if name == b"content-type" else 401)
    assert client.get("/openrpc.json", headers=[(name, value)]).status_code in (200, 401)


# --- discovery ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "listed", "hidden"),
    [
        ({}, {"foobar"}, {"for_users", "for_me", "for_nodes", "for_admins"}),
        (
            {"authorization": "Bearer user-key"},
            {"foobar", "for_users", "for_me", "my_rows"},
            {"for_nodes", "for_admins"},
        ),
        ({"authorization": "Bearer node-key"}, {"foobar", "for_nodes"}, {"for_users", "for_me", "for_admins"}),
        (ADMIN, {"foobar", "for_users", "for_me", "for_nodes", "for_admins"}, set()),
    ],
    ids=["public", "user", "node", "admin"],
)
def test_discovery_shows_what_the_caller_may_call(
    client: httpx.Client, headers: dict[str, str], listed: set[str], hidden: set[str]
) -> None:
    document = client.get("/openrpc.json", headers=headers).json()
    assert call(client, "rpc.discover", **headers).json()["result"] == document
    names = {method["name"] for method in document["methods"]}
    assert listed | {"rpc.discover"} <= names
    assert not hidden & names
    assert "not_written_yet" not in names
    schemas = set(document["components"]["schemas"])
    assert schemas == (names - {"rpc.discover"}) | {"shared"}


def test_discovery_refuses_wrong_credentials(client: httpx.Client) -> None:
    response = client.get("/openrpc.json", headers={"x-example-secret": "guess"})
    assert (response.status_code, response.json()) == (401, {"error": "unauthorized", "message": "sign in first"})


def test_a_body_that_ends_early_is_not_acted_on(client: httpx.Client) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"foobar"}'
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=PATIENCE) as raw:
        raw.sendall(
            b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body) + 1, body)
        )
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")


def test_heads_are_answers_without_bodies(client: httpx.Client) -> None:
    for path in ("/openrpc.json", "/healthz", "/readyz", "/metrics"):
        head, whole = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == whole.headers["content-type"]


# --- health, metrics, life ----------------------------------------------------------------------------------------


def test_health(client: httpx.Client) -> None:
    for path in ("/healthz", "/readyz"):
        response = client.get(path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_metrics_are_those_of_all_workers(client: httpx.Client) -> None:
    def count() -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(
            float(line.split()[-1]) for line in lines if line.startswith('rpc_call_seconds_count{method="get_data"}')
        )

    before = count()
    url = str(client.base_url)
    with ThreadPoolExecutor(8) as pool:  # new connections, so that both workers get some
        answers = list(
            pool.map(
                lambda number: httpx.post(
                    f"{url}/rpc", json={"jsonrpc": "2.0", "id": number, "method": "get_data"}, timeout=PATIENCE
                ).json(),
                range(40),
            )
        )
    assert sorted(answer["id"] for answer in answers) == list(range(40))
    assert count() == before + 40


def test_the_log_is_json_lines_of_calls(client: httpx.Client, folder: Path) -> None:
    call(client, "lost")

    def noted() -> bool:
        whole = (folder / "log").read_text().rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines()]
        return any(line["event"] == "rpc" and line["method"] == "lost" and line["code"] == 1404 for line in lines)

    wait_for(noted)


def test_a_port_is_not_shared_with_another_program(client: httpx.Client) -> None:
    with pytest.raises(PortTaken, match="another program listens on"):
        serve("rpc_example:create", host="127.0.0.1", port=client.base_url.port or 80)


def test_a_running_call_is_ended_before_the_server_stops(tmp_path: Path) -> None:
    with running(tmp_path, workers=1) as (url, process), ThreadPoolExecutor(1) as pool:
        body = {"jsonrpc": "2.0", "id": 1, "method": "slow"}
        waiting = pool.submit(httpx.post, f"{url}/rpc", timeout=PATIENCE, json=body)
        wait_for((tmp_path / "slow").exists)
        process.send_signal(signal.SIGTERM)
        assert waiting.result().json()["result"] == "done"
        process.wait(PATIENCE)  # `running` would tell it once more to end, while it does
    assert '"method":"slow"' in (tmp_path / "log").read_text()
