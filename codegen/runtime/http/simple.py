"""A whole application from a generated package and its handlers, for programs that need nothing special."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from codegen.runtime.http.app import App, create_app
from codegen.runtime.http.log import Log
from codegen.runtime.http.metrics import Metrics
from codegen.runtime.http.observe import Observation
from codegen.runtime.reference.pages import Reference
from codegen.runtime.rpc import crud
from codegen.runtime.rpc.auth import Credentials, Lookup
from codegen.runtime.rpc.wiring import bind
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.hooks import Hooks
from codegen.runtime.storage.migrations import apply, require_tables

ADMIN_HEADER = "X-Admin-Secret"


def create_simple_app(
    schemas: ModuleType | str,
    handlers: Iterable[object],
    *,
    database: str,
    migrations: str | Path = "schemas/migrations",
    bearer: Lookup | None = None,
    admin_secret: str | None = None,
) -> App:
    """The application of all that a directory of schemas declares: services, CRUD, webhooks, reference, metrics.

    `schemas` is the package that `oschema generate` wrote from them, or its name. `handlers` implement its interfaces:
    objects, classes that are made without arguments, and `Hooks` of root objects. `database` is a URL
    (`sqlite:///tasks.db`); what waits in `migrations` is applied to it. `bearer` finds the caller of a token; who sends
    `admin_secret` as `X-Admin-Secret` is the admin. Without both, only public methods can be called.

    Raises `WiringError` where a method has no handler or one that does not fit, `MigrationError` where the database is
    not that of these migrations, or they are not those of the schemas.
    """
    name = schemas if isinstance(schemas, str) else schemas.__name__
    routes: Any = import_module(f"{name}.routes")
    tables: Any = import_module(f"{name}.tables")
    parts = list(handlers)
    hooks = [part for part in parts if isinstance(part, Hooks)]
    services = [part for part in parts if not isinstance(part, Hooks)]
    methods, webhooks = bind(services, routes.SERVICES, routes.WEBHOOKS, complete=True)
    opened = Database.open(database)
    apply(opened, Path(migrations))
    require_tables(opened, tables.STORED)
    methods += crud.methods(tables.STORED, opened, hooks)
    return create_app(
        document=routes.document(),
        methods=methods,
        webhooks=webhooks,
        database=opened,
        authenticator=Credentials(admin_header=ADMIN_HEADER, admin_secret=admin_secret, bearer=bearer),
        observation=Observation(Metrics(methods), Log()),
        reference=Reference(routes.document, routes.schema),
    )
