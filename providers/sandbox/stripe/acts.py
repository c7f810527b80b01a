"""The sandbox's switches and acts of Stripe: every way in which a payment may fail, and whatever the vendor does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from providers.sandbox.store import Store
from providers.sandbox.stripe import objects
from providers.sandbox.stripe.checkout import VENDOR, Checkout, JsonObject
from providers.sandbox.stripe.money_back import MoneyBack
from providers.sandbox.switches import Switch, counts, fields, flag, moment, names, seconds

Act = tuple[str, Callable[[JsonObject], JsonObject]]

SWITCHES: Mapping[str, Switch] = {
    "decline_all": flag("true: every card is declined"),
    "api_fail": counts('{"status": 500, "count": 2}: the next calls fail so and do nothing', "status", "count"),
    "answers_lost": counts('{"count": 2}: the next POSTs are carried out, but answered with 500', "count"),
    "api_slow": seconds("seconds before each answer of the API"),
    "settle_as": fields(
        '{"amount": 900, "currency": "eur"}: payments come in other than asked for', "amount", "currency"
    ),
    "webhook_lost": names('["charge.refunded", …]: events of these types are never delivered'),
    "event_time": moment("Unix time that events claim to be of; 0: the true one"),
    "livemode": flag("true: events claim to be of the live mode"),
    "refunds_wait": flag("true: refunds stay pending until the act settle_refund"),
    "fees": counts(
        '{"percent": 2.9, "fixed": 30, "dispute": 1500}: what the vendor keeps, in cents', "percent", "fixed", "dispute"
    ),
}


def acts(store: Store, checkout: Checkout, money_back: MoneyBack) -> Mapping[str, Act]:
    """Each act's name, what it does and needs, and the act."""

    def arrive(succeeded: bool) -> Callable[[JsonObject], JsonObject]:
        def act(asked: JsonObject) -> JsonObject:
            checkout.arrive(asked["session"], succeeded=succeeded)
            return {}

        return act

    def pay(asked: JsonObject) -> JsonObject:
        by_bank = asked.get("method") == "bank_debit"
        return (checkout.pay_later if by_bank else checkout.pay)(asked["session"], "buyer@example.org")

    def foreign(asked: JsonObject) -> JsonObject:
        return foreign_payment(checkout, asked.get("client_reference_id"), int(asked.get("amount", 1000)))

    def tell(asked: JsonObject) -> JsonObject:
        checkout.tell(asked["type"], asked["object"], fields=asked.get("fields"))
        return {}

    def account_fee(asked: JsonObject) -> JsonObject:
        of = {"currency": str(asked.get("currency", "usd"))}
        return {"balance_transaction": checkout.moved(of, -int(asked["amount"]), "fee")}

    def forget_keys(asked: JsonObject) -> JsonObject:
        store.forget_answers(VENDOR, checkout.now() + 1)
        return {}

    return {
        "pay": ("pay a session without its page; session, method: card or bank_debit", pay),
        "settle_delayed": ("a bank debit's money arrives; session", arrive(True)),
        "fail_delayed": ("a bank debit's money never arrives; session", arrive(False)),
        "expire": ("a session's time is over; session", lambda asked: checkout.expire(asked["session"])),
        "refund": (
            "refund in the vendor's dashboard; payment_intent, amount (cents, default the rest)",
            lambda asked: money_back.refund({name: asked[name] for name in asked if name != "act"}),
        ),
        "settle_refund": ("a pending refund arrives; refund", lambda asked: money_back.settle_refund(asked["refund"])),
        "fail_refund": ("a refund comes back; refund", lambda asked: money_back.fail_refund(asked["refund"])),
        "inquire": (
            "a payer's bank asks about a payment, which moves no money; payment_intent, amount (cents, default all)",
            lambda asked: money_back.dispute(asked["payment_intent"], asked.get("amount"), inquiry=True),
        ),
        "escalate": ("an inquiry becomes a chargeback; dispute", lambda asked: money_back.escalate(asked["dispute"])),
        "close_inquiry": (
            "an inquiry ends without a chargeback; dispute",
            lambda asked: money_back.close_inquiry(asked["dispute"]),
        ),
        "dispute": (
            "a payer contests a payment; payment_intent, amount (cents, default all)",
            lambda asked: money_back.dispute(asked["payment_intent"], asked.get("amount")),
        ),
        "dispute_won": ("the dispute ends for us; dispute", lambda asked: money_back.win(asked["dispute"])),
        "dispute_lost": ("the dispute ends against us; dispute", lambda asked: money_back.lose(asked["dispute"])),
        "dispute_reinstated": (
            "a lost dispute is won on appeal; dispute",
            lambda asked: money_back.win_appeal(asked["dispute"]),
        ),
        "foreign": (
            "another program on the account takes a payment; client_reference_id, amount (cents)",
            foreign,
        ),
        "tell": ("send any event; type, object, fields (other fields of the event: account, created …)", tell),
        "account_fee": (
            "the vendor takes a fee of the account, for no payment; amount (cents, negative gives one back), currency",
            account_fee,
        ),
        "forget_keys": ("the vendor forgets the idempotency keys of all calls so far", forget_keys),
    }


def foreign_payment(checkout: Checkout, reference: Any, amount: int) -> JsonObject:
    """A paid session of another program, without our metadata: it has its own reference, or none."""
    now = checkout.now()
    params = {"mode": "payment", "client_reference_id": reference, "success_url": "https://other.example/"}
    session = objects.session(
        params, amount=amount, currency="usd", now=now, expires_at=now + 3600, page="https://other.example"
    )
    session["metadata"] = None
    checkout.put("checkout.session", session)
    return checkout.pay(session["id"], "buyer@other.example")
