"""What generated Python clients lean on: one call over HTTP, typed errors, and retries where they cannot do harm."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import uuid
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, NotRequired, TypeVar

import httpx
from pydantic import TypeAdapter
from pydantic_core import ValidationError, from_json, to_json
from typing_extensions import TypedDict  # pydantic needs this one below Python 3.12

from codegen.runtime.errors import RUNTIME_ERRORS, Busy, DeclaredError, raised

RETRY_STATUSES = frozenset({502, 503, 504})
FIRST_DELAY = 0.1
"""Seconds before the first retry; each further one waits twice as long, give or take a half."""

_ALWAYS: Mapping[str, type[DeclaredError]] = {kind.slug: kind for kind in RUNTIME_ERRORS}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; `next_cursor` is None at its end."""

    items: list[T]
    next_cursor: str | None


class SidParams(TypedDict):
    """The parameters of a call that names one object."""

    sid: str


class PageParams(TypedDict):
    """The parameters of a call that answers a page."""

    limit: int
    cursor: NotRequired[str | None]


class TransportError(Exception):
    """No JSON-RPC answer came: the network failed, or something that is not this server answered."""


class RpcError(Exception):
    """An answer with an error that the schema does not declare: a wrong call, or a fault of the server.

    `errors` is the list of wrong parameters (`path`, `message`, `rule`) of an invalid-params answer.
    """

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.data = data

    @property
    def errors(self) -> list[dict[str, Any]]:
        found = self.data.get("errors") if isinstance(self.data, dict) else None
        return found if isinstance(found, list) else []


class Call:
    """One method, prepared: its name, how parameters are written and results read, and whether it may be retried.

    `key` is the parameter that carries an idempotency key: where the caller leaves it out the client makes one,
    so that a retry is the same act. The adapters are built at the first call.
    """

    __slots__ = ("_adapters", "_params", "_result", "errors", "key", "name", "safe")

    def __init__(
        self,
        name: str,
        params: Any,
        result: Any,
        *,
        safe: bool = False,
        key: str | None = None,
        errors: Iterable[type[DeclaredError]] = (),
    ) -> None:
        self.name = name
        self.errors = {**_ALWAYS, **{kind.slug: kind for kind in errors}}
        self.safe = safe
        self.key = key
        self._params, self._result = params, result
        self._adapters: tuple[TypeAdapter[Any], TypeAdapter[Any]] | None = None

    @property
    def adapters(self) -> tuple[TypeAdapter[Any], TypeAdapter[Any]]:
        if self._adapters is None:
            self._adapters = (TypeAdapter(self._params), TypeAdapter(self._result))
        return self._adapters

    def request(self, number: int, params: dict[str, Any]) -> tuple[bytes, bool]:
        """The body to send, and whether it may be sent again."""
        if self.key is not None and params.get(self.key) is None:
            params = {**params, self.key: uuid.uuid4().hex}
        adapter = self.adapters[0]
        # Plain values are taken where a model or an enum belongs: they become one before they are written.
        encoded = adapter.dump_json(adapter.validate_python(params), by_alias=True)
        head = to_json({"jsonrpc": "2.0", "id": number, "method": self.name})
        return head[:-1] + b',"params":' + encoded + b"}", self.safe or self.key is not None

    def answer(self, status: int, body: bytes) -> Any:
        """The typed result in a response. Raises the declared error it holds, `RpcError`, or `TransportError`."""
        try:
            answer = from_json(body)
        except ValueError:
            raise TransportError(f"{self.name}: HTTP {status}, and no JSON in the answer") from None
        error = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(error, dict) and type(error.get("code")) is int:  # not `True`, which Python takes for 1
            raise self.error(error)
        if error is not None or not isinstance(answer, dict) or "result" not in answer:
            raise TransportError(f"{self.name}: HTTP {status}, and no JSON-RPC answer")
        # A newer server may answer fields that this program does not know.
        return self.adapters[1].validate_json(to_json(answer["result"]), extra="ignore")

    def error(self, error: Mapping[str, Any]) -> Exception:
        """What an error object with a code stands for. One that lacks what it must have is no declared error."""
        data, message = error.get("data"), str(error.get("message", ""))
        slug = data.get("error") if isinstance(data, dict) else None
        if isinstance(data, dict) and isinstance(slug, str) and slug in self.errors:
            with suppress(ValidationError):
                return raised(self.errors[slug], message, data)
        return RpcError(error["code"], message, data)


