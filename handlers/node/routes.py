"""`POST /record_usage` and `POST /admin/push-usage-now`, for operators' programs."""

from __future__ import annotations

import falcon
from pydantic import TypeAdapter

from codegen.runtime.context import Clock, Context
from codegen.runtime.http.app import App
from codegen.runtime.rpc.auth import Authenticator
from codegen.runtime.storage.database import Database
from generated.routes.onboarding.services import UsageServiceRecordUsageParams
from handlers.admin.operators_route import OperatorsRoute, order_of, require_whole
from handlers.node.service import RecordingHandler

_RECORD: TypeAdapter[UsageServiceRecordUsageParams] = TypeAdapter(UsageServiceRecordUsageParams)


def add_routes(
    app: App, authenticator: Authenticator, database: Database, clock: Clock, handler: RecordingHandler
) -> None:
    def record(context: Context, req: falcon.Request) -> bytes:
        return handler.record_usage(context, **order_of(req, _RECORD)).model_dump_json(exclude_none=True).encode()

    def push(context: Context, req: falcon.Request) -> bytes:
        require_whole(req)
        return handler.push_usage_now(context).model_dump_json(exclude_none=True).encode()

    for path, work in (("/record_usage", record), ("/admin/push-usage-now", push)):
        app.add_route(path, OperatorsRoute(authenticator, database, clock, work))
