"""What every page has in common: a visit to answer, and an error page where it cannot be answered."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar

import falcon

from codegen.runtime.errors import DeclaredError, InvalidParams
from codegen.runtime.http.app import set_retry_after
from codegen.runtime.http.log import described
from codegen.runtime.storage.faults import Unavailable
from handlers.pages.errors import error_page
from handlers.pages.visit import PageContext, PageRefused, Visit

P = ParamSpec("P")
S = TypeVar("S", bound="Page")


class Page:
    """A route of pages; its responders are marked with `page`. Where there is `GET`, there is `HEAD`."""

    on_get: ClassVar[Callable[..., None]]

    def __init_subclass__(cls) -> None:
        if hasattr(cls, "on_get"):
            cls.on_head = cls.on_get  # type: ignore[attr-defined]

    def __init__(self, context: PageContext) -> None:
        self.context = context

    def fault(self, visit: Visit, error: Exception) -> None:
        """Log a fault of ours; its page shows the id of the request."""
        self._log("fault", "error", visit, error)

    def hindered(self, visit: Visit, error: Unavailable) -> None:
        """Log why the database could not do it."""
        self._log("busy", "warning", visit, error)

    def _log(self, event: str, level: str, visit: Visit, error: Exception) -> None:
        about = {"request_id": visit.request_id, "route": visit.req.uri_template, **described(error)}
        self.context.log.line(event, about, level=level)


def page(respond: Callable[Concatenate[S, Visit, P], None]) -> Callable[..., None]:
    """A Falcon responder of a function that answers a visit. Whatever it raises is shown as a page, faults are logged;
    each request leaves a line in the log, without its parameters."""

    @wraps(respond)
    def responder(self: S, req: falcon.Request, resp: falcon.Response, **params: Any) -> None:
        began = time.perf_counter()
        visit = Visit(self.context, req, resp)
        try:
            respond(self, visit, **params)  # type: ignore[call-arg]
        except falcon.HTTPStatus as status:
            resp.status = status.status
            resp.set_headers(status.headers or {})
        except PageRefused as refused:
            error_page(visit, refused.status, refused.slug)
        except DeclaredError as error:
            set_retry_after(resp, error)
            error_page(visit, error.status, error.slug)
        except InvalidParams:
            error_page(visit, 400, "bad_request")
        except Unavailable as error:
            self.hindered(visit, error)
            set_retry_after(resp, error.answer)
            error_page(visit, error.answer.status, error.answer.slug, whole=False)
        except Exception as error:
            self.fault(visit, error)
            error_page(visit, 500, "internal", whole=False)
        finally:
            self.context.log.line(
                "page",
                {
                    "request_id": visit.request_id,
                    "method": req.method,
                    "route": req.uri_template,
                    "status": resp.status_code,
                    "ms": round((time.perf_counter() - began) * 1000, 3),
                },
            )

    return responder
