"""`billing.plans`, `billing.plan_buy`, `billing.renew`: what can be bought, buying it, and buying it again."""

from codegen.runtime.context import Context
from codegen.runtime.rpc.auth import user_of
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.rpc.wiring import own_transactions, serves
from generated.models.onboarding import Billing, Plan
from generated.services.onboarding import BillingService
from handlers.plans.plan_catalogue import PlanCatalogue
from handlers.plans.purchases import Purchases


@serves(BillingService)
class PlansHandler:
    """The part of `BillingService` that is about plans."""

    def __init__(self, catalogue: PlanCatalogue, purchases: Purchases) -> None:
        self._offered, self._purchases = catalogue.offered, purchases

    @runs(Place.SHORT)
    def plans(self, context: Context) -> list[Plan]:
        """Plans on offer, in the order of the setting."""
        return self._offered

    @own_transactions
    def plan_buy(self, context: Context, *, plan_id: str, form_token: str | None = None) -> Billing:
        """Buy a plan for its period; with the same token it is bought once."""
        return self._purchases.buy(context, user_of(context), plan_id)

    def renew(self, context: Context, *, on: bool) -> Billing:
        """Buy the plan again at its end, or not."""
        return self._purchases.switch(user_of(context), on)
