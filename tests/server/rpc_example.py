"""A small program for the tests of JSON-RPC: the methods that the specification's examples call, and failing ones."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import SchemaValidator, core_schema, to_json

from codegen.runtime.context import Caller, Context
from codegen.runtime.errors import DeclaredError, InvalidParams, NotFound, RateLimited, dumped
from codegen.runtime.http.app import App, create_app
from codegen.runtime.http.log import Log
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.rpc.auth import Credentials
from codegen.runtime.rpc.method import Method, Place
from codegen.runtime.rpc.wiring import WiringError
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import I64, Money, OTime

ORIGIN = "https://example.org"


class Broke(DeclaredError):
    code, slug, status, message = 1702, "broke", 402, "not enough money"

    def __init__(self, message: str | None = None, *, needed: Money) -> None:
        super().__init__(message)
        self.needed = needed

    def data(self) -> dict[str, Any]:
        return dumped(self, {"needed": self.needed})


def method(
    name: str,
    call: Callable[..., Any],
    /,
    *,
    auth: Any = "public",
    rest: Any = None,
    transaction: Any = "none",
    more: Any = None,
    **params: Any,
) -> Method:
    """A method whose params all have to be there; `rest` is the type of params beyond those named."""
    fields = {key: core_schema.typed_dict_field(TypeAdapter(kind).core_schema) for key, kind in params.items()}
    return Method(
        name=name,
        aliases=(f"Example.{name}",),
        params=SchemaValidator(core_schema.typed_dict_schema(fields, extra_behavior="forbid")),
        param_names=tuple(params),
        auth=auth,
        call=lambda context, given: call(context, **given),
        encode=to_json,
        transaction=transaction,
        **(more or {}),
    )


def raises(error: Exception) -> Callable[..., Any]:
    def call(context: Context, **params: Any) -> Any:
        raise error

    return call


def remember(context: Context, name: str, fail: bool) -> int:
    """Write a row, then perhaps fail: what a call wrote must go with it."""
    context.database.execute("INSERT INTO notes (name) VALUES (?)", (name,))
    if fail:
        raise NotFound
    return len(context.database.execute("SELECT name FROM notes"))


def recall(context: Context, name: str) -> bool:
    """Whether it was remembered."""
    return bool(context.database.execute("SELECT 1 FROM notes WHERE name = ?", (name,)))


def slow(context: Context) -> str:
    """Says by a file that it has begun, and takes a second from then on."""
    (Path(os.environ["EXAMPLE_DIR"]) / "slow").touch()
    time.sleep(1)
    return "done"


def methods() -> list[Method]:
    return [
        method("subtract", lambda context, minuend, subtrahend: minuend - subtrahend, minuend=I64, subtrahend=I64),
        method("sum", lambda context, **numbers: sum(numbers.values()), a=I64, b=I64, c=I64),
        method("update", lambda context, **numbers: None, a=I64, b=I64, c=I64, d=I64, e=I64),
        method("foobar", lambda context: "bar"),
        method("get_data", lambda context: ["hello", 5]),
        method("notify_hello", lambda context, number: None, number=I64),
        method("notify_sum", lambda context, **numbers: None, a=I64, b=I64, c=I64),
        method("echo", lambda context, value: value, value=Any),
        method("slow_echo", lambda context, value: value, value=Any, more={"place": Place.SLOW}),
        method("later", lambda context, at: at, at=OTime),
        method("whoami", lambda context: [context.caller.scope, context.caller.sid]),
        method("for_users", lambda context: context.caller.sid, auth="user"),
        method("for_me", lambda context: context.caller.sid, auth="own", more={"principal": True}),
        method("my_rows", lambda context: [], auth="own"),
        method("for_nodes", lambda context: context.caller.sid, auth="node"),
        method("for_admins", lambda context, secret: "done", auth="admin", secret=str, more={"audit": True}),
        method("broke", raises(Broke(needed=Money.parse("12.50"))), more={"errors": (Broke,)}),
        method("lost", raises(NotFound())),
        method("busy", raises(RateLimited())),
        method("picky", raises(InvalidParams("data.name", "was given once and for all", "immutable"))),
        method("fault", raises(RuntimeError("secret detail\nand a second line"))),
        method("slow", slow, more={"place": Place.SLOW}),
        method("remember", remember, transaction="write", name=str, fail=bool),
        method("recall", recall, name=str, more={"place": Place.SHORT}),
    ]


DOCUMENT: dict[str, Any] = {
    "openrpc": "1.3.2",
    "info": {"title": "example", "version": "1.0.0"},
    "methods": [
        *(
            {
                "name": each.name,
                "params": [],
                "result": {"name": "result", "schema": {"$ref": f"#/components/schemas/{each.name}"}},
            }
            for each in methods()
        ),
        {"name": "not_written_yet", "params": [], "result": {"name": "result", "schema": {}}},
        {"name": "rpc.discover", "params": [], "result": {"name": "document", "schema": {}}},
    ],
    "components": {
        "schemas": {
            **{each.name: {"$ref": "#/components/schemas/shared"} for each in methods()},
            "shared": {"type": "object"},
            "unused": {"type": "object"},
        }
    },
}

CREDENTIALS = Credentials(
    admin_header="X-Example-Secret",
    admin_secret="open sesame",
    cookie="session",
    origins={ORIGIN},
    bearer={"user-key": Caller("user", "user1"), "node-key": Caller("node", "node1")}.get,
    session={"s1": Caller("user", "user1")}.get,
)


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC)


def open_database(folder: Path) -> Database:
    database = Database.open(f"sqlite:///{folder / 'example.db'}")
    database.execute("CREATE TABLE IF NOT EXISTS notes (name TEXT)")
    return database


def create() -> App:
    """The application; `EXAMPLE_DIR` is its folder."""
    folder = Path(os.environ["EXAMPLE_DIR"])
    every = methods()
    return create_app(
        document=DOCUMENT,
        methods=every,
        database=open_database(folder),
        authenticator=CREDENTIALS,
        observation=Observation(Metrics(every), Log()),
        clock=FixedClock(),
    )


def unfit() -> App:
    """A program without a handler that it must have."""
    raise WiringError(["shop.oschema:3: ShopService.buy has no handler"])
