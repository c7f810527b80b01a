"""A program generated from a foreign schema: handlers bound by type, defaults, webhooks, audits, results checked."""

from __future__ import annotations

import importlib
import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from falcon.testing import TestClient
from pydantic import TypeAdapter

from codegen.emit.errors import errors
from codegen.emit.models import models
from codegen.emit.openrpc import openrpc
from codegen.emit.routes import routes
from codegen.emit.services import services
from codegen.model import load_program
from codegen.runtime.context import Caller
from codegen.runtime.http.app import create_app
from codegen.runtime.http.log import Log
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.rpc.auth import Credentials
from codegen.runtime.rpc.wiring import WiringError, bind
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from codegen.source.diagnostics import Report

SCHEMAS = Path(__file__).parents[1] / "cases/rpc"
NOW = datetime(2026, 5, 20, 22, 3, 14, 123456, tzinfo=UTC)
ADMIN = {"x-desk-secret": "s3cret"}
USER = {"authorization": "Bearer clerk"}


def generate(schemas: Path, out: Path) -> None:
    program = load_program(schemas, Report())
    assert program is not None
    for kind in (models, errors, services, routes, openrpc):
        for output in kind.emit(program):
            path = out / output.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(output.text)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The generated program, and `handlers(text)`, which runs the text of a handlers' module on top of it."""
    folder = tmp_path_factory.mktemp("desk")
    generate(SCHEMAS / "schemas", folder / "desk_generated")
    sys.path.insert(0, str(folder))
    number = iter(range(1000))

    def handlers(text: str) -> ModuleType:
        name = f"desk_handlers_{next(number)}"
        (folder / f"{name}.py").write_text(HEADER + textwrap.dedent(text))
        importlib.invalidate_caches()
        return importlib.import_module(name)

    generated = importlib.import_module("desk_generated.routes")
    yield SimpleNamespace(handlers=handlers, routes=generated)
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith("desk_")]:
        del sys.modules[name]  # the fixture may be made once more in this process


HEADER = """\
from collections.abc import Mapping
from datetime import datetime

from codegen.runtime.context import Context
from codegen.runtime.errors import InvalidParams
from codegen.runtime.values.types import Money
from codegen.runtime.rpc.wiring import own_transactions, serves
from desk_generated.errors.desk import DrawerLocked, DrawerUnknown
from desk_generated.models.desk import Clerk, Code, Colour, Sizes
from desk_generated.services.desk import DeskService, DeskServiceV2, LampService, ParcelPostWebhook

"""

WHOLE = """
class Desk(DeskService):
    def open(self, context: Context, *, drawer: str, colour: Colour, at: datetime, sizes: Sizes | None,
             marks: list[str], from_: str | None) -> Sizes:
        self.seen = (drawer, colour, at, sizes, marks, from_)
        if drawer == "none":
            raise DrawerUnknown(drawer=drawer, from_=at, price=Money.parse("3"))
        if drawer == "locked":
            raise DrawerLocked("it is stuck")
        return Sizes(wide=3, tall=4)

    def close(self, context: Context) -> None:
        self.closed = True

    def list_(self, context: Context, *, prices: dict[str, Money]) -> list[Clerk]:
        return [Clerk(sid="01AB", name=name, pin=str(price)) for name, price in prices.items()]

    def greet(self, context: Context, *, clerk: Clerk) -> str | None:
        return None

    def helper(self) -> None: ...


@serves(LampService)
class Lamp:
    def switch(self, context: Context, *, on: bool) -> bool:
        return not on


class Parcels(ParcelPostWebhook):
    def receive(self, context: Context, *, body: bytes, headers: Mapping[str, str]) -> Sizes:
        if "x-parcel" not in headers:
            raise DrawerLocked
        if body == b"broken":
            raise InvalidParams("body", "is broken", "json")
        return Sizes(wide=len(body))
"""


class FixedClock:
    def now(self) -> datetime:
        return NOW


