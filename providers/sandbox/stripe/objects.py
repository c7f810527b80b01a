"""Stripe's objects as its API answers them; only what our calls read and what the published samples always hold."""

from __future__ import annotations

import secrets
from typing import Any

from stripe._api_version import _ApiVersion

API_VERSION = _ApiVersion.CURRENT
JsonObject = dict[str, Any]


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def session(params: JsonObject, *, amount: int, currency: str, now: int, expires_at: int, page: str) -> JsonObject:
    """A Checkout session just created. `page` is the hosted pages' address; amounts are in minor units."""
    key = f"cs_test_{secrets.token_hex(24)}"
    return {
        "id": key,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "allow_promotion_codes": None,
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": now,
        "currency": currency,
        "currency_conversion": None,
        "customer": None,
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "expires_at": expires_at,
        "invoice": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata") or {},
        "mode": params["mode"],
        "payment_intent": None,
        "payment_link": None,
        "payment_method_options": {},
        "payment_method_types": ["card", "us_bank_account"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "setup_intent": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{page}/{key}#fid-{secrets.token_urlsafe(12)}",
        "_line_items": params.get("line_items", []),
        "_payment_intent_metadata": (params.get("payment_intent_data") or {}).get("metadata") or {},
    }


def payment_intent(of: JsonObject, now: int, method: str) -> JsonObject:
    return {
        "id": new_id("pi"),
        "object": "payment_intent",
        "amount": of["amount_total"],
        "amount_received": 0,
        "canceled_at": None,
        "capture_method": "automatic",
        "client_secret": None,
        "created": now,
        "currency": of["currency"],
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": of["_payment_intent_metadata"],
        "payment_method_types": [method],
        "status": "requires_payment_method",
        "_session": of["id"],
    }


def charge(intent: JsonObject, now: int, method: str) -> JsonObject:
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": True,
        "created": now,
        "currency": intent["currency"],
        "customer": None,
        "dispute": None,
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method_details": {"type": method},
        "refunded": False,
        "status": "pending",
    }


def refund(of: JsonObject, amount: int, now: int, params: JsonObject) -> JsonObject:
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": of["id"],
        "created": now,
        "currency": of["currency"],
        "destination_details": {"card": {"type": "reversal"}, "type": "card"},
        "metadata": params.get("metadata") or {},
        "payment_intent": of["payment_intent"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending",
        "transfer_reversal": None,
    }


def dispute(of: JsonObject, amount: int, now: int) -> JsonObject:
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": of["id"],
        "created": now,
        "currency": of["currency"],
        "evidence_details": {"due_by": now + 7 * 86_400},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }


def balance_transaction(of: JsonObject, amount: int, fee: int, category: str, now: int) -> JsonObject:
    """What moved the account's balance: `amount` in minor units, negative where it went out."""
    kinds = {"dispute": "adjustment", "dispute_reversal": "adjustment", "fee": "stripe_fee"}
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now,
        "created": now,
        "currency": of["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [
            {"amount": fee, "application": None, "currency": of["currency"], "description": None, "type": "stripe_fee"}
        ]
        if fee
        else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": of.get("id"),
        "status": "available",
        "type": kinds.get(category, category),
    }


def event(
    kind: str, of: JsonObject, now: int, *, request: str | None, key: str | None, previous: JsonObject | None = None
) -> JsonObject:
    data: JsonObject = {"object": public(of)}
    if previous is not None:
        data["previous_attributes"] = previous
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": request, "idempotency_key": key},
        "type": kind,
        "data": data,
    }


def public(of: JsonObject) -> JsonObject:
    """An object as it is sent: without what only the sandbox keeps (`_…`)."""
    return {name: value for name, value in of.items() if not name.startswith("_")}
