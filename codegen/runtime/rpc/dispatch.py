"""JSON-RPC 2.0 without HTTP: the bytes of a request and its caller in, the bytes of the answer out.

PERF: a call reads the body once (`from_json`), validates the parameters once and puts the answer together from bytes;
no Python object stands for the envelope. Measured against a prepared envelope validator this is as fast, and against
validating the parameters from the raw body a second time a tenth faster.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from pydantic_core import ValidationError, from_json

from codegen.runtime.context import Caller, Clock, Context, Scope
from codegen.runtime.errors import MOST_ERRORS, DeclaredError, Forbidden, InvalidParams, Unauthorized
from codegen.runtime.rpc import answers
from codegen.runtime.rpc.answers import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    encode_id,
    failure,
    protocol_error,
    success,
)
from codegen.runtime.rpc.idempotency import perform
from codegen.runtime.rpc.method import Method, Place
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import ReadOnlyThread, Unavailable
from codegen.runtime.values.bounds import deeper_than, has_infinity, more_members_than

STATUSES: Mapping[int, int] = {1401: 401, 1403: 403, 1429: 429}
"""Errors of a single call that the HTTP status tells too; all others are answered with 200."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`body` in bytes; `depth` counts the envelope as level 1; `members` are those of all objects of a body."""

    body: int = 1 << 20
    batch: int = 100
    depth: int = 64
    members: int = 32_768


class Answer(NamedTuple):
    """`body` is None where nothing is answered: a notification, or a batch of them."""

    body: bytes | None
    status: int


class Unreadable(NamedTuple):
    """A body that is no request, and the error that says so."""

    code: int
    data: Any


class Observer(Protocol):
    """Is told of every call when it is over; what it does must not fail, and should cost little."""

    def called(self, method: Method | None, context: Context, code: int, seconds: float) -> None:
        """`method` is None where none was found, `code` 0 where the call succeeded."""
        ...

    def audited(self, method: Method, context: Context, params: Mapping[str, Any], code: int) -> None:
        """A call of an `@audit` method that was let in, whether it succeeded (0) or not."""
        ...

    def failed(self, method: Method, context: Context, reference: str, error: BaseException) -> None:
        """A fault of ours; `reference` is what the caller was told."""
        ...

    def hindered(self, method: Method, context: Context, error: Unavailable) -> None:
        """The database could not do it now; the caller was told so."""
        ...


def allowed(auth: Scope, principal: bool, caller: Scope) -> bool:
    """Whether a caller of this scope may call. The admin may call all but what acts for the caller itself."""
    if caller == "admin":
        return not principal
    return auth == "public" or caller == auth or (caller == "user" and auth == "own")


_SCOPES: tuple[Scope, ...] = ("public", "user", "node", "admin")
_INVALID = protocol_error(INVALID_REQUEST)
_UNKNOWN = protocol_error(METHOD_NOT_FOUND)
_UNAUTHORIZED = (answers.declared_error(Unauthorized()), Unauthorized.code)
_FORBIDDEN = (answers.declared_error(Forbidden()), Forbidden.code)
_NULL = b"null"


