"""The sandbox as one WSGI application: a room for each vendor, their hosted pages, `/_control`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import falcon

from codegen.runtime.context import Clock, SystemClock
from providers.sandbox.control import Control
from providers.sandbox.delivery import Deliveries
from providers.sandbox.room import Bench, OpenRoom, installed_rooms
from providers.sandbox.store import Store

CSP = "default-src 'none'; style-src 'self'; form-action *; base-uri 'none'; frame-ancestors 'none'"


Application = falcon.App[Any, Any]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The application with what must be started and stopped around it."""

    app: Application
    store: Store
    deliveries: Deliveries
    files: Path
    """What the rooms keep beside the store, a folder each."""
    cleared: ExitStack

    def close(self) -> None:
        self.deliveries.stop()
        self.store.close()
        self.cleared.close()


def create(
    store_path: Path | str,
    *,
    own_url: str,
    product_url: str,
    clock: Clock | None = None,
    rooms: Mapping[str, OpenRoom] | None = None,
) -> Sandbox:
    """Build the sandbox; `own_url` is where browsers reach it, `product_url` whose webhooks it calls.

    `rooms` are those of the installed plugins where none are given. What they keep beside the store is in a folder
    beside it, or, with a store in memory, in one that is gone when the sandbox is closed.
    """
    clock = clock or SystemClock()
    store, cleared = Store(store_path), ExitStack()
    if str(store_path) == ":memory:":
        files = Path(cleared.enter_context(TemporaryDirectory(prefix="sandbox-")))
    else:
        files = Path(store_path).with_suffix(".files")
    deliveries = Deliveries(store, clock)
    app: Application = falcon.App(middleware=[_Headers()])
    controls = {}
    for name, open_room in (installed_rooms() if rooms is None else rooms).items():
        room = open_room(Bench(name, store, deliveries, clock, own_url, product_url, files.joinpath(name)))
        deliveries.targets[name] = room.target
        controls[name] = room.controls
        for error, answer in room.errors.items():
            app.add_error_handler(error, answer)
        for path, resource in room.routes.items():
            app.add_route(f"/{name}{path}", resource)
    control = Control(store, deliveries, controls)
    app.add_route("/_control", control)
    app.add_route("/_control/{vendor}", control, suffix="vendor")
    app.add_static_route("/static", Path(__file__).parent / "static")
    return Sandbox(app, store, deliveries, files, cleared)


class _Headers:
    def process_response(self, req: falcon.Request, resp: falcon.Response, resource: object, succeeded: bool) -> None:
        resp.set_header("Content-Security-Policy", CSP)
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.set_header("Cache-Control", "no-store")
