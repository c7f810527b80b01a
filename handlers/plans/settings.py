"""Settings of the plans."""

from typing import Annotated

from pydantic import AfterValidator

from handlers.plans.plan_catalogue import PlansInvalid, read_plans
from handlers.settings import Cents, Settings


def _offered(text: str | None) -> str | None:
    try:
        read_plans(text)
    except PlansInvalid as error:
        raise ValueError(str(error)) from None
    return text


class PlanSettings(Settings):
    plans_json: Annotated[str | None, AfterValidator(_offered)] = None
    """The plans on offer; `vm5` and `vm10` where none are given."""
    debt_limit_cents: Cents = 500
    """Who owes more than this has services suspended."""
