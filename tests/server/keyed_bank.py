"""A small program with idempotency keys: a method inside a transaction, and one that asks a provider in between."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, Field, with_config
from pydantic_core import from_json, to_json
from typing_extensions import TypedDict

from codegen.runtime.context import Caller, Context
from codegen.runtime.errors import DeclaredError, NotFound
from codegen.runtime.http.log import Log
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.rpc.dispatch import Dispatcher
from codegen.runtime.rpc.wiring import ServiceMethod, bind, own_transactions
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.own_tables import CREATE_CALLS
from codegen.runtime.values.struct import Struct

ADA, BEN = Caller("user", "ada1"), Caller("user", "ben1")
OPERATOR, OTHER_OPERATOR = Caller("admin"), Caller("admin", "key1")


class Refused(DeclaredError):
    code, slug, status, message = 1701, "refused", 402, "the provider refused"

    def __init__(self, message: str | None = None, *, why: str) -> None:
        super().__init__(message)
        self.why = why

    def data(self) -> dict[str, Any]:
        return {"why": self.why}


class Gift(Struct):
    card: str
    text: str | None = None


@with_config(ConfigDict(extra="forbid"))
class PayParams(TypedDict):
    amount: Annotated[int, Field(strict=True)]
    note: NotRequired[Annotated[str, Field(default="none")]]
    gift: NotRequired[Annotated[Gift | None, Field(default=None)]]
    key: NotRequired[Annotated[str | None, Field(default=None)]]


class BankService(ABC):
    @abstractmethod
    def pay(
        self, context: Context, *, amount: int, note: str = "none", gift: Gift | None = None, key: str | None = None
    ) -> list[int]: ...

    @abstractmethod
    def send(
        self, context: Context, *, amount: int, note: str = "none", gift: Gift | None = None, key: str | None = None
    ) -> str: ...


def _method(function: str, result: Any, *aliases: str) -> ServiceMethod:
    return ServiceMethod(
        service=BankService,
        function=function,
        name=f"bank.{function}",
        aliases=(f"BankService.{function}", *aliases),
        params=PayParams,
        param_names=("amount", "note", "gift", "key"),
        result=result,
        auth="user",
        idempotent="key",
        errors=(NotFound, Refused),
        source="bank.oschema:1",
    )


SERVICES = (_method("pay", list[int], "bank.give"), _method("send", str))


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Bank(BankService):
    """`meet` is called where a test wants to look, wait or fail; `asked` are the provider's orders."""

    database: Database
    meet: Callable[[str], object] = lambda place: None
    asked: list[str] = field(default_factory=list)

    def pay(
        self, context: Context, *, amount: int, note: str = "none", gift: Gift | None = None, key: str | None = None
    ) -> list[int]:
        self._write("payment", context.call.begin(), amount)
        self.meet("paying")
        if amount < 0:
            raise NotFound
        return [amount, len(self.rows("payment"))]

    @own_transactions
    def send(
        self, context: Context, *, amount: int, note: str = "none", gift: Gift | None = None, key: str | None = None
    ) -> str:
        if amount < 0:
            raise NotFound
        sid = self.database.run(lambda: self._order(context))
        self.meet("ordered")
        if sid not in self.asked:
            self.asked.append(sid)
        self.meet("asked")
        if amount == 13:
            error = Refused(why=f"no {amount}")
            self.database.run(lambda: context.call.decide(error))
            self.meet("decided")
            raise error
        return f"sent {sid}"

    def _order(self, context: Context) -> str:
        sid = context.call.begin()
        if sid not in self.rows("sending"):
            self._write("sending", sid, 1)
        return sid

    def _write(self, kind: str, sid: str, amount: int) -> None:
        sql = self.database.prepare("INSERT INTO done (kind, sid, amount) VALUES (?, ?, ?)")
        self.database.execute(sql, (kind, sid, amount))

    def rows(self, kind: str) -> list[str]:
        """The sids of what was done."""
        rows = self.database.execute(self.database.prepare("SELECT sid FROM done WHERE kind = ? ORDER BY sid"), (kind,))
        return [sid for (sid,) in rows]


class Program:
    """The bank behind a dispatcher."""

    def __init__(self, database: Database) -> None:
        database.execute(CREATE_CALLS)
        database.execute("CREATE TABLE done (kind TEXT NOT NULL, sid TEXT NOT NULL, amount BIGINT NOT NULL)")
        self.database, self.clock, self.logged = database, Clock(), list[bytes]()
        self.bank = Bank(database)
        methods, _ = bind([self.bank], SERVICES)
        self._numbers = itertools.count(1)
        log = Log(self.logged.append)
        self._dispatcher = Dispatcher(methods, database, self.clock, Observation(Metrics(methods), log))

    def call(self, caller: Caller, method: str, **params: Any) -> Any:
        """The result, or the error's code and slug."""
        request = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params}
        body = self._dispatcher.dispatch(to_json(request), caller).body
        assert body is not None
        answer = from_json(body)
        if "result" in answer:
            return answer["result"]
        error = answer["error"]
        return error["code"], (error.get("data") or {}).get("error")

    def kept(self) -> int:
        return int(self.database.execute("SELECT COUNT(*) FROM idempotent_calls")[0][0])
