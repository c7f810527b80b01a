"""`POST /admin/aggregate-now`, for operators' programs: the report of the run."""

from __future__ import annotations

import falcon

from codegen.runtime.context import Clock, Context
from codegen.runtime.http.app import App
from codegen.runtime.rpc.auth import Authenticator
from codegen.runtime.storage.database import Database
from handlers.admin.operators_route import OperatorsRoute, require_whole
from handlers.usage.aggregator import Aggregator
from handlers.usage.service import aggregate


def add_routes(
    app: App, authenticator: Authenticator, database: Database, clock: Clock, aggregator: Aggregator
) -> None:
    def work(context: Context, req: falcon.Request) -> bytes:
        require_whole(req)
        return aggregate(aggregator, context).model_dump_json().encode()

    app.add_route("/admin/aggregate-now", OperatorsRoute(authenticator, database, clock, work))
