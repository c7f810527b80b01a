"""`billing.plans`: what can be bought."""

from codegen.runtime.context import Context
from codegen.runtime.rpc.method import Place, runs
from codegen.runtime.rpc.wiring import serves
from generated.models.onboarding import Plan
from generated.services.onboarding import BillingService
from handlers.plans.plan_catalogue import PlanCatalogue


@serves(BillingService)
class PlansHandler:
    """The part of `BillingService` that needs no balance."""

    def __init__(self, catalogue: PlanCatalogue) -> None:
        self._offered = catalogue.offered

    @runs(Place.SHORT)
    def plans(self, context: Context) -> list[Plan]:
        """Plans on offer, in the order of the setting."""
        return self._offered