@dataclass(slots=True)
class Options:
    """Where a client calls and as whom. `token` is a session's or an API key; `headers` go with every call."""

    url: str
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0
    retries: int = 3

    def all_headers(self) -> dict[str, str]:
        own = {"content-type": "application/json", **self.headers}
        return own if self.token is None else {**own, "authorization": f"Bearer {self.token}"}


def exchange(call: Call, body: bytes, repeatable: bool, retries: int) -> Generator[bytes | float, Any, Any]:
    """The conversation of one call, without the network: yields a body to post, or seconds to wait.

    It is sent the response (status, body), or the `httpx.HTTPError` that came instead. Returns the typed result.
    """
    for attempt in itertools.count():
        last = not repeatable or attempt >= retries
        delay = FIRST_DELAY * 2.0**attempt * random.uniform(0.5, 1.5)
        response = yield body
        if isinstance(response, httpx.HTTPError):
            if last:
                raise TransportError(f"{call.name}: {response}") from response
        elif last or response[0] not in RETRY_STATUSES:
            try:
                return call.answer(*response)
            except Busy as error:
                if last:
                    raise
                delay = max(delay, error.retry_after * random.uniform(1.0, 1.5))
        yield delay
    raise AssertionError("unreachable")


class Transport:
    """Sends calls over one kept connection pool; for use by one or several threads."""

    def __init__(self, options: Options, http: httpx.Client | None = None) -> None:
        self._options = options
        self._http = http or httpx.Client(timeout=options.timeout)
        self._numbers = itertools.count(1)

    def call(self, call: Call, params: dict[str, Any]) -> Any:
        """Send one call and give its typed result. Raises declared errors, `RpcError`, `TransportError`."""
        talk = exchange(call, *call.request(next(self._numbers), params), self._options.retries)
        step = next(talk)
        try:
            while True:
                if isinstance(step, float):
                    time.sleep(step)
                    step = talk.send(None)
                else:
                    step = talk.send(self._post(step))
        except StopIteration as done:
            return done.value

    def _post(self, body: bytes) -> tuple[int, bytes] | httpx.HTTPError:
        try:
            response = self._http.post(self._options.url, content=body, headers=self._options.all_headers())
        except httpx.HTTPError as error:
            return error
        return response.status_code, response.content

    def close(self) -> None:
        self._http.close()


class AsyncTransport:
    """The same for asyncio."""

    def __init__(self, options: Options, http: httpx.AsyncClient | None = None) -> None:
        self._options = options
        self._http = http or httpx.AsyncClient(timeout=options.timeout)
        self._numbers = itertools.count(1)

    async def call(self, call: Call, params: dict[str, Any]) -> Any:
        """Send one call and give its typed result. Raises declared errors, `RpcError`, `TransportError`."""
        talk = exchange(call, *call.request(next(self._numbers), params), self._options.retries)
        step = next(talk)
        try:
            while True:
                if isinstance(step, float):
                    await asyncio.sleep(step)
                    step = talk.send(None)
                else:
                    step = talk.send(await self._post(step))
        except StopIteration as done:
            return done.value

    async def _post(self, body: bytes) -> tuple[int, bytes] | httpx.HTTPError:
        try:
            response = await self._http.post(self._options.url, content=body, headers=self._options.all_headers())
        except httpx.HTTPError as error:
            return error
        return response.status_code, response.content

    async def close(self) -> None:
        await self._http.aclose()


def without_none(params: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The parameters without those of `names` that are None: absent and null mean the same for them."""
    return {name: value for name, value in params.items() if value is not None or name not in names}
