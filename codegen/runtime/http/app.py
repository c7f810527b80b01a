"""The Falcon application of a generated program: `/rpc`, discovery, health, metrics, webhooks; pages are added."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

import falcon
from falcon.routing import CompiledRouter
from prometheus_client.registry import Collector
from pydantic_core import to_json

from codegen.runtime.context import PUBLIC, Clock, Context, SystemClock
from codegen.runtime.errors import DeclaredError, InvalidParams
from codegen.runtime.http.log import Log, described
from codegen.runtime.http.observe import Observation
from codegen.runtime.http.reference import ReferenceResource
from codegen.runtime.reference.pages import Reference
from codegen.runtime.rpc.answers import INTERNAL_ERROR, as_json
from codegen.runtime.rpc.auth import Authenticator, Environ
from codegen.runtime.rpc.discovery import Discovery
from codegen.runtime.rpc.dispatch import STATUSES, Dispatcher, Limits
from codegen.runtime.rpc.method import Method, Place, place_of, runs
from codegen.runtime.rpc.wiring import Webhook
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable

JSON = "application/json"
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""Sent with every answer for machines: nothing guesses its type, nothing keeps it."""

HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}
"""Sent with every answer of a program that is reached by https: a browser comes by nothing else for a year."""
HEALTHY = to_json({"status": "ok"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_NUMBER = 18
Check = Callable[[], None]
"""Raises when what it asks about is not ready; the text of the exception is shown."""


class App(falcon.App[falcon.Request, falcon.Response]):
    """A WSGI application, and what a server has to know to run each request in its place.

    A responder says where it runs by the decorator `runs`; without, GET reads and all else writes. `always` are headers
    of every answer.
    """

    def __init__(
        self,
        rpc: RpcEndpoint,
        database: Database,
        observation: Observation,
        middleware: Iterable[Any] = (),
        always: Mapping[str, str] | None = None,
    ) -> None:
        self._routes = CompiledRouter()
        self.always = dict(always or {})
        super().__init__(media_type=JSON, middleware=[_Always(self.always), *middleware], router=self._routes)
        self.rpc, self.database, self.observation = rpc, database, observation

    def place(self, method: str, path: str) -> Place:
        """Where a request runs; the path is spelt as in WSGI."""
        found = self._routes.find(path.encode("latin-1").decode("utf-8", "replace"))
        responder = None if found is None else found[1].get(method)
        return place_of(responder, Place.READ if method in _READING else Place.WRITE)


class _Always:
    """Falcon middleware: headers of every answer."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        resp.set_headers(self._headers)


def create_app(
    *,
    document: Mapping[str, Any],
    methods: Iterable[Method],
    database: Database,
    authenticator: Authenticator,
    observation: Observation,
    clock: Clock | None = None,
    webhooks: Iterable[Webhook] = (),
    limits: Limits | None = None,
    ready: Mapping[str, Check] | None = None,
    collectors: Iterable[Collector] = (),
    middleware: Iterable[Any] = (),
    public_url: str | None = None,
    reference: Reference | None = None,
) -> App:
    """The application. `document` is the program's complete OpenRPC document, `methods` what is routed of it.

    `public_url` is the origin that callers reach the program by; what discovery answers names `/rpc` below it, and
    where it is https every answer says so to browsers.

    `reference` are the pages at `/reference/`. `ready` are more checks for `/readyz` beside the database's;
    `collectors` add to `/metrics`. The answer is a `falcon.App`: pages and other routes are added with its `add_route`.
    `middleware` is for those: a server that knows `App` sends `/rpc` and `/healthz` past it.
    """
    clock = clock or SystemClock()
    methods = tuple(methods)
    discovery = Discovery(document, methods, f"{public_url.rstrip('/')}/rpc" if public_url else None)
    dispatcher = Dispatcher([*methods, discovery.method()], database, clock, observation, limits)
    rpc = RpcEndpoint(dispatcher, authenticator)
    always = HTTPS_ONLY if public_url and public_url.startswith("https://") else {}
    app = App(rpc, database, observation, middleware, always)
    app.add_route("/rpc", RpcResource(rpc))
    app.add_route("/openrpc.json", OpenRpcResource(discovery, authenticator))
    app.add_route("/healthz", HealthResource({}, observation))
    app.add_route("/readyz", HealthResource({"database": database.ping, **(ready or {})}, observation))
    app.add_route("/metrics", MetricsResource(observation, tuple(collectors)))
    webhooks = tuple(webhooks)
    observation.metrics.include(_counted_as(webhook) for webhook in webhooks)
    for webhook in webhooks:
        app.add_route(webhook.path, WebhookResource(webhook, dispatcher, database, clock, observation))
    if reference is not None:
        ReferenceResource(reference).add_to(app)
    app.add_error_handler(Exception, _fault_handler(observation))
    return app


class RpcEndpoint:
    """`POST /rpc` apart from any server and framework."""

    def __init__(self, dispatcher: Dispatcher, authenticator: Authenticator) -> None:
        self.limits = dispatcher.limits
        self.read, self.place = dispatcher.read, dispatcher.place
        self._perform, self._authenticate = dispatcher.perform, authenticator.authenticate

    def perform(self, environ: Environ, request: Any) -> tuple[tuple[bytes | None, int], int | None]:
        """Answer a request that was `read`; `environ` tells who calls. And after how many seconds to try again."""
        try:
            return self._perform(request, self._authenticate(environ)), None
        except DeclaredError as refusal:
            return self._perform(request, PUBLIC, refusal), refusal.retry_after

    def refuse(self, request: Any, refusal: DeclaredError) -> bytes | None:
        """Answer every call of a request that was `read` with this error; None where nothing is to be answered."""
        return self._perform(request, PUBLIC, refusal)[0]


class RpcResource:
    """`POST /rpc` in Falcon, for any WSGI server."""

    def __init__(self, rpc: RpcEndpoint) -> None:
        self._rpc = rpc

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        environ = req.env
        require_json(environ)
        request = self._rpc.read(read_body(environ, self._rpc.limits.body))
        (body, resp.status), retry_after = self._rpc.perform(environ, request)
        resp.set_headers(HEADERS)
        if retry_after is not None:
            resp.set_header("Retry-After", str(retry_after))
        if body is not None:
            resp.content_type = JSON
            resp.data = body


class OpenRpcResource:
    """`GET /openrpc.json`: exactly what `rpc.discover` answers to the same caller."""

    def __init__(self, discovery: Discovery, authenticator: Authenticator) -> None:
        self._documents, self._authenticate = discovery.documents, authenticator.authenticate

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        try:
            caller = self._authenticate(req.env)
        except DeclaredError as error:
            _refuse(resp, error, STATUSES.get(error.code, error.status))
            return
        resp.set_headers(HEADERS)
        resp.data = self._documents[caller.scope]

    on_head = on_get


class HealthResource:
    """200 where all checks pass, 503 with the failing ones' reasons where not.

    Why a database cannot be reached names hosts and users: that is for the log only.
    """

    def __init__(self, checks: Mapping[str, Check], observation: Observation) -> None:
        self._checks, self._log = checks, observation.log

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        failed: dict[str, str] = {}
        for name, check in self._checks.items():
            try:
                check()
            except Unavailable as error:
                failed[name] = "the database does not answer"
                self._log.line("not ready", {"check": name, **described(error)}, level="error")
            except Exception as error:
                failed[name] = str(error).partition("\n")[0] or type(error).__name__
        resp.set_headers(HEADERS)
        resp.status = 503 if failed else 200
        resp.data = to_json({"status": "unavailable", "failed": failed}) if failed else HEALTHY

    on_head = on_get


class MetricsResource:
    """`GET /metrics` in Prometheus' text format."""

    def __init__(self, observation: Observation, collectors: tuple[Collector, ...]) -> None:
        self._metrics, self._collectors = observation.metrics, collectors

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.set_headers(HEADERS)
        resp.content_type = "text/plain; version=0.0.4; charset=utf-8"
        resp.data = self._metrics.text(self._collectors)

    on_head = on_get


class WebhookResource:
    """A webhook's route: its handler gets the raw body and all headers, names in lower case.

    Answers 200 with the result; a declared error with its HTTP status; `InvalidParams` with 400. The handler begins
    its own transactions.
    """

    def __init__(
        self, webhook: Webhook, dispatcher: Dispatcher, database: Database, clock: Clock, observation: Observation
    ) -> None:
        self._webhook, self._dispatcher, self._observation = webhook, dispatcher, observation
        self._database, self._clock = database, clock

    @runs(Place.LONG)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        began = perf_counter()
        body = read_body(req.env, self._dispatcher.limits.body)
        headers = {name.lower(): value for name, value in req.headers.items()}
        context = Context(PUBLIC, self._clock, self._database, self._dispatcher.request_id())
        resp.set_headers(HEADERS)
        code = INTERNAL_ERROR
        try:
            resp.data = self._webhook.call(context, body, headers)
            code = 0
        except DeclaredError as error:
            code = error.code
            _refuse(resp, error, error.status)
        except InvalidParams as error:
            code = 400
            resp.status = 400
            resp.data = as_json({"error": "invalid", **error.data()})
        except Unavailable as error:
            code = error.answer.code
            hindered(resp, self._observation.log, error, request_id=context.request_id, webhook=self._webhook.name)
        finally:
            self._observation.metrics.add(_counted_as(self._webhook), code, perf_counter() - began)
            self._observation.log.line(
                "webhook", {"request_id": context.request_id, "webhook": self._webhook.name, "code": code}
            )


def _counted_as(webhook: Webhook) -> str:
    """The `method` label of a webhook; no method's name has a colon."""
    return f"webhook:{webhook.name}"


def require_json(environ: Mapping[str, Any]) -> None:
    """Raises Falcon's error 415 for another content type, and for a charset other than JSON's own."""
    kind = environ.get("CONTENT_TYPE")
    if kind == JSON:
        return
    name, options = falcon.parse_header(kind or "")
    if name.strip().lower() != JSON or options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise falcon.HTTPUnsupportedMediaType(description=f"send {JSON} in UTF-8")


def read_body(environ: Mapping[str, Any], limit: int) -> bytes:
    """The request's body, of at most `limit` bytes. Raises Falcon's error 413, and 400 for a body that is cut off.

    Nothing is read beyond the declared length, where some servers would wait for ever. A body without one is read
    where the server says that it ends (`wsgi.input_terminated`), else there is none.
    """
    declared = environ.get("CONTENT_LENGTH")
    if declared and not (declared.isascii() and declared.isdecimal()):
        raise falcon.HTTPBadRequest(description="the Content-Length is no number")
    if declared and (len(declared) > _LONGEST_NUMBER or int(declared) > limit):
        raise _too_large(limit)
    length = int(declared) if declared else limit + 1 if environ.get("wsgi.input_terminated") else 0
    stream = environ["wsgi.input"]
    body: bytes = stream.read(length)
    while len(body) < length and (more := stream.read(length - len(body))):
        body += more
    if len(body) > limit:
        raise _too_large(limit)
    if declared and len(body) < length:
        raise falcon.HTTPBadRequest(description="the body ended before its Content-Length")
    return body


def _too_large(limit: int) -> falcon.HTTPError:
    return falcon.HTTPContentTooLarge(description=f"a request has at most {limit} bytes")


def set_retry_after(resp: falcon.Response, error: DeclaredError) -> None:
    """Say when it is worth trying again, where the error knows."""
    if error.retry_after is not None:
        resp.set_header("Retry-After", str(error.retry_after))


def hindered(resp: falcon.Response, log: Log, error: Unavailable, **about: Any) -> None:
    """Answer that the database could not do it now; why is for the log only. `about` says what in the log."""
    log.line("busy", {**about, **described(error)}, level="warning")
    _refuse(resp, error.answer, error.answer.status)


def declared(error: DeclaredError) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a declared error over plain HTTP."""
    headers = HEADERS if error.retry_after is None else {**HEADERS, "Retry-After": str(error.retry_after)}
    return headers, as_json({"error": error.slug, "message": str(error), **error.data()})


def _refuse(resp: falcon.Response, error: DeclaredError, status: int) -> None:
    headers, resp.data = declared(error)
    resp.set_headers(headers)
    resp.status = status


def failure(log: Log, path: str, error: Exception) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body for what no route answers itself: the database could not do it (503), or a fault of ours
    (500 and a reference). Why is for the log only."""
    if isinstance(error, Unavailable):
        log.line("busy", {"path": path, **described(error)}, level="warning")
        return error.answer.status, *declared(error.answer)
    reference = os.urandom(6).hex()
    log.line("fault", {"path": path, "ref": reference, **described(error)}, level="error")
    return 500, HEADERS, to_json({"error": "internal", "ref": reference})


def _fault_handler(observation: Observation) -> Callable[..., None]:
    def handle(req: falcon.Request, resp: falcon.Response, error: Exception, params: dict[str, Any]) -> None:
        if isinstance(error, (falcon.HTTPError, falcon.HTTPStatus)):
            raise error
        resp.status, headers, resp.data = failure(observation.log, req.path, error)
        resp.set_headers(headers)

    return handle
