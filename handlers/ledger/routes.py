"""`POST /admin/balance-adjust`, for operators' programs: `{prev_balance_cents, new_balance_cents}`."""

from __future__ import annotations

from typing import NotRequired

import falcon
from pydantic import ConfigDict, TypeAdapter, with_config
from pydantic_core import to_json
from typing_extensions import TypedDict

from codegen.runtime.context import Context
from codegen.runtime.http.app import App
from codegen.runtime.rpc.auth import Authenticator
from codegen.runtime.values.types import Sid
from generated.models.onboarding import Reason, UsdCents
from handlers.admin.operators_route import OperatorsRoute, order_of
from handlers.ledger.adjusting import Adjustments
from handlers.ledger.posting import Ledger


@with_config(ConfigDict(extra="forbid", strict=True))
class BalanceOrder(TypedDict):
    """Whose balance (by the sid of the user or of the billing) becomes what."""

    sid: Sid
    balance_cents: UsdCents
    reason: NotRequired[Reason | None]
    expected_prev_cents: NotRequired[UsdCents | None]


_ORDER: TypeAdapter[BalanceOrder] = TypeAdapter(BalanceOrder)


def add_routes(app: App, authenticator: Authenticator, ledger: Ledger) -> None:
    adjustments = Adjustments(ledger)

    def work(context: Context, req: falcon.Request) -> bytes:
        done = adjustments.set_balance(context, **order_of(req, _ORDER))
        return to_json(
            {"prev_balance_cents": done.previous_cents, "new_balance_cents": done.billing.credit_balance_cents}
        )

    app.add_route("/admin/balance-adjust", OperatorsRoute(authenticator, ledger.database, ledger.clock, work))
