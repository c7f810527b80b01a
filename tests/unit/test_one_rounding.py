"""Money is rounded once, where it is charged: nothing else in the product divides an amount or makes a float of it."""

import ast
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.runtime.values.types import Money
from handlers.ledger import wallet as rules
from handlers.ledger.wallet import Lot, Wallet
from handlers.pages.shown import in_cents

ROOT = Path(__file__).parents[2]
MAY_ROUND = {
    "handlers/checkpoints/ledger_tree.py": "counts full subtrees",
    "handlers/checkpoints/merkle.py": "counts full subtrees",
    "handlers/pricing/charge.py": "the one rounding of a charge",
    "handlers/prices/offered.py": "makes no charge: one unit is a decimal",
    "handlers/prices/commands/prices.py": "a margin as it is shown, in percent",
    "handlers/prices/domain.py": "seconds of an interval",
    "handlers/usage/domain.py": "seconds of an interval",
    "handlers/usage/batches.py": "reads decimal numbers, which are exact",
    "handlers/proofs/verify_proof.py": "rounds the same charge by other means, to check it",
    "handlers/usage/sums.py": "adds decimal quantities, which are exact",
    "handlers/payments/states.py": "cents of a text for a person, and whole cents that were asked for",
    "handlers/payments/audit_events.py": "whole cents, which are all that an event can tell",
    "handlers/payments/checks.py": "minutes and pauses",
    "handlers/payments/schedule.py": "pauses between questions",
    "handlers/kyc/schedule.py": "pauses between questions",
    "handlers/payments/pages/top_up.py": "cents of a text",
    "handlers/vms/states.py": "a plan's whole cents among its machines: the first has the remainder",
    "handlers/node/given.py": "decimal numbers of a program, read exactly",
    "handlers/node/domain.py": "seconds of an interval",
    "handlers/node/service.py": "the quantity of a record that is priced already: none",
    "handlers/node/allowances.py": "a node's own reckoning: sums, exact",
    "handlers/node/demo_node.py": "what a node of the demo reports",
    "handlers/node/log.py": "the quantity of a record that takes another back: none",
    "handlers/usage_format/line.py": "decimal numbers of a line, read exactly",
    "handlers/pages/shown.py": "cents and millionths in which amounts are shown, so that they add up",
    "handlers/usage/chart.py": "heights of a drawing",
    "handlers/home/first_screen.py": "whole dollars to be paid; days in months and years, for people",
    "handlers/pages/page.py": "milliseconds of a log line",
    "handlers/work/queue/working.py": "seconds between signs of life",
    "handlers/work/leases.py": "half of a lease's time",
    "providers/stripe/provider.py": "whole cents of an order, which is refused if anything is left",
    "providers/clickpesa/provider.py": "whole cents of an order, which is refused if anything is left",
    "providers/clickpesa/objects.py": "the vendor's amounts, told exactly or not at all; shillings, rounded up",
    "providers/clickpesa/settings.py": "rates, which are decimal",
    "providers/clickpesa/references.py": "digits of a reference",
    "providers/sandbox/clickpesa/api.py": "seconds, and numbers of the stand-in's answers",
    "providers/sandbox/clickpesa/payments.py": "a text of the stand-in",
    "providers/sandbox/stripe/api.py": "seconds to wait",
    "providers/sandbox/stripe/checkout.py": "the fee of a stand-in for the vendor, which rounds it",
    "providers/sandbox/stripe/hosted.py": "cents of a text on the sandbox's page",
    "providers/sandbox/delivery.py": "fractions of a second",
}
"""Modules that divide, and what."""
NUMBERS = {"round", "float", "Decimal", "divmod"}


def divisions(path: Path) -> Iterator[int]:
    """The lines where a module divides, or leaves whole numbers; `/` with a text beside it joins a path."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.BinOp(op=ast.Div(), left=left, right=right) if _text(left) or _text(right):
                continue
            case ast.BinOp(op=ast.Div() | ast.FloorDiv()):
                yield node.lineno
            case ast.Call(func=ast.Name(id=name)) if name in NUMBERS:
                yield node.lineno


def _text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_nothing_else_rounds() -> None:
    modules = [path for room in ("handlers", "providers") for path in (ROOT / room).rglob("*.py")]
    found = {str(path.relative_to(ROOT)): lines for path in modules if (lines := list(divisions(path)))}
    unexpected = {name: lines for name, lines in found.items() if name not in MAY_ROUND}
    assert not unexpected, "a charge is rounded once, in pricing; say above what else is divided"
    assert MAY_ROUND.keys() <= found.keys(), "a reason for a module that does not divide"


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=40), st.integers(1, 10**6))
def test_many_small_charges_cost_what_their_sum_costs(amounts: list[int], credit: int) -> None:
    """To the nano-dollar, whatever lots they are taken from and wherever debt begins."""
    lots = {str(place): Lot(str(place), "purchased", credit, credit, str(place)) for place in range(3)}
    balances: dict[rules.Part, int] = {"purchased": -3 * credit}
    for amount in amounts:
        wallet = Wallet.of("u", balances, lots.values())
        rules.charge(wallet, "revenue:llm", amount)
        assert [line.amount for line in wallet.lines if line.account == "revenue:llm"] == [-amount]
        balances, lots = dict(wallet.balances), lots | wallet.changed
    assert Wallet.of("u", balances, lots.values()).credit_balance == 3 * credit - sum(amounts)


@settings(deadline=None)
@given(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=8))
def test_what_is_shown_in_cents_adds_up_to_its_total(amounts: list[int]) -> None:
    shown = in_cents(amounts)
    assert sum(amount.cents for amount in shown) == Money(sum(amounts)).cents
    for exact, cents in zip(amounts, shown, strict=True):
        assert cents % 10_000_000 == 0
        assert abs(Fraction(cents - exact, 10_000_000)) < 1


def test_the_largest_remainder_is_rounded_up() -> None:
    assert [str(amount) for amount in in_cents([6_000_000, 13_000_000, 2_000_000])] == ["0.01", "0.01", "0.00"]
    assert [str(amount) for amount in in_cents([6_000_000, 19_000_000, -5_000_000])] == ["0.01", "0.02", "-0.01"]
    assert in_cents([]) == []
