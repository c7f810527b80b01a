"""`POST /record_usage` and `POST /admin/push-usage-now`: plain JSON, authenticated by the admin secret in a header."""

from __future__ import annotations

from collections.abc import Callable

import falcon
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json

from codegen.runtime.context import Clock, Context
from codegen.runtime.errors import DeclaredError, InvalidParams, Unauthorized
from codegen.runtime.http.app import HEADERS, App, read_body, require_json, set_retry_after
from codegen.runtime.rpc.auth import Authenticator
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid
from generated.routes.onboarding.services import UsageServiceRecordUsageParams
from handlers.node.service import RecordingHandler

MAX_BODY = 16_384
_RECORD: TypeAdapter[UsageServiceRecordUsageParams] = TypeAdapter(UsageServiceRecordUsageParams)
Work = Callable[[Context, falcon.Request], BaseModel]


def add_routes(
    app: App, authenticator: Authenticator, database: Database, clock: Clock, handler: RecordingHandler
) -> None:
    def record(context: Context, req: falcon.Request) -> BaseModel:
        require_json(req.env)
        return handler.record_usage(context, **_RECORD.validate_json(read_body(req.env, MAX_BODY)))

    def push(context: Context, req: falcon.Request) -> BaseModel:
        read_body(req.env, MAX_BODY)  # nothing in it matters, but one that is cut off is no request
        return handler.push_usage_now(context)

    for path, work in (("/record_usage", record), ("/admin/push-usage-now", push)):
        app.add_route(path, OperatorsRoute(authenticator, database, clock, work))


class OperatorsRoute:
    """What `work` makes of a request, as JSON; 400, 401, 404, 409 or 502 with `{error}`."""

    def __init__(self, authenticator: Authenticator, database: Database, clock: Clock, work: Work) -> None:
        self._authenticate, self._work = authenticator.authenticate, work
        self._database, self._clock = database, clock

    @runs(Place.SLOW)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.set_headers(HEADERS)
        try:
            caller = self._authenticate(req.env)
            if caller.scope != "admin":
                raise Unauthorized
            done = self._work(Context(caller, self._clock, self._database, new_sid()), req)
        except DeclaredError as error:
            resp.status = error.status
            set_retry_after(resp, error)
            resp.data = to_json({"error": error.slug, "message": str(error)})
        except (ValidationError, InvalidParams) as error:
            invalid = error if isinstance(error, InvalidParams) else InvalidParams.of(error)
            resp.status = 400
            resp.data = to_json({"error": "invalid", "errors": invalid.errors})
        else:
            resp.data = done.model_dump_json(exclude_none=True).encode()
