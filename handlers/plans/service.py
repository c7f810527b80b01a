"""`billing.plans`: what can be bought."""

from collections.abc import Mapping

from codegen.runtime.context import Context
from codegen.runtime.rpc.wiring import serves
from generated.models.onboarding import Plan
from generated.services.onboarding import BillingService


@serves(BillingService)
class PlansHandler:
    """The part of `BillingService` that needs no balance."""

    def __init__(self, offered: Mapping[str, Plan]) -> None:
        self._offered = list(offered.values())

    def plans(self, context: Context) -> list[Plan]:
        """Plans on offer, in the order of the setting."""
        return self._offered