class Dispatcher:
    """The methods of a program, ready to be called. Holds no state of calls: threads may share it."""

    def __init__(
        self,
        methods: Iterable[Method],
        database: Database,
        clock: Clock,
        observer: Observer,
        limits: Limits | None = None,
    ) -> None:
        """Raises ValueError for two methods of one name (aliases are names too)."""
        self.limits = limits or Limits()
        self.methods: tuple[Method, ...] = tuple(methods)
        self._database, self._clock, self._observer = database, clock, observer
        # Only SQLite never lets a reader wait. Who calls is read there too, so elsewhere no request is short.
        self._least = Place.SHORT if database.dialect == "sqlite" else Place.READ
        self._routes: dict[str, tuple[Method, frozenset[Scope], Place]] = {}
        for method in self.methods:
            scopes = frozenset(scope for scope in _SCOPES if allowed(method.auth, method.principal, scope))
            route = method, scopes, max(method.place, self._least)
            for name in (method.name, *method.aliases):
                if self._routes.setdefault(name, route)[0] is not method:
                    raise ValueError(f"two methods are called {name!r}")
        self._process = os.urandom(5).hex()
        self._numbers = count(1)

    def request_id(self) -> str:
        """A new id for a request: unique in all processes, and in the log of each in order."""
        return f"{self._process}-{next(self._numbers)}"

    def dispatch(self, body: bytes, caller: Caller, refusal: DeclaredError | None = None) -> Answer:
        """Answer a request. With a `refusal` (wrong credentials, too many requests) every call gets that error."""
        return Answer(*self.perform(self.read(body), caller, refusal))

    def read(self, body: bytes) -> Any:
        """The request in a body, for `place` and `perform`; nothing is called yet."""
        if deeper_than(body, self.limits.depth):
            return self._too_deep(body)
        if more_members_than(body, self.limits.members):
            return Unreadable(INVALID_REQUEST, {"reason": f"more than {self.limits.members} members of objects"})
        try:
            request = from_json(body, allow_inf_nan=False)
        except ValueError as error:
            return Unreadable(PARSE_ERROR, {"reason": str(error)})
        if has_infinity(body, request):
            return Unreadable(PARSE_ERROR, {"reason": "number out of range"})
        return request

    def place(self, request: Any) -> Place:
        """Where a read request is to run: that of its slowest call."""
        if type(request) is dict:
            name = request.get("method")
            route = self._routes.get(name) if type(name) is str else None
            return self._least if route is None else route[2]
        if type(request) is list and len(request) <= self.limits.batch:
            return max(Place.READ, *(self.place(each) for each in request if type(each) is dict), self._least)
        return self._least

    def perform(self, request: Any, caller: Caller, refusal: DeclaredError | None = None) -> tuple[bytes | None, int]:
        """Answer a read request, as `dispatch` does. PERF: to name the two parts takes longer than to find a route."""
        request_id = self.request_id()
        if type(request) is dict:
            answer, code = self._call(request, self._context(caller, request_id), refusal)
            return answer, 204 if answer is None else STATUSES.get(code, 200)
        if type(request) is Unreadable:
            return self._refused(request.code, request.data, caller, request_id)
        if type(request) is list and 0 < len(request) <= self.limits.batch:
            return self._batch(request, caller, request_id, refusal)
        if type(request) is list and request:
            reason = f"a batch holds at most {self.limits.batch} calls, not {len(request)}"
            return self._refused(INVALID_REQUEST, {"reason": reason}, caller, request_id)
        return self._refused(INVALID_REQUEST, None, caller, request_id)

    def _context(self, caller: Caller, request_id: str) -> Context:
        return Context(caller, self._clock, self._database, request_id)

    def _too_deep(self, body: bytes) -> Unreadable:
        """What is wrong with a body that nests too deep: that, unless it is no JSON at all."""
        try:
            from_json(body, allow_inf_nan=False)
        except ValueError as error:
            if not str(error).startswith("recursion limit"):
                return Unreadable(PARSE_ERROR, {"reason": str(error)})
        return Unreadable(INVALID_REQUEST, {"reason": f"nested deeper than {self.limits.depth} levels"})

    def _refused(self, code: int, data: Any, caller: Caller, request_id: str) -> Answer:
        self._observer.called(None, self._context(caller, request_id), code, 0.0)
        return Answer(failure(protocol_error(code, data), _NULL), 200)

    def _batch(self, requests: list[Any], caller: Caller, request_id: str, refusal: DeclaredError | None) -> Answer:
        """Each member for itself, in order; notifications leave no answer."""
        found = []
        for number, request in enumerate(requests, 1):
            answer, _ = self._call(request, self._context(caller, f"{request_id}.{number}"), refusal)
            if answer is not None:
                found.append(answer)
        return Answer(b"[" + b",".join(found) + b"]", 200) if found else Answer(None, 204)

    def _call(self, request: Any, context: Context, refusal: DeclaredError | None) -> tuple[bytes | None, int]:
        """One call: its answer (None for a notification) and its error's code (0 for none)."""
        start = perf_counter()
        if type(request) is not dict:
            self._observer.called(None, context, INVALID_REQUEST, 0.0)
            return failure(_INVALID, _NULL), INVALID_REQUEST
        notification = "id" not in request
        id_ = _NULL if notification else encode_id(request["id"])
        name, params = request.get("method"), request.get("params", _ABSENT)
        if (
            request.get("jsonrpc") != "2.0"
            or type(name) is not str
            or id_ is None
            or (type(params) is not dict and type(params) is not list)
        ):
            self._observer.called(None, context, INVALID_REQUEST, 0.0)
            return failure(_INVALID, id_ or _NULL), INVALID_REQUEST
        route = self._routes.get(name)
        if route is None:
            self._observer.called(None, context, METHOD_NOT_FOUND, 0.0)
            return None if notification else failure(_UNKNOWN, id_), METHOD_NOT_FOUND
        method, scopes, _ = route
        result, error, code = self._run(method, scopes, params, context, refusal)
        self._observer.called(method, context, code, perf_counter() - start)
        if notification:
            return None, code
        return success(result, id_) if not code else failure(error, id_), code

    def _run(
        self, method: Method, scopes: frozenset[Scope], params: Any, context: Context, refusal: DeclaredError | None
    ) -> tuple[bytes, bytes, int]:
        """The result or the error of a method, as JSON, and the error's code."""
        if refusal is not None:
            return b"", answers.declared_error(refusal), refusal.code
        if context.caller.scope not in scopes:
            denied = _UNAUTHORIZED if context.caller.scope == "public" else _FORBIDDEN
            return b"", *denied
        values: dict[str, Any] | None = None
        try:
            try:
                if type(params) is list:
                    params = _by_name(method, params)
                elif len(params) > len(method.param_names) + MOST_ERRORS:  # to find them all would take too long
                    raise _too_many(method, params)
                values = method.params.validate_python(params)
            except ValidationError as error:  # one that the method itself meets is a fault
                return b"", protocol_error(INVALID_PARAMS, InvalidParams.of(error).data()), INVALID_PARAMS
            try:
                outcome = perform(method, context, values), b"", 0
            except DeclaredError as error:
                outcome = b"", answers.declared_error(error), error.code
        except InvalidParams as error:
            outcome = b"", protocol_error(INVALID_PARAMS, error.data()), INVALID_PARAMS
        except ReadOnlyThread:
            raise
        except Unavailable as error:
            self._observer.hindered(method, context, error)
            outcome = b"", answers.declared_error(error.answer), error.answer.code
        except Exception as error:
            reference = os.urandom(6).hex()
            self._observer.failed(method, context, reference, error)
            outcome = b"", protocol_error(INTERNAL_ERROR, {"ref": reference}), INTERNAL_ERROR
        if method.audit and values is not None:
            self._observer.audited(method, context, values, outcome[2])
        return outcome


_ABSENT: dict[str, Any] = {}


def _by_name(method: Method, params: list[Any]) -> dict[str, Any]:
    """Params by position, in declared order; those left out at the end are absent."""
    names = method.param_names
    if len(params) > len(names):
        raise _too_many(method, params)
    return dict(zip(names, params, strict=False))


def _too_many(method: Method, params: Sized) -> InvalidParams:
    """The place is that of the first parameter too many, by position."""
    most = len(method.param_names)
    return InvalidParams(str(most), f"takes at most {most} parameters, not {len(params)}", "too_many")
