"""`POST /admin/balance-adjust`, for operators' programs: plain JSON, authenticated by the admin secret in a header."""

from __future__ import annotations

from typing import NotRequired

import falcon
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import to_json
from typing_extensions import TypedDict

from codegen.runtime.context import Context
from codegen.runtime.errors import DeclaredError, InvalidParams, Unauthorized
from codegen.runtime.http.app import HEADERS, App, read_body, require_json, set_retry_after
from codegen.runtime.rpc.auth import Authenticator
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.values.sid import new_sid
from codegen.runtime.values.types import Sid
from generated.models.onboarding import Reason, UsdCents
from handlers.ledger.adjusting import Adjustments
from handlers.ledger.posting import Ledger

MAX_BODY = 16_384


def add_routes(app: App, authenticator: Authenticator, ledger: Ledger) -> None:
    app.add_route("/admin/balance-adjust", BalanceAdjust(authenticator, ledger))


@with_config(ConfigDict(extra="forbid", strict=True))
class BalanceOrder(TypedDict):
    """Whose balance (by the sid of the user or of the billing) becomes what."""

    sid: Sid
    balance_cents: UsdCents
    reason: NotRequired[Reason | None]
    expected_prev_cents: NotRequired[UsdCents | None]


_ORDER: TypeAdapter[BalanceOrder] = TypeAdapter(BalanceOrder)


class BalanceAdjust:
    """`POST /admin/balance-adjust`: `{prev_balance_cents, new_balance_cents}`; 400, 401, 404 or 409 with `{error}`."""

    def __init__(self, authenticator: Authenticator, ledger: Ledger) -> None:
        self._authenticate, self._ledger = authenticator.authenticate, ledger
        self._adjustments = Adjustments(ledger)

    @runs(Place.SLOW)  # who has credit again has machines again: they are asked to start
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.set_headers(HEADERS)
        try:
            caller = self._authenticate(req.env)
            if caller.scope != "admin":
                raise Unauthorized
            require_json(req.env)
            order = _ORDER.validate_json(read_body(req.env, MAX_BODY))
            context = Context(caller, self._ledger.clock, self._ledger.database, new_sid())
            done = self._adjustments.set_balance(context, **order)
        except DeclaredError as error:
            resp.status = error.status
            set_retry_after(resp, error)
            resp.data = to_json({"error": error.slug, "message": str(error)})
        except (ValidationError, InvalidParams) as error:
            invalid = error if isinstance(error, InvalidParams) else InvalidParams.of(error)
            resp.status = 400
            resp.data = to_json({"error": "invalid", "errors": invalid.errors})
        else:
            resp.data = to_json(
                {"prev_balance_cents": done.previous_cents, "new_balance_cents": done.billing.credit_balance_cents}
            )