class Program:
    """The application over handlers, and what they and the log have seen."""

    def __init__(self, desk: SimpleNamespace, tmp_path: Path, objects: list[Any], **options: Any) -> None:
        methods, webhooks = bind(objects, desk.routes.SERVICES, desk.routes.WEBHOOKS, **options)
        self.logged: list[bytes] = []
        self.log = Log(self.logged.append)
        self.client = TestClient(
            create_app(
                document=desk.routes.document(),
                methods=methods,
                webhooks=webhooks,
                clock=FixedClock(),
                database=Database.open(f"sqlite:///{tmp_path / 'desk.db'}"),
                authenticator=Credentials(
                    admin_header="X-Desk-Secret", admin_secret="s3cret", bearer={"clerk": Caller("user", "01CLERK")}.get
                ),
                observation=Observation(Metrics(methods), self.log),
            )
        )

    def call(self, name: str, params: Any = None, headers: dict[str, str] | None = None) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": name, **({} if params is None else {"params": params})}
        answer = self.client.simulate_post("/rpc", json=body, headers=headers).json
        return answer["result"] if "result" in answer else answer["error"]

    def lines(self) -> list[dict[str, Any]]:
        self.log.flush()
        return [json.loads(line) for line in b"".join(self.logged).splitlines()]


@pytest.fixture
def whole(desk: SimpleNamespace, tmp_path: Path) -> SimpleNamespace:
    module = desk.handlers(WHOLE)
    handler = module.Desk()
    program = Program(desk, tmp_path, [handler, module.Lamp(), module.Parcels()], validate_results=True)
    return SimpleNamespace(program=program, call=program.call, handler=handler, module=module)


def test_defaults_times_and_names(whole: SimpleNamespace) -> None:
    assert whole.call("desk.open", {"drawer": "a1"}, USER) == {"wide": 3, "tall": 4}
    drawer, colour, at, sizes, marks, from_ = whole.handler.seen
    assert (drawer, colour, at, sizes, marks, from_) == (
        "a1",
        whole.module.Colour("red"),
        NOW.replace(microsecond=0),
        None,
        ["a"],
        None,
    )
    whole.call("DeskService.open", ["a1", "blue", 1779314594, {"wide": 1}, [], "here"], USER)
    assert whole.handler.seen == (
        "a1",
        whole.module.Colour("blue"),
        datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC),
        whole.module.Sizes(wide=1, tall=5),
        [],
        "here",
    )
    whole.call("desk.open", {"drawer": "a1", "from": "there", "sizes": None}, USER)
    assert whole.handler.seen[-1] == "there"


def test_defaults_are_made_anew(whole: SimpleNamespace) -> None:
    whole.call("desk.open", {"drawer": "a1"}, USER)
    whole.handler.seen[4].append("b")
    whole.call("desk.open", {"drawer": "a1"}, USER)
    assert whole.handler.seen[4] == ["a"]


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({}, "drawer"),
        ({"drawer": "a"}, "drawer"),
        ({"drawer": 12}, "drawer"),
        ({"drawer": "a1", "from_": "x"}, "from_"),
        ({"drawer": "a1", "colour": "green"}, "colour"),
        ({"drawer": "a1", "sizes": {"wide": -1}}, "sizes.wide"),
        ({"drawer": "a1", "sizes": {"wide": 1, "deep": 1}}, "sizes.deep"),
        ({"drawer": "a1", "marks": [1]}, "marks.0"),
        ({"drawer": "a1", "at": "now"}, "at"),
        ({"drawer": "a1", "marks": None}, "marks"),
    ],
)
def test_parameters_are_checked_by_the_schema(whole: SimpleNamespace, params: Any, path: str) -> None:
    error = whole.call("desk.open", params, USER)
    assert (error["code"], [each["path"] for each in error["data"]["errors"]]) == (-32602, [path])


def test_declared_errors_travel_with_their_fields(whole: SimpleNamespace) -> None:
    assert whole.call("desk.open", {"drawer": "none"}, USER) == {
        "code": 1501,
        "message": "no such drawer",
        "data": {
            "drawer": "none",
            "from": "2026-05-20T22:03:14Z",
            "price": "3.00",
            "message": "none",
            "error": "drawer_unknown",
        },
    }
    assert whole.call("desk.open", {"drawer": "locked"}, USER) == {
        "code": 1502,
        "message": "it is stuck",
        "data": {"error": "drawer_locked"},
    }


