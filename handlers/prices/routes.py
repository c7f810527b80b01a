"""`POST /admin/discount-ladder-tick`, for operators' programs: `{users, changed, duration_ms}`."""

from __future__ import annotations

import falcon

from codegen.runtime.context import Clock, Context
from codegen.runtime.http.app import App
from codegen.runtime.rpc.auth import Authenticator
from codegen.runtime.storage.database import Database
from handlers.admin.operators_route import OperatorsRoute, require_whole
from handlers.prices.ladder_job import LadderJob
from handlers.prices.service import tick


def add_routes(app: App, authenticator: Authenticator, database: Database, clock: Clock, job: LadderJob) -> None:
    def work(context: Context, req: falcon.Request) -> bytes:
        require_whole(req)
        return tick(job, context).model_dump_json().encode()

    app.add_route("/admin/discount-ladder-tick", OperatorsRoute(authenticator, database, clock, work))
