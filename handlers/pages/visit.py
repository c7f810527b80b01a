"""One request of a browser: who is signed in, what it sent, and the ways to answer it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import falcon

from codegen.runtime.context import Caller, Clock, Context
from codegen.runtime.errors import DeclaredError
from codegen.runtime.http.app import read_body
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from generated.models.onboarding import Session, User
from handlers.identity.secret import new_secret
from handlers.identity.sessions import Sessions
from handlers.identity.visitor import Visitors
from handlers.pages.messages import Messages
from handlers.pages.paper import PDF
from handlers.pages.render import Renderer

MAX_FORM = 16_384
MAX_FIELDS = 40
HOME = "/dashboard"


class PageRefused(Exception):
    """Nothing was done; the error page of this status says why."""

    def __init__(self, status: int, slug: str) -> None:
        super().__init__(slug)
        self.status, self.slug = status, slug


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in with this browser."""

    user: User
    session: Session


@dataclass(frozen=True, slots=True)
class PageContext:
    """What pages are made from."""

    database: Database
    clock: Clock
    sessions: Sessions
    visitors: Visitors
    renderer: Renderer
    messages: Messages
    log: Log


class Visit:
    """A request and its answer."""

    def __init__(self, context: PageContext, req: falcon.Request, resp: falcon.Response) -> None:
        self.pages, self.req, self.resp = context, req, resp
        self.request_id = os.urandom(6).hex()
        self.visitor = context.visitors.of(req.env)
        self._signed_in: list[SignedIn | None] = []

    # --- who --------------------------------------------------------------------------------------------------

    @property
    def signed_in(self) -> SignedIn | None:
        """The session of the browser's cookie and its user, looked up once.

        No `cached_property`: that of Python 3.11 lets one visit at a time look, and all others wait for it.
        """
        if not self._signed_in:
            session = self.pages.sessions.find(self.visitor.session)
            found = None if session is None else SignedIn(self.pages.sessions.user(session), session)
            self._signed_in.append(found)
        return self._signed_in[0]

    def require_user(self) -> SignedIn:
        """The user who is signed in; others go to the login and come back afterwards."""
        if self.signed_in is None:
            back = self.req.relative_uri if self.req.method in ("GET", "HEAD") else HOME
            raise falcon.HTTPSeeOther(
                f"/login?{urlencode({'next': own_path(back)}, safe='/')}", headers=dict(self.pages.renderer.headers)
            )
        return self.signed_in

    def context(self) -> Context:
        """For a call of a service as the user who is signed in."""
        user = self.require_user()
        return Context(
            Caller("user", user.user.sid, user.session.sid), self.pages.clock, self.pages.database, self.request_id
        )

    # --- what it sent -----------------------------------------------------------------------------------------

    def query(self, name: str, default: str = "") -> str:
        """A parameter of the address, its last value. Raises `PageRefused` for one that no text in a database has."""
        value = self._parameter(name, default)
        if "\0" in value:
            raise PageRefused(400, "bad_request")
        return value

    def _parameter(self, name: str, default: str = "") -> str:
        value = self.req.params.get(name, default)
        return str(value[-1] if isinstance(value, list) else value)

    def form(self) -> dict[str, str]:
        """The fields of a form of ours, sent by this browser. Raises `PageRefused` for anything else.

        The application's `Guard` has checked the origin.
        """
        if (self.req.content_type or "").partition(";")[0].strip().lower() != falcon.MEDIA_URLENCODED:
            raise PageRefused(415, "bad_request")
        try:
            body = read_body(self.req.env, MAX_FORM)
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"))
        except falcon.HTTPError as error:
            raise PageRefused(error.status_code, "bad_request") from None
        except ValueError:
            raise PageRefused(400, "bad_request") from None
        if not self.pages.sessions.check_csrf(self._form_cookie(), fields.get("csrf_token")):
            raise PageRefused(403, "form_expired")
        return fields

    def _form_cookie(self) -> str | None:
        """The cookie that tokens of this browser's forms follow from."""
        return self.visitor.session if self.signed_in is not None else self.visitor.pre

    # --- how to answer ----------------------------------------------------------------------------------------

    def page(
        self, template: str, status: int = 200, *, pre: str | None = None, whole: bool = True, **values: Any
    ) -> None:
        """Show a page. `pre` is the cookie of a login that begins with it. Without `whole` it is shown as to nobody,
        and nothing is read for it."""
        if pre is not None:
            self.pages.sessions.cookies.begin(self.resp, pre)
        cookie = pre or (self._form_cookie() if whole else None)
        self.pages.renderer.page(
            self.resp,
            template,
            {
                "signed_in": self.signed_in if whole else None,
                "path": self.req.path,
                "request_id": self.request_id,
                "csrf_token": self.pages.sessions.csrf_token(cookie) if cookie else "",
                "message": self.pages.messages.of(self._parameter("error"), self._parameter("event")),
                **values,
            },
            status,
        )

    def paper(self, content: bytes, name: str) -> None:
        """Show a PDF, under this name where it is kept."""
        self.resp.set_headers(self.pages.renderer.headers)
        self.resp.content_type = PDF
        self.resp.set_header("Content-Disposition", f'inline; filename="{name}"')
        self.resp.data = content

    def file(self, content: str, content_type: str, name: str) -> None:
        """Have the browser keep a file under this name."""
        self.resp.set_headers(self.pages.renderer.headers)
        self.resp.content_type = content_type
        self.resp.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.resp.text = content

    def begin(self) -> str:
        """The cookie of a login in this browser: the one it has, or a new one."""
        return self.visitor.pre or new_secret()

    def go(self, path: str, values: Mapping[str, str] | None = None) -> None:
        """Send the browser on: to a page of ours, or to a payment page."""
        self.resp.set_headers(self.pages.renderer.headers)
        self.resp.status = falcon.HTTP_303
        self.resp.location = f"{path}?{urlencode(values)}" if values else path

    def refuse(self, path: str, error: DeclaredError | str, values: Mapping[str, str] | None = None) -> None:
        """Send the browser back with an error, and with what was filled in."""
        self.go(path, {"error": error if isinstance(error, str) else error.slug, **(values or {})})


def own_path(path: str, default: str = HOME) -> str:
    """`path` if it leads to a page of ours, else `default`: nobody is sent elsewhere by a link they were given."""
    parts = urlsplit(path)
    ours = (
        path.startswith("/")
        and not path.startswith("//")
        and not parts.scheme
        and not parts.netloc
        and path.isprintable()
        and "\\" not in path
        and len(path) <= 500
    )
    return path if ours and parts.path not in ("/login", "/login/link", "/logout") else default
