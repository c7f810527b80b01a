"""Parameters that may be left out: their defaults reach the handler, by name and by position, and null is absence."""

import importlib
from collections.abc import Iterator
from inspect import Parameter, signature
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from codegen.runtime.storage.database import Database
from tests.small_program import Served, small_program

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


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("parameters")
    (folder / "parameters_handlers.py").write_text(HANDLERS)
    with small_program(folder, "parameters", SCHEMA, ("models", "services", "routes", "openrpc")) as program:
        handlers: ModuleType = importlib.import_module("parameters_handlers")
        database = Database.open("sqlite:///:memory:")
        yield program.served(database, [handlers.Show()])
        database.close()


def show(served: Served, params: Any) -> Any:
    answer = served.call("show.show", params)
    return answer.get("text", answer)


@pytest.mark.parametrize(
    "params", [{}, [], [None], {"a": None, "color": None, "price": None, "list": None, "at": None}]
)
def test_what_is_left_out_or_null_takes_its_default(served: Served, params: Any) -> None:
    assert show(served, params) == repr((5, 6, "red", "1.50", [1], None, None, NOW))


def test_what_is_given_is_taken_in_either_way(served: Served) -> None:
    given = {"a": 1, "b": 2, "color": "blue", "price": "2", "list": [], "none": "x", "nothing": "y", "at": 0}
    seen = repr((1, 2, "blue", "2.00", [], "x", "y", "1970-01-01T00:00:00+00:00"))
    assert show(served, given) == show(served, [*given.values()]) == seen
    assert show(served, [None, 2, None]) == repr((5, 2, "red", "1.50", [1], None, None, NOW))


def test_null_is_refused_where_it_may_not_be(served: Served) -> None:
    """`b` has a default and no `?`: it may be left out, but is no number when it is null."""
    error = show(served, {"b": None})
    assert (error["code"], error["data"]["errors"][0]["path"]) == (-32602, "b")


PLACES = """\
module places "1.0.0"
[auth(public)]
service DeskService {
    last(text: str, note?: str, times: i32 = 3) -> str
    first(note?: str, text: str) -> str
    keyed(text: str, key: str) -> str @idempotent(key)
    keyed_first(key: str, text: str) -> str @idempotent(key)
}
"""


@pytest.mark.parametrize("calls", ["DeskCalls", "AsyncDeskCalls"])
def test_python_clients_take_parameters_by_their_place(tmp_path: Path, calls: str) -> None:
    """Where one stands does not change when it need no longer be given; None leaves out what others stand behind."""
    with small_program(tmp_path, "places", PLACES, ("clients", "errors")) as program:
        made = getattr(program.module("clients.python.desk"), calls)
    shown = {
        name: [f"{each.name}={each.default}" if each.default is not Parameter.empty else each.name for each in found]
        for name in ("last", "first", "keyed", "keyed_first")
        if (found := list(signature(getattr(made, name)).parameters.values()))
    }
    assert shown == {
        "last": ["self", "text", "note=None", "times=3"],
        "first": ["self", "note", "text"],
        "keyed": ["self", "text", "key=None"],
        "keyed_first": ["self", "text", "key=None"],
    }
    by_name = [each.name for each in signature(made.keyed_first).parameters.values() if each.kind == each.KEYWORD_ONLY]
    assert by_name == ["key"]
    assert not [each for each in signature(made.last).parameters.values() if each.kind == each.KEYWORD_ONLY]
