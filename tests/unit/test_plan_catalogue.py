"""The plans on offer: defaults, a setting of one's own, and what is refused."""

import json

import pytest

from handlers.plans.plan_catalogue import PlanCatalogue, PlansInvalid, read_plans

PLAN = {"plan_id": "big", "cost_cents": 5000, "vm_count": 20, "days": 7}


def test_defaults() -> None:
    assert [(plan.plan_id, str(plan.cost), plan.vm_count, plan.days) for plan in read_plans(None).values()] == [
        ("vm5", "10.00", 5, 30),
        ("vm10", "20.00", 10, 30),
    ]


def test_setting_replaces_them() -> None:
    plans = read_plans(json.dumps([PLAN, {**PLAN, "plan_id": "small", "name": "Small", "sku": "mini"}]))
    assert list(plans) == ["big", "small"]
    assert (plans["big"].name, plans["big"].sku, plans["big"].cost_cents) == ("big", "hero-os-2gb", 5000)
    assert (plans["small"].name, plans["small"].sku) == ("Small", "mini")
    assert [plan.memory_mib for plan in plans.values()] == [2048, 2048]
    assert PlanCatalogue(plans).offered == [plans["big"], plans["small"]]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ([], "at least one plan"),
        ([PLAN, PLAN], "two plans have the id 'big'"),
        ([{**PLAN, "cost_cents": 0}], "0.cost_cents: Input should be greater than 0"),
        ([{**PLAN, "vm_count": -1}], "0.vm_count"),
        ([{**PLAN, "days": 0}], "0.days"),
        ([{**PLAN, "days": 1.5}], "0.days"),
        ([{**PLAN, "days": "7"}], "0.days"),
        ([{**PLAN, "plan_id": "no spaces"}], "0.plan_id"),
        ([{**PLAN, "colour": "blue"}], "0.colour"),
        ([{"plan_id": "big"}], "0.cost_cents: Field required"),
        ({}, "valid array"),
    ],
    ids=str,
)
def test_refusals(setting: object, message: str) -> None:
    with pytest.raises(PlansInvalid, match=message):
        read_plans(json.dumps(setting))


def test_no_json() -> None:
    with pytest.raises(PlansInvalid, match="JSON"):
        read_plans("vm5")
