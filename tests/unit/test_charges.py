"""Charges: worked examples, and against fractions for whatever comes; many small ones cost what their sum costs."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.runtime.values.types import Money
from generated.models.onboarding import DiscountBase, DiscountTier, PriceUnit, ResourceCategory
from handlers.pricing.book import Book, Rate, in_force
from handlers.pricing.charge import CannotBePriced, Charge, Usage, charge, differs, half_even
from handlers.pricing.ladder import percent_of
from tests.server.book import START

OS, LLM, VM = ResourceCategory.HERO_OS_HOURLY, ResourceCategory.LLM, ResourceCategory.VM
RATES = {
    "os": Rate(OS, "hero_os_hour", PriceUnit.INSTANCE_HOUR, 10**8, 1000, True),
    "odd": Rate(OS, "hero_os_hour", PriceUnit.INSTANCE_HOUR, 333_333_333, 777, True),
    "llm": Rate(LLM, "llm_token", PriceUnit.COST, 10**9, 1000, True),
    "gpt": Rate(LLM, "llm_token", PriceUnit.MILLION_TOKENS, 2 * 10**7, 1000, True, model="gpt"),
    "vm": Rate(VM, "vm_hour", PriceUnit.VM_HOUR, 0, 0, False),
}
EXAMPLES = [
    line.split()
    for line in (Path(__file__).parents[1] / "data/charges.txt").read_text().splitlines()
    if line.split()[0] in RATES
]


def nano(dollars: str) -> int:
    return int(Money.parse(dollars))


def test_there_are_many_examples() -> None:
    assert len(EXAMPLES) >= 60


@pytest.mark.parametrize("example", EXAMPLES, ids=" ".join)
def test_a_worked_example(example: list[str]) -> None:
    rate, tier, base, quantity, cost, cents, listed, charged = example
    usage = Usage(Decimal(quantity), None if cost == "-" else Decimal(cost), None if cents == "-" else int(cents))
    found = charge(RATES[rate], usage, percent_of(DiscountTier(tier)), DiscountBase(base))
    assert (found.list_charge, found.charge) == (nano(listed), nano(charged))
    assert found.discount == nano(listed) - nano(charged)


_amounts = st.decimals(0, 10**9, places=12, allow_nan=False, allow_infinity=False)


@given(
    rate=st.builds(
        Rate,
        st.just(OS),
        st.just("kind"),
        st.sampled_from(PriceUnit),
        st.integers(0, 10**12),
        st.integers(0, 1_000_000),
        st.booleans(),
    ),
    usage=st.builds(Usage, _amounts, _amounts | st.none(), st.integers(0, 10**9) | st.none()),
    percent=st.integers(0, 100),
    base=st.sampled_from(DiscountBase),
)
def test_a_charge_is_its_exact_value_rounded_once(rate: Rate, usage: Usage, percent: int, base: DiscountBase) -> None:
    if rate.unit == PriceUnit.COST and usage.cost is None and usage.amount_cents is None:
        with pytest.raises(CannotBePriced):
            charge(rate, usage, percent, base)
        return
    found = charge(rate, usage, percent, base)
    margin = 1 + Fraction(rate.margin_bp, 10_000)
    if usage.amount_cents is not None:
        cost = usage.amount_cents * 10**7 / margin
    elif usage.cost is not None and rate.unit in (PriceUnit.COST, PriceUnit.MILLION_TOKENS):
        cost = Fraction(usage.cost) * (rate.unit_price if rate.unit == PriceUnit.COST else 10**9)
    else:
        cost = Fraction(usage.quantity) * rate.unit_price / (10**6 if rate.unit == PriceUnit.MILLION_TOKENS else 1)
    listed, left = cost * margin, Fraction(percent if rate.discountable else 100, 100)
    exact = {
        DiscountBase.FULL: listed * left,
        DiscountBase.MARGIN_ONLY: cost + (listed - cost) * left,
        DiscountBase.FLOOR_AT_COST: max(listed * left, cost),
    }[base]
    assert found.charge == round(exact) and found.list_charge == round(listed)
    assert found.charge + found.rest == exact and abs(found.rest) <= Fraction(1, 2)
    assert 0 <= found.charge <= found.list_charge and found.discount == found.list_charge - found.charge


@pytest.mark.parametrize(
    ("above", "below", "kept"),
    [
        (0, 7, "0"),
        (1, 8, "0.125"),
        (-3, 4 * 10**12, "-0.00000000000075"),
        (1, 3, "0." + "3" * 28),
        (-2, 3, f"-0.{'6' * 27}7"),
    ],
)
def test_the_rest_is_kept_exactly_or_to_28_digits(above: int, below: int, kept: str) -> None:
    assert Charge(1, 0, 1, above, below).rest_as_decimal() == Decimal(kept)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**15))
def test_half_to_even(numerator: int, denominator: int) -> None:
    assert half_even(numerator, denominator) == round(Fraction(numerator, denominator))


def test_a_half_goes_to_the_even_neighbour() -> None:
    assert [half_even(number, 2) for number in (-3, -1, 1, 3, 5, 7, 9)] == [-2, 0, 0, 2, 2, 4, 4]
    assert [half_even(number, 3) for number in (1, 2, 4, 5)] == [0, 1, 1, 2]


def test_a_hundred_thousand_calls_cost_what_their_tokens_cost() -> None:
    """At $0.02 per million tokens, 105 tokens each: $0.21, and the margin."""
    one = charge(RATES["gpt"], Usage(Decimal(105)), 100, DiscountBase.FULL).charge
    exact = Fraction(105 * 100_000 * 2 * 10**7 * 11, 10**6 * 10)
    assert abs(one * 100_000 - exact) / exact < Fraction(1, 100_000)


def test_the_cost_of_a_call_is_checked_where_the_book_knows_its_model() -> None:
    told = {"0.00002": False, "0.000020001": False, "0.000019999": False, "0.000020002": True, "0.000019998": True}
    assert {cost: differs(RATES["gpt"], Usage(Decimal(1000), Decimal(cost))) for cost in told} == told
    assert differs(RATES["llm"], Usage(Decimal(1000), Decimal(7))) is False
    assert differs(RATES["gpt"], Usage(Decimal(1000))) is False


def test_the_book_of_a_time_and_the_rate_of_a_model() -> None:
    old, new = Book(START, (RATES["llm"], RATES["gpt"])), Book(START.replace(year=2027), (RATES["os"],))
    assert in_force([new, old], START) is old and in_force([old, new], new.effective_from) is new
    assert in_force([new], START) is None
    assert old.rate("llm_token", "gpt") is RATES["gpt"]
    assert old.rate("llm_token", "other") is old.rate("llm_token") is RATES["llm"]
    assert old.rate("vm_hour") is None
