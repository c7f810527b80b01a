"""How values are written for people: money, times, names of things. The filters of the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from markupsafe import Markup, escape

from codegen.runtime.values.types import Money

MINUS = "\u2212"
CENT = int(Money.from_cents(1))
MICRO = 1000


def money(amount: int, *, exact: bool = False, fine: bool = False, signed: bool = False) -> str:
    """`$1,234.56` from nano-dollars: whole cents rounded down, or with `exact` every decimal there is; with `fine` two
    digits, rounded towards zero, where it is something but less than a cent.

    `signed` writes a plus before what is positive.
    """
    if exact:
        shown = Money(amount)
    elif fine and 0 < abs(amount) < CENT:
        nano = abs(int(amount))  # the text of Money is in dollars: its length says nothing of the digits
        unit = 10 ** max(len(str(nano)) - 2, 0)
        shown = Money(nano // unit * unit * (-1 if amount < 0 else 1))
    else:
        shown = Money.from_cents(Money(amount).cents)
    whole, _, decimals = str(abs(shown)).partition(".")
    sign = MINUS if shown < 0 else "+" if signed and shown > 0 else ""
    return f"{sign}${int(whole):,}.{decimals}"


def in_cents(amounts: Sequence[int]) -> list[Money]:
    """Amounts in whole cents that add up to their sum in whole cents (rounded down): largest remainders go up."""
    return _in_units(amounts, CENT)


def in_micros(amounts: Sequence[int]) -> list[Money]:
    """The same in millionths of a dollar, for breakdowns."""
    return _in_units(amounts, MICRO)


def _in_units(amounts: Sequence[int], unit: int) -> list[Money]:
    whole = [amount // unit for amount in amounts]
    missing = sum(amounts) // unit - sum(whole)
    by_rest = sorted(range(len(amounts)), key=lambda place: whole[place] * unit - amounts[place])
    raised = set(by_rest[:missing])
    return [Money((each + (place in raised)) * unit) for place, each in enumerate(whole)]


def percent(basis_points: int) -> str:
    """`10 %` or `7.25 %` from hundredths of a percent."""
    text = f"{basis_points:03}"
    decimals = text[-2:].rstrip("0")
    return f"{text[:-2]}{'.' if decimals else ''}{decimals} %"


def when(moment: datetime, *, day: bool = False, beside: bool = False) -> Markup:
    """A `<time>`: `20 Nov 2026, 23:36 UTC`, or the `day` alone. `beside`: the reader's own time may stand beside it."""
    moment = moment.astimezone(UTC)
    text = f"{moment.day} {moment:%b %Y}" if day else f"{moment.day} {moment:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}"{}>{}</time>').format(
        f"{moment:%Y-%m-%dT%H:%M:%SZ}", Markup(" data-beside") if beside else "", text
    )


def day(value: date) -> str:
    """`20 Nov 2026`."""
    return f"{value.day} {value:%b %Y}"


def address(text: str) -> Markup:
    """A Mycelium address that may break after its colons."""
    return Markup(":<wbr>").join(escape(part) for part in text.split(":"))


def short(text: str) -> str:
    """The two ends of a long address."""
    return text if len(text) <= 16 else f"{text[:9]}…{text[-4:]}"


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser(user_agent: str | None) -> str:
    """`Firefox on Linux`, as the browser says of itself."""
    said = user_agent or ""
    name = next((name for token, name in _BROWSERS if token in said), "Unknown browser")
    system = next((name for token, name in _SYSTEMS if token in said), "")
    return f"{name} on {system}" if system else name


ACCOUNTS = {"purchased": "Purchased credit", "granted": "Granted credit", "receivable": "Debt", "held": "Held"}


def account(name: str) -> str:
    """An account of a user as its owner calls it."""
    return ACCOUNTS.get(name.rpartition(":")[2], name)


TRANSACTIONS = {
    "top_up": "Top-up",
    "refund": "Refund",
    "dispute_hold": "Held for a dispute",
    "dispute_release": "Dispute won",
    "dispute_loss": "Dispute lost",
    "grant": "Credit granted",
    "grant_expiry": "Granted credit expired",
    "usage": "Usage",
    "usage_void": "Usage taken back",
    "plan": "Plan",
    "adjustment": "Adjustment",
    "write_off": "Debt written off",
}


def transaction(kind: str) -> str:
    """What a transaction is called."""
    return TRANSACTIONS.get(kind, kind)


RESOURCES = {"hero_os_hour": "Hero OS", "llm_token": "Language model", "vm_hour": "Machine in a plan"}


def resource(kind: str) -> str:
    """What a kind of usage is called."""
    return RESOURCES.get(kind, kind.replace("_", " "))


UNITS = {"hero_os_hour": "hours", "vm_hour": "hours", "llm_token": "tokens"}


def decimal(number: Decimal) -> str:
    """Every digit there is, without an exponent."""
    return f"{number:f}"


def quantity(number: Decimal, kind: str) -> str:
    """`1,560 tokens`: every digit there is, in the unit of its kind."""
    return f"{number:,f} {UNITS.get(kind, '')}".rstrip()


def usage_commit(source: str) -> tuple[str, str] | None:
    """Node and commit of a source `usage:<node>@<commit>:…`; None for any other."""
    kind, _, rest = source.partition(":")
    node, _, place = rest.partition("@")
    commit = place.partition(":")[0]
    return (node, commit) if kind == "usage" and commit else None


def provider(titles: Mapping[str, str], name: str) -> str:
    """What people call a provider: as it says itself, by its name where it is not installed any more."""
    return titles.get(name, name)


def why(titles: Mapping[str, str], kind: str, reason: str, source: str) -> str:
    """Why a transaction was posted: its reason, or, where that says no more than its kind, what its source tells.
    `titles` are those of providers."""
    if reason != transaction(kind):
        return reason
    commit = usage_commit(source)
    if commit is not None:
        return f"Reported by node {commit[0]}"
    name, _, rest = source.partition(":")
    return f"Paid through {provider(titles, rest.partition(':')[0])}" if name == "payment" else source


TOP_UPS = {
    "open": ("Waiting for payment", "info"),
    "settled": ("Paid", "good"),
    "failed": ("Failed", "bad"),
    "expired": ("Expired", ""),
    "needs_review": ("Being looked at", "warn"),
    "refunded": ("Refunded", ""),
    "disputed": ("Disputed", "warn"),
}
"""Status of a top-up: what it is called, and its colour."""
