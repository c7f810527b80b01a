"""Money: no floats, no amount without a currency, nothing that moves it twice."""

from collections.abc import Iterator, Sequence

from codegen.model import INTEGER_BOUNDS, Field, Param, Primitive
from codegen.model.casing import to_snake
from codegen.rules.lint import Found, Subject, found, rule, with_fields
from codegen.source.catalog_lint import AMOUNT_WITHOUT_CURRENCY, FLOAT_MONEY, MONEY_WITHOUT_KEY

_WORDS = frozenset(
    {
        "amount",
        "balance",
        "charge",
        "cost",
        "credit",
        "debit",
        "debt",
        "discount",
        "fee",
        "fees",
        "money",
        "paid",
        "payment",
        "payout",
        "price",
        "refund",
        "revenue",
        "salary",
        "tax",
        "wage",
    }
)
_UNITS = frozenset(["cents", "minor", "micros", "nanos"])
_CURRENCIES = frozenset(["chf", "eur", "gbp", "jpy", "tzs", "usd"])


def is_amount(name: str) -> bool:
    """Whether a name says that it is a sum of money: `price`, `amount_minor`, `balance_cents`."""
    words = [word for word in name.split("_") if word not in _CURRENCIES]
    if not words:
        return False
    return words[-1] in _WORDS or words[-1] == "cents" or (words[-1] in _UNITS and not _WORDS.isdisjoint(words))


@rule(FLOAT_MONEY)
def float_money(subject: Subject) -> Iterator[Found]:
    for value in subject.values():
        primitive = subject.primitive(value.type)
        if primitive in ("f32", "f64") and is_amount(value.name):
            yield found(value, type=primitive)


@rule(AMOUNT_WITHOUT_CURRENCY)
def amount_without_currency(subject: Subject) -> Iterator[Found]:
    """Whole numbers that are amounts; the currency may stand beside them, or in the name of the field or its type."""
    for module in subject.program.modules:
        for holder in with_fields(module):
            for field in holder.fields:
                if (
                    is_amount(field.name)
                    and subject.primitive(field.type) in INTEGER_BOUNDS
                    and _CURRENCIES.isdisjoint(_words(subject, field))
                    and not _currency_beside(subject, field, holder.fields)
                ):
                    yield found(field)


def _words(subject: Subject, field: Field) -> list[str]:
    """The words of its name and of the aliases in its type: `fee_usd`, `UsdCents`."""
    names = [field.name, *(to_snake(alias.name) for alias in subject.program.aliases_of(field.type))]
    return [word for name in names for word in name.split("_")]


def _currency_beside(subject: Subject, field: Field, fields: Sequence[Field]) -> bool:
    stem = field.name.removesuffix("_cents").removesuffix("_minor")
    return any(
        other.name.split("_")[-1] == "currency"
        or (subject.primitive(other.type) == "money" and other.name in (stem, f"{stem}_amount"))
        for other in fields
    )


@rule(MONEY_WITHOUT_KEY)
def money_without_key(subject: Subject) -> Iterator[Found]:
    """A method that writes and takes an amount, without an idempotency key."""
    for method in subject.methods():
        amount = next((param for param in method.params if _moves(subject, param)), None)
        if amount is not None and not method.safe and method.idempotent is None:
            yield Found(method.span, {"method": method.name, "name": amount.name})


def _moves(subject: Subject, param: Param) -> bool:
    base = subject.program.base(param.type)
    if not isinstance(base, Primitive):
        return False
    return base.name == "money" or (is_amount(param.name) and (base.name in INTEGER_BOUNDS or base.name == "decimal"))
