"""`POST /auth/challenge` and `POST /auth/verify`: the login protocol as JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, TypeVar

import falcon
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from codegen.runtime.errors import DeclaredError
from codegen.runtime.http.app import JSON, App, read_body, require_json
from codegen.runtime.http.log import Log, described
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.storage.faults import Unavailable
from generated.errors.onboarding import BadRequest
from generated.models.onboarding import LoginFinished, LoginProof, LoginStart
from handlers.identity.guard import SECURITY_HEADERS, refuse
from handlers.identity.login import Login
from handlers.identity.sessions import LIFE
from handlers.identity.visitor import Visitor, Visitors

MAX_BODY = 1024
AFTER_LOGIN = "/dashboard"
_SPELT_FREELY = ("public_key", "address")

M = TypeVar("M", bound=BaseModel)


def add_routes(app: App, login: Login, visitors: Visitors, log: Log) -> None:
    """Serve the two routes. The application's `Guard` has checked the origin."""
    app.add_route("/auth/challenge", ChallengeResource(login, visitors, log))
    app.add_route("/auth/verify", VerifyResource(login, visitors, log))


class _Resource(ABC):
    """What both have in common: a small JSON object in, JSON out, errors by one table."""

    name: ClassVar[str]

    def __init__(self, login: Login, visitors: Visitors, log: Log) -> None:
        self.login, self.visitors, self.log = login, visitors, log
        self.cookies = visitors.cookies

    @runs(Place.LONG)  # our node may be called to deliver a code
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.set_headers(SECURITY_HEADERS)
        visitor = self.visitors.of(req.env)
        outcome = "ok"
        try:
            require_json(req.env)
            self._answer(read_body(req.env, MAX_BODY), visitor, resp)
        except DeclaredError as error:
            outcome = error.slug
            message = error.detail if isinstance(error, BadRequest) else str(error)
            refuse(resp, error.status, error.slug, message, error.retry_after)
        except falcon.HTTPError as error:
            outcome = BadRequest.slug
            refuse(resp, error.status_code, BadRequest.slug, error.description or error.title or "")
        except Unavailable as error:
            outcome = error.answer.slug
            self.log.line("busy", {"step": self.name, **described(error)}, level="warning")
            refuse(resp, error.answer.status, outcome, str(error.answer), error.answer.retry_after)
        finally:
            self.log.line("login", {"step": self.name, "outcome": outcome, "peer": visitor.peer.ip})

    @abstractmethod
    def _answer(self, body: bytes, visitor: Visitor, resp: falcon.Response) -> None:
        """Fill the response, or raise a declared error."""


class ChallengeResource(_Resource):
    """`POST /auth/challenge`: 200 with a sealed challenge, 202 where a code was sent to the node."""

    name = "challenge"

    def _answer(self, body: bytes, visitor: Visitor, resp: falcon.Response) -> None:
        started = self.login.start(_read(LoginStart, body), visitor)
        if started.pre is not None:
            self.cookies.begin(resp, started.pre)
        resp.status = 202 if started.challenge.delivery else 200
        _write(resp, started.challenge)


class VerifyResource(_Resource):
    """`POST /auth/verify`: a browser gets its session, a program a link."""

    name = "verify"

    def _answer(self, body: bytes, visitor: Visitor, resp: falcon.Response) -> None:
        finished = self.login.finish(_read(LoginProof, body), visitor)
        if finished.session is None:
            _write(resp, LoginFinished(link=finished.link))
            return
        self.cookies.sign_in(resp, finished.session, int(LIFE.total_seconds()))
        _write(resp, LoginFinished(redirect=AFTER_LOGIN))


def _read(kind: type[M], body: bytes) -> M:
    """A request's body. Keys and addresses may be written in capitals."""
    try:
        given = from_json(body, allow_inf_nan=False)
        if isinstance(given, dict):
            given = {
                name: value.strip().lower() if name in _SPELT_FREELY and isinstance(value, str) else value
                for name, value in given.items()
            }
        return kind.model_validate(given)
    except ValidationError as error:  # which quotes what was sent: only the place is told
        where = ", ".join(sorted({".".join(map(str, found["loc"])) for found in error.errors()})) or "the body"
        raise BadRequest(detail=f"not as it should be: {where}"[:200]) from None
    except ValueError:
        raise BadRequest(detail="the body is no JSON") from None


def _write(resp: falcon.Response, answer: BaseModel) -> None:
    resp.content_type = JSON
    resp.data = answer.model_dump_json(exclude_none=True).encode()
