"""`/plans`: the plans on offer, the one that runs, buying one, and the switch that renews it."""

from __future__ import annotations

from typing import Any

from codegen.runtime.errors import DeclaredError, InvalidParams
from codegen.runtime.rpc.method import Place, runs
from generated.services.onboarding import BillingService
from handlers.identity.secret import new_secret
from handlers.ledger.standing import Standings
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit
from handlers.plans.overview import PlanOverviews
from handlers.plans.plan_catalogue import PlanCatalogue


class PlansPage(Page):
    def __init__(
        self, context: PageContext, catalogue: PlanCatalogue, overviews: PlanOverviews, standings: Standings
    ) -> None:
        super().__init__(context)
        self._catalogue, self._overviews, self._standings = catalogue, overviews, standings

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user

        def read() -> dict[str, Any]:
            return {"plan": self._overviews.of(user.sid), "standing": self._standings.of(user.sid)}

        visit.page(
            "plans.html",
            user=user,
            plans=self._catalogue.offered,
            form_token=new_secret(),
            **self.context.database.run(read, write=False),
        )


class PlanBuy(Page):
    """`POST /plan/buy`."""

    def __init__(self, context: PageContext, billing: BillingService) -> None:
        super().__init__(context)
        self._billing = billing

    @runs(Place.SLOW)  # the provisioner is asked
    @page
    def on_post(self, visit: Visit) -> None:
        context = visit.context()
        fields = visit.form()
        try:
            self._billing.plan_buy(
                context, plan_id=fields.get("plan_id", ""), form_token=fields.get("form_token") or None
            )
        except DeclaredError as error:
            visit.refuse("/plans", error)
        except InvalidParams:
            visit.refuse("/plans", "plan_unknown")
        else:
            visit.go("/plans", {"event": "plan_bought"})


class PlanRenew(Page):
    """`POST /plan/renew`: `on` is `1` or absent."""

    def __init__(self, context: PageContext, billing: BillingService) -> None:
        super().__init__(context)
        self._billing = billing

    @page
    def on_post(self, visit: Visit) -> None:
        context = visit.context()
        on = visit.form().get("on") == "1"
        try:
            self._billing.renew(context, on=on)
        except DeclaredError as error:
            visit.refuse("/plans", error)
        else:
            visit.go("/plans", {"event": "renew_on" if on else "renew_off"})
