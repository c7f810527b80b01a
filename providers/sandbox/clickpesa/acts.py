"""The sandbox's switches and acts of ClickPesa: every way in which a payment may fail, and whatever the vendor does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from providers.sandbox.clickpesa.payments import VENDOR, Payments
from providers.sandbox.store import Store
from providers.sandbox.switches import Switch, counts, fields, flag, names, one_of, seconds, word

JsonObject = dict[str, Any]
Act = tuple[str, Callable[[JsonObject], JsonObject]]

SWITCHES: Mapping[str, Switch] = {
    "decline_all": flag("true: whatever is tried on the hosted page fails"),
    "phone_answers": one_of(
        "ask (default: a person answers on the page /clickpesa/phone), approve, or decline", "ask", "approve", "decline"
    ),
    "api_fail": counts('{"status": 500, "count": 2}: the next calls fail so and do nothing', "status", "count"),
    "answers_lost": counts('{"count": 2}: the next POSTs are carried out, but answered with 500', "count"),
    "api_slow": seconds("seconds before each answer of the API"),
    "settle_as": fields(
        '{"amount": "900", "currency": "TZS"}: payments come in other than asked for', "amount", "currency"
    ),
    "links_once": flag("true: a link is made once; asked for again its order reference is already used"),
    "token_life": seconds("seconds that new tokens are good (default 3600)"),
    "checksum": one_of(
        "of requests: canonical (default), old, or off; other than before it ends all tokens", "canonical", "old", "off"
    ),
    "webhook_checksum": one_of(
        "of webhooks: canonical (default), old, header (in X-ClickPesa-Signature), or none",
        "canonical",
        "old",
        "header",
        "none",
    ),
    "webhook_spelling": one_of(
        "event (default) or eventType: under which name PAYMENT RECEIVED stands", "event", "eventType"
    ),
    "webhook_data": one_of("new (default) or old: the names in what a webhook says", "new", "old"),
    "webhook_amount": word('what webhooks say was collected, such as "0"'),
    "webhook_lost": names('["PAYMENT RECEIVED", …]: these events are never delivered'),
    "return_url": word("where the hosted page sends people back to"),
}


def acts(store: Store, payments: Payments) -> Mapping[str, Act]:
    """Each act's name, what it does and needs, and the act."""

    def becomes(status: str, message: str) -> Callable[[JsonObject], JsonObject]:
        def act(asked: JsonObject) -> JsonObject:
            return payments.become(asked["payment"], status, message, told=bool(asked.get("tell")))

        return act

    def decline(asked: JsonObject) -> JsonObject:
        waiting = [each for each in payments.of_order(asked["order"]) if each["status"] == "PROCESSING"]
        return payments.fail((waiting[0] if waiting else payments.begin(asked["order"]))["id"])

    def foreign(asked: JsonObject) -> JsonObject:
        reference = str(asked.get("order", "INVOICE77"))
        payments.make_link({"orderReference": reference, "orderCurrency": "USD"}, str(asked.get("amount", "10.00")))
        return payments.pay(reference)

    def tell(asked: JsonObject) -> JsonObject:
        payments.tell(asked["event"], asked["data"])
        return {}

    def refuse_tokens(asked: JsonObject) -> JsonObject:
        for token in store.all(VENDOR, "token"):
            store.put(VENDOR, "token", {**token, "until": 0})
        return {}

    return {
        "pay": (
            "a link is paid, again if it was, or a push is approved; order",
            lambda asked: payments.pay(asked["order"]),
        ),
        "decline": ("a try to pay fails; order", decline),
        "begin": (
            "somebody begins to pay a link, and it is processed; order",
            lambda asked: payments.begin(asked["order"]),
        ),
        "settle_delayed": (
            "a payment that is processed succeeds; payment",
            lambda asked: payments.succeed(asked["payment"]),
        ),
        "fail_delayed": ("a payment that is processed fails; payment", lambda asked: payments.fail(asked["payment"])),
        "settle": (
            "money is in the merchant's account; payment, tell: true for a webhook",
            becomes("SETTLED", "settled"),
        ),
        "hold": ("the merchant has to act; payment, tell", becomes("ON-HOLD", "on hold")),
        "refund": ("returned before it was settled; payment, tell", becomes("REFUNDED", "refunded")),
        "reverse": ("returned after it was settled; payment, tell", becomes("REVERSED", "reversed")),
        "status": (
            "a payment gets any status; payment, status, tell",
            lambda asked: becomes(asked["status"], "switched")(asked),
        ),
        "foreign": ("another program on the account takes a payment; order, amount", foreign),
        "tell": ("send any event; event, data", tell),
        "refuse_tokens": ("no token is good any more", refuse_tokens),
    }
