"""A vendor of payments in memory, reached over a socket: what a provider that is tried here talks to."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import socket
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

SIGNATURE = "sound-signature"
PAGE = 2
FEE = 30
"""Cents that the vendor keeps of each payment."""
_LISTENER = socket.create_server(("127.0.0.1", 0), backlog=128)


class TooMuch(Exception):
    """More than the rest of a payment."""

    def __init__(self, rest: int) -> None:
        super().__init__(rest)
        self.rest = rest


@dataclass
class Refund:
    ref: str
    key: str
    cents: int
    at: int


@dataclass
class Order:
    """A checkout at the vendor, with its payment once it is paid."""

    ref: str
    mark: str
    cents: int
    closed: bool = False
    payment: str | None = None
    paid_at: int = 0
    refunds: list[Refund] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        return sum(each.cents for each in self.refunds)


class Vendor:
    """An account. The same key is the same act; unknown names are a `KeyError`, a cut line is an `OSError`."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self._numbers = itertools.count(1)

    def reach(self) -> None:
        with socket.create_connection(_LISTENER.getsockname()):
            _LISTENER.accept()[0].close()

    def open(self, key: str, mark: str, cents: int) -> Order:
        self.reach()
        for order in self.orders.values():
            if f"cs_{key}" == order.ref:
                return order
        return self.orders.setdefault(f"cs_{key}", Order(f"cs_{key}", mark, cents))

    def order(self, ref: str) -> Order:
        self.reach()
        return self.orders[ref]

    def of_payment(self, payment: str) -> Order:
        self.reach()
        for order in self.orders.values():
            if order.payment == payment:
                return order
        raise KeyError(payment)

    def close(self, ref: str) -> Order:
        order = self.order(ref)
        order.closed = order.closed or order.payment is None
        return order

    def refund(self, key: str, payment: str, cents: int | None) -> Refund:
        order = self.of_payment(payment)
        for made in order.refunds:
            if made.key == key:
                return made
        rest = order.cents - order.refunded
        wanted = rest if cents is None else cents
        if not 0 < wanted <= rest:
            raise TooMuch(rest)
        order.refunds.append(Refund(f"re_{next(self._numbers)}", key, wanted, _now()))
        return order.refunds[-1]

    def paid_on(self, day: date, after: str | None) -> tuple[list[Order], str | None]:
        """A page of orders that were paid on a day, and where the next one begins."""
        self.reach()
        paid = [each for each in self.orders.values() if each.payment and _day(each.paid_at) == day]
        start = 0 if after is None else 1 + [each.payment for each in paid].index(after)
        page = paid[start : start + PAGE]
        return page, page[-1].payment if len(paid) > start + PAGE else None

    def refunded_on(self, day: date) -> list[tuple[Order, Refund]]:
        self.reach()
        made = [(order, refund) for order in self.orders.values() for refund in order.refunds]
        return [(order, refund) for order, refund in made if _day(refund.at) == day]

    def moved_on(self, day: date) -> list[tuple[Order, Refund | None]]:
        """What moved the balance on a day: payments, each with its fee, and refunds."""
        self.reach()
        paid = [(order, None) for order in self.orders.values() if order.payment and _day(order.paid_at) == day]
        return [*paid, *self.refunded_on(day)]

    def pay(self, ref: str) -> bytes:
        """Somebody pays; the body of the webhook that tells of it."""
        order = self.orders[ref]
        order.payment, order.paid_at = f"py_{next(self._numbers)}", _now()
        event = {
            "id": f"ev_{next(self._numbers)}",
            "type": "paid",
            "session": order.ref,
            "payment": order.payment,
            "mark": order.mark,
            "amount": order.cents,
            "at": order.paid_at,
        }
        return json.dumps(event).encode()


def signature(body: bytes, key: str, at: int | None = None) -> str:
    """What the vendor writes beside a body: the time, and a digest over both; now where no time is given."""
    at = _now() if at is None else at
    return f"{at}.{hmac.new(key.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"


def signed_at(header: str) -> int:
    """The time in a signature; long ago where there is none."""
    time = header.partition(".")[0]
    return int(time) if time.isdecimal() and time.isascii() else 0


def fits(header: str, body: bytes, key: str) -> bool:
    """Whether a body was signed so with a key, whenever that was."""
    return hmac.compare_digest(signature(body, key, signed_at(header)).encode(), header.encode())


def _now() -> int:
    return int(datetime.now(UTC).timestamp())


def _day(at: int) -> date:
    return datetime.fromtimestamp(at, UTC).date()
