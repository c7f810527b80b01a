"""The application around the calls: readiness, faults of other routes, more metrics, secrets, log lines."""

from __future__ import annotations

import json
import runpy
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import falcon
import pytest
from falcon.testing import TestClient
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel, ValidationError

from codegen.runtime.context import ADMIN, PUBLIC, Caller
from codegen.runtime.errors import Forbidden, Unauthorized
from codegen.runtime.http.app import create_app
from codegen.runtime.http.log import Log, described
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.rpc.auth import Anonymous, Credentials, cookie_value, same_secret
from codegen.runtime.storage.faults import Unavailable
from tests.waiting import PATIENCE

EXAMPLE = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("rpc_example.py"))))


class Pool(Collector):
    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("pool_free", "Free machines.", value=7)


class Broken:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise RuntimeError("secret detail")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise falcon.HTTPConflict(title="taken")


class FailingSink:
    def record(self, entry: Any) -> None:
        raise OSError("disk full")


class App:
    """The example program with what a product adds to it; `unready` holds what `/readyz` is told."""

    def __init__(self, folder: Path) -> None:
        self.logged: list[bytes] = []
        self.unready: list[Exception] = []
        self.log = Log(self.logged.append)
        methods = EXAMPLE.methods()
        self.database = EXAMPLE.open_database(folder)
        app = create_app(
            document=EXAMPLE.DOCUMENT,
            methods=methods,
            database=self.database,
            authenticator=EXAMPLE.CREDENTIALS,
            observation=Observation(Metrics(methods), self.log, FailingSink()),
            ready={"migrations": self._ready},
            collectors=[Pool()],
        )
        app.add_route("/broken", Broken())
        self.client = TestClient(app)

    def _ready(self) -> None:
        for error in self.unready:
            raise error

    def lines(self) -> list[dict[str, Any]]:
        self.log.flush()
        return [json.loads(line) for line in b"".join(self.logged).splitlines()]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = App(tmp_path)
    yield made
    made.database.close()


def test_readiness_says_what_is_not_ready(app: App) -> None:
    assert app.client.simulate_get("/readyz").status_code == 200
    app.unready.append(RuntimeError("run `migrate`\nand more"))
    answer = app.client.simulate_get("/readyz")
    assert (answer.status_code, answer.json) == (
        503,
        {"status": "unavailable", "failed": {"migrations": "run `migrate`"}},
    )
    assert app.client.simulate_get("/healthz").status_code == 200


def test_an_unreachable_database_is_not_ready_and_why_is_for_the_log(tmp_path: Path) -> None:
    class Gone:
        dialect = "sqlite"

        def ping(self) -> None:
            raise Unavailable("no answer from hero@10.0.0.7")

    database: Any = Gone()
    log: list[bytes] = []
    client = TestClient(
        create_app(
            document=EXAMPLE.DOCUMENT,
            methods=[],
            database=database,
            authenticator=Anonymous(),
            observation=Observation(Metrics([]), Log(log.append)),
        )
    )
    answer = client.simulate_get("/readyz")
    assert (answer.status_code, answer.json["failed"]) == (503, {"database": "the database does not answer"})
    assert b"hero@10.0.0.7" in b"".join(log)


def test_faults_of_other_routes_tell_a_reference_only(app: App) -> None:
    answer = app.client.simulate_get("/broken")
    assert (answer.status_code, list(answer.json), answer.json["error"]) == (500, ["error", "ref"], "internal")
    fault = app.lines()[-1]
    assert (fault["event"], fault["ref"], fault["path"]) == ("fault", answer.json["ref"], "/broken")
    assert app.client.simulate_post("/broken").status_code == 409


def test_a_program_adds_metrics(app: App) -> None:
    assert "pool_free 7.0" in app.client.simulate_get("/metrics").text


def test_an_audit_sink_that_fails_is_a_fault_in_the_log_only(app: App) -> None:
    answer = app.client.simulate_post(
        "/rpc",
        headers={"x-example-secret": "open sesame"},
        json={"jsonrpc": "2.0", "id": 1, "method": "for_admins", "params": {"secret": "x"}},
    )
    assert answer.json["result"] == "done"
    assert [(line["error"], line["ref"]) for line in app.lines() if line["event"] == "fault"] == [("OSError", "audit")]


# --- secrets ------------------------------------------------------------------------------------------------------


def test_secrets_are_compared_whole() -> None:
    assert same_secret("geheim", "geheim")
    assert not same_secret("gehei", "geheim")
    assert not same_secret("\udcff", "geheim")


def test_an_admin_secret_that_is_not_set_opens_nothing() -> None:
    credentials = Credentials(admin_header="X-Secret")
    for given in ("", "None", "anything"):
        with pytest.raises(Unauthorized):
            credentials.authenticate({"REQUEST_METHOD": "POST", "HTTP_X_SECRET": given})
    assert "geheim" not in repr(Credentials(admin_header="X-Secret", admin_secret="geheim"))


def test_reading_by_cookie_needs_no_origin_but_acting_does() -> None:
    credentials = Credentials(cookie="s", session={"1": Caller("user", "u")}.get, origins={"https://a.example"})
    assert credentials.authenticate({"REQUEST_METHOD": "GET", "HTTP_COOKIE": "s=1"}) == Caller("user", "u")
    with pytest.raises(Forbidden):
        credentials.authenticate({"REQUEST_METHOD": "POST", "HTTP_COOKIE": "s=1"})
    assert credentials.authenticate({"REQUEST_METHOD": "POST", "HTTP_COOKIE": "other=1"}) == PUBLIC


def test_the_admin_header_goes_before_the_rest() -> None:
    environ = {"REQUEST_METHOD": "POST", "HTTP_X_EXAMPLE_SECRET": "open sesame", "HTTP_AUTHORIZATION": "Bearer x"}
    assert EXAMPLE.CREDENTIALS.authenticate(environ) == ADMIN


@pytest.mark.parametrize(
    ("header", "value"),
    [("s=1", "1"), ("a=2; s=1; b=3", "1"), ('s="1"', "1"), ("xs=1", None), ("s", None), ("", None), ("s=1;s=2", "1")],
)
def test_cookies(header: str, value: str | None) -> None:
    assert cookie_value(header, "s") == value


# --- log ----------------------------------------------------------------------------------------------------------


def test_lines_are_written_by_themselves_and_in_order() -> None:
    written, done = [], threading.Event()

    def write(lines: bytes) -> None:
        written.append(lines)
        if b"last" in lines:
            done.set()

    log = Log(write)
    for number in range(100):
        log.line("event", {"number": number})
    log.line("last", {})
    assert done.wait(PATIENCE)
    assert [json.loads(line).get("number") for line in b"".join(written).splitlines()] == [*range(100), None]


def test_errors_are_written_at_once() -> None:
    written: list[bytes] = []
    Log(written.append).line("fault", {"at": object}, level="error")
    assert json.loads(written[0])["level"] == "error"


def test_a_fault_is_described_without_the_values_it_was_about() -> None:
    class Model(BaseModel):
        pin: int

    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"pin": "hunter2"})
    assert described(caught.value)["message"] == "pin: int_parsing"
    assert "hunter2" not in json.dumps(described(caught.value))
    detail = RuntimeError("new row violates check\nDETAIL: Failing row contains (hunter2)")
    assert "hunter2" not in json.dumps(described(detail))