def test_results_without_a_type_are_null(whole: SimpleNamespace) -> None:
    assert whole.call("desk.close") is None
    assert whole.handler.closed


def test_a_second_version_has_names_of_its_own(desk: SimpleNamespace, tmp_path: Path) -> None:
    module = desk.handlers("""
        @serves(DeskServiceV2)
        class Second:
            def open(self, context: Context) -> str:
                return "second"
    """)
    program = Program(desk, tmp_path, [module.Second()])
    assert program.call("desk.v2.open") == "second"
    assert program.call("DeskService.v2.open") == "second"
    assert program.call("desk.open")["code"] == -32601


def test_only_what_is_written_is_routed_and_listed(desk: SimpleNamespace, tmp_path: Path) -> None:
    module = desk.handlers("""
        @serves(DeskService, LampService)
        class Some:
            def switch(self, context: Context, *, on: bool) -> bool:
                return on

            def close(self, context: Context) -> None:
                self._closed = True

            def _helper(self) -> None: ...
    """)
    program = Program(desk, tmp_path, [module.Some()])
    assert [method["name"] for method in program.call("rpc.discover")["methods"]] == [
        "desk.close",
        "lamp.switch",
        "rpc.discover",
    ]
    assert program.call("desk.open", {"drawer": "a1"}, USER)["code"] == -32601
    assert program.client.simulate_post("/webhooks/parcel").status_code == 404


# --- webhooks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "headers", "status", "answer"),
    [
        (b"abc", {"X-Parcel": "1"}, 200, {"wide": 3, "tall": 5}),
        (b"abc", {}, 409, {"error": "drawer_locked", "message": "the drawer is locked"}),
        (
            b"broken",
            {"x-parcel": "1"},
            400,
            {"error": "invalid", "errors": [{"path": "body", "message": "is broken", "rule": "json"}]},
        ),
    ],
)
def test_webhooks(whole: SimpleNamespace, body: bytes, headers: dict[str, str], status: int, answer: Any) -> None:
    response = whole.program.client.simulate_post("/webhooks/parcel", body=body, headers=headers)
    assert (response.status_code, response.json) == (status, answer)


