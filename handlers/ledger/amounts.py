"""Amounts in sentences."""

from codegen.runtime.values.types import Money


def dollars(amount: int) -> str:
    """`$5.00`, `-$27.32` from nano-dollars, with every decimal there is."""
    return f"{'-' if amount < 0 else ''}${Money(abs(amount))}"
