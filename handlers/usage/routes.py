"""`POST /admin/aggregate-now`, for operators' programs."""

from __future__ import annotations

import falcon
from pydantic_core import to_json

from codegen.runtime.context import Clock, Context
from codegen.runtime.errors import DeclaredError, Unauthorized
from codegen.runtime.http.app import HEADERS, App, read_body, set_retry_after
from codegen.runtime.rpc.auth import Authenticator
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid
from handlers.usage.aggregator import Aggregator
from handlers.usage.service import aggregate

MAX_BODY = 16_384


def add_routes(
    app: App, authenticator: Authenticator, database: Database, clock: Clock, aggregator: Aggregator
) -> None:
    app.add_route("/admin/aggregate-now", AggregateNow(authenticator, database, clock, aggregator))


class AggregateNow:
    """The report; 401 with `{error}` without the admin secret."""

    def __init__(self, authenticator: Authenticator, database: Database, clock: Clock, aggregator: Aggregator) -> None:
        self._authenticate = authenticator.authenticate
        self._database, self._clock, self._aggregator = database, clock, aggregator

    @runs(Place.SLOW)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.set_headers(HEADERS)
        try:
            caller = self._authenticate(req.env)
            if caller.scope != "admin":
                raise Unauthorized
            read_body(req.env, MAX_BODY)  # nothing in it matters, but one that is cut off is no request
            report = aggregate(self._aggregator, Context(caller, self._clock, self._database, new_sid()))
        except DeclaredError as error:
            resp.status = error.status
            set_retry_after(resp, error)
            resp.data = to_json({"error": error.slug, "message": str(error)})
        else:
            resp.data = report.model_dump_json().encode()
