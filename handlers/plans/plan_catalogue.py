"""The plans on offer: `HERO_ONBOARDING_PLANS_JSON`, or the two defaults; checked when the process starts.

The setting is a JSON list of objects `{"plan_id", "cost_cents", "vm_count", "days", "name"?, "sku"?, "memory_mib"?}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from codegen.runtime.values.types import Money
from generated.models.onboarding import Plan

DEFAULT_SKU = "hero-os-2gb"
DEFAULT_MEMORY_MIB = 2048

DEFAULT_PLANS = """[
    {"plan_id": "vm5", "name": "5 machines", "cost_cents": 1000, "vm_count": 5, "days": 30},
    {"plan_id": "vm10", "name": "10 machines", "cost_cents": 2000, "vm_count": 10, "days": 30}
]"""


@dataclass(frozen=True, slots=True)
class PlanCatalogue:
    """The plans by id, in the order of the setting."""

    plans: Mapping[str, Plan]

    @property
    def offered(self) -> list[Plan]:
        """All of them, in that order."""
        return list(self.plans.values())


class PlansInvalid(Exception):
    """The setting cannot be used; the message says which plan and why."""


class PlanSetting(BaseModel):
    """One plan as the setting writes it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    plan_id: Annotated[
        str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$", validation_alias=AliasChoices("plan_id", "id"))
    ]
    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    cost_cents: Annotated[int, Field(gt=0, le=100_000_000)]
    vm_count: Annotated[int, Field(gt=0, le=10_000)]
    days: Annotated[int, Field(gt=0, le=3660)]
    sku: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")] = DEFAULT_SKU
    memory_mib: Annotated[int, Field(gt=0)] = DEFAULT_MEMORY_MIB

    def plan(self) -> Plan:
        """As it is offered."""
        return Plan(
            plan_id=self.plan_id,
            name=self.name or self.plan_id,
            cost=Money.from_cents(self.cost_cents),
            cost_cents=self.cost_cents,
            vm_count=self.vm_count,
            days=self.days,
            sku=self.sku,
            memory_mib=self.memory_mib,
        )


_SETTING = TypeAdapter(list[PlanSetting])


def read_plans(text: str | None) -> dict[str, Plan]:
    """The plans by id, in the order of the setting; the defaults for None. Raises `PlansInvalid`."""
    try:
        plans = _SETTING.validate_json(text or DEFAULT_PLANS)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise PlansInvalid(f"{place}: {first['msg']}" if place else first["msg"]) from None
    if not plans:
        raise PlansInvalid("at least one plan must be on offer")
    offered: dict[str, Plan] = {}
    for plan in plans:
        if plan.plan_id in offered:
            raise PlansInvalid(f"two plans have the id {plan.plan_id!r}")
        offered[plan.plan_id] = plan.plan()
    return offered
