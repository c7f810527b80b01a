"""Parameters that may be left out: their defaults reach the handler, by name and by position, and null is absence."""

import importlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from codegen.emit.run.generate import emit_kinds
from codegen.model import load_program
from codegen.runtime.context import ADMIN, Context
from codegen.runtime.rpc.dispatch import Dispatcher
from codegen.runtime.rpc.method import Method
from codegen.runtime.rpc.wiring import bind
from codegen.runtime.storage.database import Database
from codegen.source.diagnostics import Report

SCHEMA = """\
module parameters "1.0.0"
Color = "red" | "blue"
Seen = { text: str }
[auth(public)]
service ShowService {
    show(
        a?: i32 = 5,
        b: i32 = 6,
        color?: Color = red,
        price?: money<USD> = "1.50",
        list?: [i32] = [1],
        none?: str,
        nothing?: str = null,
        at?: otime = now,
    ) -> Seen
}
"""
HANDLERS = """\
from datetime import datetime
from codegen.runtime.context import Context
from codegen.runtime.values.types import Money
from parameters_generated.models.parameters import Color, Seen
from parameters_generated.services.parameters import ShowService

class Show(ShowService):
    def show(self, context: Context, *, a: int = 5, b: int = 6, color: Color = Color.RED, price: Money, list: list[int],
             none: str | None = None, nothing: str | None = None, at: datetime) -> Seen:
        return Seen(text=repr((a, b, str(color), str(price), list, none, nothing, at.isoformat())))
"""
NOW = "2026-05-20T22:03:14+00:00"


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 5, 20, 22, 3, 14, 5, tzinfo=UTC)


class Observer:
    """Sees nothing."""

    def called(self, method: Method | None, context: Context, code: int, seconds: float) -> None: ...
    def audited(self, method: Method, context: Context, params: Any, code: int) -> None: ...
    def failed(self, method: Method, context: Context, reference: str, error: BaseException) -> None:
        raise error

    def hindered(self, method: Method, context: Context, error: Any) -> None: ...


@pytest.fixture(scope="module")
def dispatcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dispatcher]:
    folder = tmp_path_factory.mktemp("parameters")
    (folder / "parameters.oschema").write_text(SCHEMA)
    program = load_program(folder, Report())
    assert program is not None
    for path, want in emit_kinds(program, ("models", "services", "routes", "openrpc")).items():
        (folder / "parameters_generated" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "parameters_generated" / path).write_bytes(want.data)
    (folder / "parameters_handlers.py").write_text(HANDLERS)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    handlers: ModuleType = importlib.import_module("parameters_handlers")
    services = importlib.import_module("parameters_generated.routes").SERVICES
    database = Database.open("sqlite:///:memory:")
    methods, _ = bind([handlers.Show()], services, validate_results=True)
    yield Dispatcher(methods, database, Clock(), Observer())
    database.close()
    sys.path.remove(str(folder))


def show(dispatcher: Dispatcher, params: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "show.show", "params": params}).encode()
    answer = json.loads(dispatcher.dispatch(body, ADMIN).body or b"")
    return answer["result"]["text"] if "result" in answer else answer["error"]


@pytest.mark.parametrize(
    "params", [{}, [], [None], {"a": None, "color": None, "price": None, "list": None, "at": None}]
)
def test_what_is_left_out_or_null_takes_its_default(dispatcher: Dispatcher, params: Any) -> None:
    assert show(dispatcher, params) == repr((5, 6, "red", "1.50", [1], None, None, NOW))


def test_what_is_given_is_taken_in_either_way(dispatcher: Dispatcher) -> None:
    given = {"a": 1, "b": 2, "color": "blue", "price": "2", "list": [], "none": "x", "nothing": "y", "at": 0}
    seen = repr((1, 2, "blue", "2.00", [], "x", "y", "1970-01-01T00:00:00+00:00"))
    assert show(dispatcher, given) == show(dispatcher, [*given.values()]) == seen
    assert show(dispatcher, [None, 2, None]) == repr((5, 2, "red", "1.50", [1], None, None, NOW))


def test_null_is_refused_where_it_may_not_be(dispatcher: Dispatcher) -> None:
    """`b` has a default and no `?`: it may be left out, but is no number when it is null."""
    error = show(dispatcher, {"b": None})
    assert (error["code"], error["data"]["errors"][0]["path"]) == (-32602, "b")
