"""What happens to a checkout: paid, declined, delayed, expired; each step tells its events."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from codegen.runtime.context import Clock
from providers.sandbox.delivery import Deliveries
from providers.sandbox.store import Store
from providers.sandbox.stripe import objects

VENDOR = "stripe"
JsonObject = dict[str, Any]
DEFAULT_LIFE = 24 * 3600
"""Seconds a session stays open where the caller asks for none."""


class Refused(Exception):
    """Stripe's answer to a request it does not carry out: HTTP status, error type, code, parameter."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.code, self.param = status, kind, code, param


class Checkout:
    """The state machine of sessions, intents and charges, over the sandbox's store."""

    def __init__(self, store: Store, deliveries: Deliveries, clock: Clock, page_url: Callable[[], str]) -> None:
        self._store, self._deliveries, self._clock, self._page_url = store, deliveries, clock, page_url

    def now(self) -> int:
        return int(self._clock.now().timestamp())

    def find(self, kind: str, key: str) -> JsonObject:
        found = self._store.get(VENDOR, kind, key)
        if found is None:
            raise Refused(f"No such {kind.replace('_', ' ')}: '{key}'", status=404, code="resource_missing", param="id")
        return found

    def put(self, kind: str, body: JsonObject) -> None:
        self._store.put(VENDOR, kind, body)

    def tell(
        self,
        kind: str,
        of: JsonObject,
        *,
        previous: JsonObject | None = None,
        fields: JsonObject | None = None,
    ) -> None:
        """Keep an event and queue its webhook. `fields` replace those of the event."""
        switches = self._store.switches(VENDOR)
        at = int(switches.get("event_time") or self.now())
        event = objects.event(kind, of, at, request=objects.new_id("req"), key=None, previous=previous)
        event |= {"livemode": bool(switches.get("livemode"))} | (fields or {})
        self.put("event", event)
        if kind not in (switches.get("webhook_lost") or ()):
            self._deliveries.add(VENDOR, event["id"], json.dumps(event, separators=(",", ":")).encode())

    def moved(self, of: JsonObject, amount: int, category: str) -> str:
        """Keep a balance transaction of a charge, refund or dispute; its id."""
        fees = self._store.switches(VENDOR).get("fees") or {}
        fee = 0
        if category == "charge":
            fee = round(amount * fees.get("percent", 0) / 100) + fees.get("fixed", 0)
        elif category == "dispute":
            fee = fees.get("dispute", 0)
        found = objects.balance_transaction(of, amount, fee, category, self.now())
        self.put("balance_transaction", found)
        return str(found["id"])

    # --- sessions -----------------------------------------------------------------------------------------------

    def create(self, params: JsonObject) -> JsonObject:
        if params.get("mode") != "payment":
            raise Refused("The sandbox knows payments only.", param="mode")
        amount, currency = _total(params.get("line_items") or [])
        now = self.now()
        expires_at = int(params.get("expires_at") or now + DEFAULT_LIFE)
        if not 30 * 60 - 60 <= expires_at - now <= DEFAULT_LIFE + 60:
            raise Refused(
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.", param="expires_at"
            )
        session = objects.session(
            params, amount=amount, currency=currency, now=now, expires_at=expires_at, page=self._page_url()
        )
        self.put("checkout.session", session)
        return session

    def session(self, key: str) -> JsonObject:
        """A session as it is now: one that is past its time is expired."""
        session = self.find("checkout.session", key)
        if session["status"] == "open" and session["expires_at"] <= self.now():
            return self.expire(key)
        return session

    def expire(self, key: str) -> JsonObject:
        session = self.find("checkout.session", key)
        if session["status"] != "open":
            raise Refused("Only open sessions can be expired.", code="session_not_open")
        session |= {"status": "expired", "url": None}
        self.put("checkout.session", session)
        self.tell("checkout.session.expired", session)
        return session

    # --- paying on the hosted page ------------------------------------------------------------------------------

    def decline(self, key: str, code: str = "card_declined") -> None:
        """A try with a card that its bank refuses; the session stays open."""
        session = self._payable(key)
        intent = self._intent(session, "card")
        charge = objects.charge(intent, self.now(), "card") | {
            "status": "failed",
            "failure_code": code,
            "failure_message": "Your card was declined.",
        }
        intent |= {
            "latest_charge": charge["id"],
            "status": "requires_payment_method",
            "last_payment_error": {"type": "card_error", "code": code, "message": "Your card was declined."},
        }
        self.put("charge", charge)
        self.put("payment_intent", intent)
        self.tell("charge.failed", charge)
        self.tell("payment_intent.payment_failed", intent)

    def pay(self, key: str, email: str) -> JsonObject:
        """A card that works: paid at once."""
        session = self._payable(key)
        intent = self._intent(session, "card")
        charge = objects.charge(intent, self.now(), "card")
        self._succeed(intent, charge)
        session |= self._complete(intent, email) | {"payment_status": "paid"}
        self.put("checkout.session", session)
        self.tell("checkout.session.completed", session)
        return session

    def pay_later(self, key: str, email: str) -> JsonObject:
        """A bank debit: the form is complete, the money comes later or never."""
        session = self._payable(key)
        intent = self._intent(session, "us_bank_account") | {"status": "processing"}
        charge = objects.charge(intent, self.now(), "us_bank_account")
        intent["latest_charge"] = charge["id"]
        self.put("charge", charge)
        self.put("payment_intent", intent)
        session |= self._complete(intent, email) | {"payment_status": "unpaid"}
        self.put("checkout.session", session)
        self.tell("payment_intent.processing", intent)
        self.tell("checkout.session.completed", session)
        return session

    def arrive(self, key: str, *, succeeded: bool) -> None:
        """What becomes of a bank debit."""
        session = self.find("checkout.session", key)
        intent = self.find("payment_intent", session["payment_intent"] or "")
        if intent["status"] != "processing":
            raise Refused("This payment is not under way.")
        charge = self.find("charge", intent["latest_charge"])
        if succeeded:
            self._succeed(intent, charge)
            session["payment_status"] = "paid"
            self.put("checkout.session", session)
            self.tell("checkout.session.async_payment_succeeded", session)
        else:
            charge |= {"status": "failed", "failure_code": "insufficient_funds"}
            intent["status"] = "requires_payment_method"
            self.put("charge", charge)
            self.put("payment_intent", intent)
            self.tell("charge.failed", charge)
            self.tell("payment_intent.payment_failed", intent)
            self.tell("checkout.session.async_payment_failed", session)

    def _payable(self, key: str) -> JsonObject:
        session = self.session(key)
        if session["status"] != "open":
            raise Refused("This session is not open any more.", code="session_not_open")
        odd = self._store.switches(VENDOR).get("settle_as") or {}
        if "amount" in odd:
            session |= {"amount_total": odd["amount"], "amount_subtotal": odd["amount"]}
        return session | {"currency": odd.get("currency", session["currency"])}

    def _intent(self, session: JsonObject, method: str) -> JsonObject:
        if session["payment_intent"]:
            return self.find("payment_intent", session["payment_intent"])
        intent = objects.payment_intent(session, self.now(), method)
        session["payment_intent"] = intent["id"]
        self.put("payment_intent", intent)
        self.put("checkout.session", session)
        self.tell("payment_intent.created", intent)
        return intent

    def _succeed(self, intent: JsonObject, charge: JsonObject) -> None:
        charge |= {
            "status": "succeeded",
            "paid": True,
            "amount_captured": charge["amount"],
            "balance_transaction": self.moved(charge, charge["amount"], "charge"),
        }
        intent |= {
            "status": "succeeded",
            "amount_received": intent["amount"],
            "latest_charge": charge["id"],
            "last_payment_error": None,
        }
        self.put("charge", charge)
        self.put("payment_intent", intent)
        self.tell("payment_intent.succeeded", intent)
        self.tell("charge.succeeded", charge)

    @staticmethod
    def _complete(intent: JsonObject, email: str) -> JsonObject:
        details = {
            "address": None,
            "business_name": None,
            "email": email,
            "individual_name": None,
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": None,
        }
        return {"status": "complete", "url": None, "payment_intent": intent["id"], "customer_details": details}


def _total(items: list[JsonObject]) -> tuple[int, str]:
    """Sum of all line items in minor units, and their one currency."""
    if not items:
        raise Refused("You must provide line_items in payment mode.", code="parameter_missing", param="line_items")
    total, currencies = 0, set()
    for place, item in enumerate(items):
        price = item.get("price_data")
        if price is None or price.get("unit_amount") is None:
            raise Refused(
                "The sandbox keeps no prices: give price_data with unit_amount.",
                param=f"line_items[{place}][price_data]",
            )
        if int(price["unit_amount"]) <= 0:
            raise Refused("Invalid positive integer", param=f"line_items[{place}][price_data][unit_amount]")
        total += int(price["unit_amount"]) * int(item.get("quantity") or 1)
        currencies.add(str(price["currency"]).lower())
    if len(currencies) != 1:
        raise Refused("All line items must have one currency.", param="line_items")
    if total < 50:
        raise Refused(
            "The Checkout Session's total amount due must add up to at least $0.50 usd", code="amount_too_small"
        )
    return total, currencies.pop()
