"""Ours: the generated server over the same database, with one handler; its port is the argument."""

import os
import sys
from importlib import import_module
from typing import Any

from codegen.runtime.context import Context
from codegen.runtime.http.app import App, create_app
from codegen.runtime.http.log import Log
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.http.serve import serve
from codegen.runtime.rpc import crud
from codegen.runtime.rpc.auth import Anonymous
from codegen.runtime.rpc.wiring import bind
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store

# Generated into a temporary folder when the benchmark starts.
routes = import_module("bench_generated.routes")
services: Any = import_module("bench_generated.services.bench")
tables = import_module("bench_generated.tables")
stored = import_module("bench_generated.tables.bench")

database = Database.open(f"sqlite:///{os.environ['BENCH_DATABASE']}")
visits = Store.of(stored.VISIT, database)


class Visits(services.VisitsService):  # type: ignore[misc]
    def record(self, context: Context, *, key: str, email: str, seconds: int) -> bool:
        """Whether the visit is new."""
        return (
            visits.insert_once({"key": key, "email": email, "seconds": seconds}, context.clock.now(), key=("key",))
            is not None
        )

    def record_keyed(self, context: Context, *, key: str, email: str, seconds: int) -> bool:
        return self.record(context, key=key, email=email, seconds=seconds)


def create() -> App:
    """What the worker of the server calls."""
    methods, _ = bind([Visits()], routes.SERVICES, routes.WEBHOOKS)
    methods += crud.methods(tables.STORED, database)
    return create_app(
        document=routes.document(),
        methods=methods,
        database=database,
        authenticator=Anonymous(),
        observation=Observation(Metrics(methods), Log()),
    )


if __name__ == "__main__":
    serve("benchmarks.rpc_peers.ours_app:create", host="127.0.0.1", port=int(sys.argv[1]))
