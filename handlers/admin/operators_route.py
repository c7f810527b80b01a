"""Routes that operators' programs call by plain JSON, with the admin secret in a header."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import falcon
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from codegen.runtime.context import Clock, Context
from codegen.runtime.errors import DeclaredError, InvalidParams, Unauthorized
from codegen.runtime.http.app import HEADERS, read_body, require_json, set_retry_after
from codegen.runtime.rpc.auth import Authenticator
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid

MAX_BODY = 16_384
T = TypeVar("T")
Work = Callable[[Context, falcon.Request], bytes]


class OperatorsRoute:
    """`POST`: the JSON that `work` makes of a request; 400, or the status of an error that is declared, with `{error}`,
    which is 401 without the admin secret."""

    def __init__(self, authenticator: Authenticator, database: Database, clock: Clock, work: Work) -> None:
        self._authenticate, self._work = authenticator.authenticate, work
        self._database, self._clock = database, clock

    @runs(Place.SLOW)  # git, providers, or machines that are asked to start
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.set_headers(HEADERS)
        try:
            caller = self._authenticate(req.env)
            if caller.scope != "admin":
                raise Unauthorized
            resp.data = self._work(Context(caller, self._clock, self._database, new_sid()), req)
        except DeclaredError as error:
            resp.status = error.status
            set_retry_after(resp, error)
            resp.data = to_json({"error": error.slug, "message": str(error)})
        except (ValidationError, InvalidParams) as error:
            invalid = error if isinstance(error, InvalidParams) else InvalidParams.of(error)
            resp.status = 400
            resp.data = to_json({"error": "invalid", "errors": invalid.errors})


def order_of(req: falcon.Request, adapter: TypeAdapter[T]) -> T:
    """What a request asks for. Raises `ValidationError`, `DeclaredError`."""
    require_json(req.env)
    return adapter.validate_json(read_body(req.env, MAX_BODY))


def require_whole(req: falcon.Request) -> None:
    """Of a request in which nothing matters: one that is cut off is no request. Raises `DeclaredError`."""
    read_body(req.env, MAX_BODY)
