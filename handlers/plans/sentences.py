"""What users are told of their plans and of a balance that runs low, in notices and in the ledger."""

from __future__ import annotations

from datetime import UTC, datetime

from codegen.runtime.errors import DeclaredError
from codegen.runtime.values.types import Money
from generated.errors.onboarding import Frozen, InsufficientFunds, KycRequired
from handlers.ledger.amounts import dollars

NOT_WISHED = "It was not to be renewed."


def day(moment: datetime) -> str:
    """`5 Dec 2026`, in UTC."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y}"


def posting(name: str, end: datetime, renewed: bool) -> str:
    """The reason of a purchase in the ledger."""
    return f"{name}{' renewed' if renewed else ''}, until {day(end)}"


def hindrance(refused: DeclaredError | None) -> str:
    """Why a plan that was to be renewed was not, and what renews it."""
    match refused:
        case InsufficientFunds(needed=needed, balance=balance):
            want = f"Renewing costs ${needed} and your balance is {dollars(balance)}"
            return f"{want}: add credit in time, and it renews at once."
        case KycRequired():
            return "It was not renewed: verify your identity, then buy it again."
        case Frozen():
            return "It was not renewed: your spending is frozen. Buy it again when that is over."
    return "It was not renewed: this plan is not on offer any more. Buy another."


def ended(name: str, end: datetime, kept_until: datetime, why: str) -> str:
    """A period ended and was not renewed."""
    return (
        f"Your plan {name} ended on {day(end)}. {why} Its machines are stopped; their disks are kept until "
        f"{day(kept_until)}, then they are wiped. With a plan bought before that they start again."
    )


def renewed(name: str, cost: Money, end: datetime) -> str:
    """A period ended and the next one began."""
    return f"Your plan {name} was renewed for ${cost}, until {day(end)}. Your machines go on."


def ending(name: str, days: int, end: datetime, cost: Money, balance: Money, renew: bool) -> str:
    """A period ends soon."""
    left = "tomorrow" if days == 1 else f"in {days} days"
    begin = f"Your plan {name} ends {left}, on {day(end)}."
    if not renew:
        return f"{begin} It is not renewed: switch that on, or its machines stop then."
    if balance < cost:
        want = f"Renewing costs ${cost} and your balance is {dollars(balance)}"
        return f"{begin} {want}: add credit before, or its machines stop."
    return f"{begin} It is renewed for ${cost}."


def low_balance(balance: Money, threshold: Money) -> str:
    """A balance fell below the threshold of its user."""
    return (
        f"Your balance is {dollars(balance)}, below the ${threshold} at which you want to be told. Add credit to go on."
    )


def negative(balance: Money, limit: Money) -> str:
    """A balance fell below zero."""
    return (
        f"Your balance is {dollars(balance)}. You cannot buy plans or start machines until it is above zero; below "
        f"-${limit} services are suspended."
    )


def suspended(balance: Money, limit: Money) -> str:
    """Services are suspended."""
    return (
        f"Your balance is {dollars(balance)}, below the limit of -${limit}: your services are suspended. "
        "What a paid plan covers goes on. Add credit, and all of it is back at once."
    )


RESUMED = "Thank you: your services are back."