def test_webhooks_are_counted(whole: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """As calls are: how many, how long, and which errors; a fault of ours is one of them, in the log too."""
    post = whole.program.client.simulate_post
    for headers in ({"x-parcel": "1"}, {"x-parcel": "1"}, {}):
        post("/webhooks/parcel", body=b"abc", headers=headers)
    name = 'method="webhook:parcel_post"'
    told = whole.program.client.simulate_get("/metrics").text
    assert f"rpc_call_seconds_count{{{name}}} 3.0" in told
    assert [line for line in told.splitlines() if line.startswith("rpc_errors_total") and name in line] == [
        f'rpc_errors_total{{code="1502",{name}}} 1.0'
    ]
    monkeypatch.setattr(whole.module, "Sizes", None)
    assert post("/webhooks/parcel", body=b"abc", headers={"x-parcel": "1"}).status_code == 500
    told = whole.program.client.simulate_get("/metrics").text
    assert f'rpc_errors_total{{code="-32603",{name}}} 1.0' in told
    assert [line["code"] for line in whole.program.lines() if line["event"] == "webhook"] == [0, 0, 1502, -32603]


# --- audits and results -------------------------------------------------------------------------------------------


def test_sensitive_fields_are_masked_in_audits(whole: SimpleNamespace) -> None:
    whole.call("desk.greet", {"clerk": {"sid": "01AB", "name": "Ann", "pin": "1234", "rev": 1}}, ADMIN)
    audit = next(line for line in whole.program.lines() if line["event"] == "audit")
    assert audit["params"]["clerk"]["name"] == "Ann"
    assert audit["params"]["clerk"]["pin"] == "***"
    whole.call("desk.list", {"prices": {"Ann": "1.50"}}, ADMIN)
    audits = [line["params"] for line in whole.program.lines() if line["event"] == "audit"]
    assert audits[1:] == [{"prices": {"Ann": "1.50"}}]
    assert "1234" not in json.dumps(whole.program.lines())


def test_results_are_checked_in_tests_and_trusted_in_production(desk: SimpleNamespace, tmp_path: Path) -> None:
    module = desk.handlers("""
        @serves(DeskService, LampService)
        class Careless:
            def switch(self, context: Context, *, on: bool) -> bool:
                return "on"

            def open(self, context: Context, *, drawer: str, colour: Colour, at: datetime, sizes: Sizes | None,
                     marks: list[str], from_: str | None) -> Sizes:
                return Sizes.model_construct(wide=-1, tall=1)
    """)
    checked = Program(desk, tmp_path, [module.Careless()], validate_results=True)
    assert checked.call("lamp.switch", {"on": True})["code"] == -32603
    assert checked.call("desk.open", {"drawer": "a1"}, USER)["code"] == -32603
    trusted = Program(desk, tmp_path, [module.Careless()])
    assert trusted.call("lamp.switch", {"on": True}) == "on"
    assert trusted.call("desk.open", {"drawer": "a1"}, USER) == {"wide": -1, "tall": 1}


def test_undeclared_errors_are_faults_in_tests(desk: SimpleNamespace, tmp_path: Path) -> None:
    module = desk.handlers("""
        from codegen.runtime.errors import RateLimited

        @serves(LampService)
        class Moody:
            def switch(self, context: Context, *, on: bool) -> bool:
                raise RateLimited if on else DrawerLocked
    """)
    checked = Program(desk, tmp_path, [module.Moody()], validate_results=True)
    assert checked.call("lamp.switch", {"on": True})["code"] == 1429
    assert checked.call("lamp.switch", {"on": False})["code"] == -32603
    fault = next(line for line in checked.lines() if line["event"] == "fault")
    assert fault["message"] == "desk.oschema:43: lamp.switch raised DrawerLocked, which it does not declare"
    assert Program(desk, tmp_path, [module.Moody()]).call("lamp.switch", {"on": False})["code"] == 1502


def test_methods_begin_transactions_unless_they_say_otherwise(desk: SimpleNamespace) -> None:
    module = desk.handlers(WHOLE.replace("    def close", "    @own_transactions\n    def close"))
    methods, _ = bind([module.Desk()], desk.routes.SERVICES)
    assert {method.name: method.transaction for method in methods} == {
        "desk.open": "read",
        "desk.close": "none",
        "desk.list": "write",
        "desk.greet": "write",
    }


# --- what does not fit --------------------------------------------------------------------------------------------

SWITCH = "desk.oschema:43: LampService.switch: {module}.Lamp.switch "


@pytest.mark.parametrize(
    ("method", "problem"),
    [
        ("def switch(self, context: Context, *, on: int) -> bool: ...", SWITCH + "takes 'on' as int, not bool"),
        ("def switch(self, context: Context, *, on) -> bool: ...", SWITCH + "says no type for 'on', which is bool"),
        ("def switch(self, context: Context) -> bool: ...", SWITCH + "has no parameter 'on': bool"),
        ("def switch(self, context: Context, on: bool, /) -> bool: ...", SWITCH + "has no parameter 'on': bool"),
        (
            "def switch(self, context: Context, *, on: bool, how: str) -> bool: ...",
            SWITCH + "wants a parameter 'how', which nobody gives",
        ),
        ("def switch(self, context: Context, *, on: bool) -> str: ...", SWITCH + "returns str, not bool"),
        ("def switch(self, context: Context, *, on: bool): ...", SWITCH + "says no type for its result, which is bool"),
        ("def switch(self, *, on: bool) -> bool: ...", SWITCH + "does not take the context as its first parameter"),
        ("def switch(self, context: int, *, on: bool) -> bool: ...", SWITCH + "takes 'context' as int, not Context"),
        (
            "async def switch(self, context: Context, *, on: bool) -> bool: ...",
            SWITCH + "is a coroutine; handlers are plain functions",
        ),
        ("switch = None", SWITCH + "is no method"),
        (
            "def switch(self, context: Context, *, on: 'Unknown') -> bool: ...",
            SWITCH + "has an annotation that cannot be read at run time: name 'Unknown' is not defined",
        ),
        (
            "def swich(self, context: Context, *, on: bool) -> bool: ...",
            "{file}:15: {module}.Lamp.swich is no method of LampService; begin the names of helpers with _",
        ),
    ],
)
def test_what_does_not_fit_names_its_line(desk: SimpleNamespace, method: str, problem: str) -> None:
    module = desk.handlers(f"""
        @serves(LampService)
        class Lamp:
            {method}
    """)
    with pytest.raises(WiringError) as caught:
        bind([module.Lamp()], desk.routes.SERVICES, desk.routes.WEBHOOKS)
    assert caught.value.problems == (problem.format(module=module.__name__, file=module.__file__),)


def test_whatever_fits_may_be_wider(desk: SimpleNamespace) -> None:
    module = desk.handlers("""
        from typing import Any

        class Loud(Sizes): ...

        @serves(LampService, DeskService)
        class Lamp:
            def switch(self, context: Context, *, on: object, extra: int = 1) -> bool: ...

            def open(self, context: Context, **params: Any) -> Loud: ...
    """)
    methods, _ = bind([module.Lamp()], desk.routes.SERVICES)
    assert [method.name for method in methods] == ["desk.open", "lamp.switch"]


def test_all_problems_are_told_at_once(desk: SimpleNamespace) -> None:
    module = desk.handlers("""
        @serves(LampService)
        class One:
            def switch(self, context: Context, *, on: bool) -> bool: ...

        @serves(LampService)
        class Two:
            def switch(self, context: Context, *, on: bool) -> bool: ...

        @serves(int)
        class Stranger: ...

        class Nothing: ...

        class Parcels(ParcelPostWebhook):
            def receive(self, context: Context, *, body: str, headers: Mapping[str, str]) -> Sizes: ...
    """)
    with pytest.raises(WiringError) as caught:
        bind(
            [module.One(), module.Two(), module.Stranger(), module.Nothing(), module.Parcels()],
            desk.routes.SERVICES,
            desk.routes.WEBHOOKS,
        )
    name = module.__name__
    assert caught.value.problems == (
        f"{name}.Stranger serves builtins.int, which no schema declares",
        f"{name}.Nothing serves no interface: inherit one, or mark the class with @serves(…)",
        f"desk.oschema:43: LampService.switch has 2 handlers: {name}.One, {name}.Two",
        f"desk.oschema:47: ParcelPostWebhook.receive: {name}.Parcels.receive takes 'body' as str, not bytes",
    )


def test_a_whole_service_needs_every_method(desk: SimpleNamespace) -> None:
    module = desk.handlers("""
        class Half(DeskService):
            def close(self, context: Context) -> None: ...
    """)
    make: Callable[[], Any] = module.Half
    with pytest.raises(TypeError, match="abstract methods greet, list_, open"):
        make()


def test_names_that_python_or_we_use_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(SCHEMAS / "clashing", tmp_path / "clashing_generated")
    monkeypatch.syspath_prepend(str(tmp_path))
    listed, made, *_ = importlib.import_module("clashing_generated.routes").SERVICES
    kinds = importlib.import_module("clashing_generated.models.main")
    params = TypeAdapter(listed.params).validate_python({"context": {"wide": 1}, "self": "x", "class": {"wide": 2}})
    assert params == {"context_": kinds.Context(wide=1), "field": None, "self_": "x", "class_": kinds.Mapping(wide=2)}
    assert TypeAdapter(made.params).validate_python({"mapping": {}}) == {
        "mapping": {},
        "any": {},
        "level": "high-up",
        "levels": ["low"],
        "price": Money.parse("1.5"),
        "ratio": 0.5,
        "text": 'a"b\\',
        "flag": True,
        "blob": b"hi",
    }
    assert made.clocked == (("when", "date"), ("moment", "datetime"))
    error = importlib.import_module("clashing_generated.errors.main").DeclaredError
    assert error(any=kinds.Any(wide=1), money=Money(5), code_=4).data() == {
        "any": {"wide": 1},
        "money": "0.000000005",
        "code": 4,
        "detail": None,
    }
    gone = importlib.import_module("clashing_generated.errors.other").Gone
    assert str(gone(level="low", amounts=[], at=NOW, args_="", self_="")) == 'it is "gone" \\ forever'
