"""What a piece of usage costs: all factors are multiplied first, as whole numbers, then rounded once, half to even."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple, Protocol

from generated.models.onboarding import DiscountBase, PriceUnit
from handlers.pricing.book import Rate

NANO = 10**9
CENT = 10**7
_WHOLE_BP = 10_000
_PERCENT = 100
_DIGITS = Context(prec=28)
_ZERO = Decimal(0)
_UNITS = {PriceUnit.MILLION_TOKENS: 10**6}
"""What a price is for, where it is not for one."""
OF_CALLS = (PriceUnit.COST, PriceUnit.MILLION_TOKENS)
"""Units of calls, whose provider's price a node tells. What it says that hours cost sets no price."""


class CannotBePriced(Exception):
    """The usage lacks what its rate is for; the message says what."""


class Used(Protocol):
    """What was used: a quantity in the unit of its kind, the provider's list price of the call in dollars where the
    node knows it, and `amount_cents` where it was priced already, margin included."""

    @property
    def quantity(self) -> Decimal: ...
    @property
    def cost(self) -> Decimal | None: ...
    @property
    def amount_cents(self) -> int | None: ...


class Usage(NamedTuple):
    """Usage that stands in no line."""

    quantity: Decimal
    cost: Decimal | None = None
    amount_cents: int | None = None


class Charge(NamedTuple):
    """In nano-dollars: before the ladder, what the ladder took off, what is charged, and what rounding that left, as
    `above / below`: the exact charge is `charge + rest`."""

    list_charge: int
    discount: int
    charge: int
    above: int
    below: int

    @property
    def rest(self) -> Fraction:
        return Fraction(self.above, self.below)

    def rest_as_decimal(self) -> Decimal:
        """Exact, or to 28 digits where no decimal is."""
        return _DIGITS.divide(Decimal(self.above), Decimal(self.below)) if self.above else _ZERO


def charge(rate: Rate, usage: Used, percent: int, base: DiscountBase) -> Charge:
    """The charge for usage at a rate, with `percent` of its price left by the ladder, which is taken from `base`.

    Raises `CannotBePriced`.
    """
    listed, cost, whole = _parts(rate, usage)
    before = half_even(listed, whole)
    if not rate.discountable or percent == _PERCENT:  # PERF: nothing is taken off, whatever it would be taken from
        return Charge(before, 0, before, listed - before * whole, whole)
    match base:
        case DiscountBase.FULL:
            reduced = listed * percent
        case DiscountBase.MARGIN_ONLY:
            reduced = cost * _PERCENT + (listed - cost) * percent
        case DiscountBase.FLOOR_AT_COST:
            reduced = max(listed * percent, min(cost, listed) * _PERCENT)
    full = whole * _PERCENT
    charged = half_even(reduced, full)
    return Charge(before, before - charged, charged, reduced - charged * full, full)


def _parts(rate: Rate, usage: Used) -> tuple[int, int, int]:
    """Price with margin, and cost without it, both over the same whole number: nano-dollars as fractions."""
    with_margin, cost = _WHOLE_BP + rate.margin_bp, usage.cost
    if usage.amount_cents is not None:  # priced already, margin included
        listed = usage.amount_cents * CENT
        return listed * with_margin, listed * _WHOLE_BP, with_margin
    if cost is not None and rate.unit in OF_CALLS:
        above, below = cost.as_integer_ratio()
        # A price of the unit `cost` is for each dollar of it; a model's own price is what the call was checked against.
        above *= rate.unit_price if rate.unit == PriceUnit.COST else NANO
    else:
        above, below = _booked(rate, usage)
    return above * with_margin, above * _WHOLE_BP, below * _WHOLE_BP


def _booked(rate: Rate, usage: Used) -> tuple[int, int]:
    """What a quantity costs by the book without margin, as a fraction of nano-dollars."""
    if rate.unit == PriceUnit.COST:
        raise CannotBePriced(f"{rate.kind} is paid by its cost, and none is told")
    above, below = usage.quantity.as_integer_ratio()
    return above * rate.unit_price, below * _UNITS.get(rate.unit, 1)


def half_even(numerator: int, denominator: int) -> int:
    """The nearest whole number to a fraction with a positive denominator; of two that are as near, the even one."""
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return whole + 1 if twice > denominator or (twice == denominator and whole % 2) else whole


def differs(rate: Rate, usage: Used) -> bool:
    """Whether the cost that a node tells of a call is another than the book's price of its model; False where one of
    the two is not known. They agree to the nano-dollar."""
    if usage.cost is None or rate.unit != PriceUnit.MILLION_TOKENS:
        return False
    told = half_even(*(usage.cost * NANO).as_integer_ratio())
    return abs(told - half_even(*_booked(rate, usage))) > 1
