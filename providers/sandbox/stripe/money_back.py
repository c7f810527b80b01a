"""What happens to a payment afterwards: refunded, sent back, asked about, disputed, won, lost, won on appeal."""

from __future__ import annotations

from providers.sandbox.store import Store
from providers.sandbox.stripe import objects
from providers.sandbox.stripe.checkout import VENDOR, Checkout, JsonObject, Refused

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


class MoneyBack:
    """The state machine of refunds and disputes, over the sandbox's store."""

    def __init__(self, store: Store, checkout: Checkout) -> None:
        self._store, self._checkout = store, checkout

    # --- refunds ------------------------------------------------------------------------------------------------

    def refund(self, params: JsonObject) -> JsonObject:
        charge = self._charge_of(params)
        if params.get("reason") not in (None, *REASONS):
            raise Refused(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
        rest = charge["amount_captured"] - charge["amount_refunded"]
        if charge["disputed"] and not self._checkout.find("dispute", charge["dispute"])["is_charge_refundable"]:
            raise Refused("This charge is disputed.", code="charge_disputed")
        if rest <= 0:
            raise Refused("This charge has already been refunded.", code="charge_already_refunded")
        amount = int(params.get("amount", rest))
        if not 0 < amount <= rest:
            raise Refused(f"Refund amount ({amount}) is greater than unrefunded amount ({rest}).", param="amount")
        waits = bool(self._store.switches(VENDOR).get("refunds_wait"))
        status = "pending" if waits else "succeeded"
        refund = objects.refund(charge, amount, self._checkout.now(), params) | {"status": status}
        refund["balance_transaction"] = self._checkout.moved(refund, -amount, "refund")
        before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        self._checkout.put("refund", refund)
        self._checkout.put("charge", charge)
        self._checkout.tell("refund.created", refund)
        self._checkout.tell("charge.refunded", charge, previous=before)
        if not waits:
            self._checkout.tell("refund.updated", refund, previous={"status": "pending"})
        return refund

    def settle_refund(self, key: str) -> JsonObject:
        """A refund that was pending arrives."""
        refund = self._checkout.find("refund", key)
        if refund["status"] != "pending":
            raise Refused("This refund is not pending.")
        refund["status"] = "succeeded"
        self._checkout.put("refund", refund)
        self._checkout.tell("refund.updated", refund, previous={"status": "pending"})
        return refund

    def fail_refund(self, key: str) -> JsonObject:
        """A refund that the bank sends back, pending or after it had succeeded."""
        refund = self._checkout.find("refund", key)
        if refund["status"] == "failed":
            raise Refused("This refund has failed.")
        charge = self._checkout.find("charge", refund["charge"])
        refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
        refund["failure_balance_transaction"] = self._checkout.moved(refund, refund["amount"], "refund_failure")
        charge |= {"amount_refunded": charge["amount_refunded"] - refund["amount"], "refunded": False}
        self._checkout.put("refund", refund)
        self._checkout.put("charge", charge)
        self._checkout.tell("refund.failed", refund)
        return refund

    def _charge_of(self, params: JsonObject) -> JsonObject:
        if "charge" in params:
            return self._checkout.find("charge", params["charge"])
        if "payment_intent" not in params:
            raise Refused("One of the following params should be provided: payment_intent or charge.")
        intent = self._checkout.find("payment_intent", params["payment_intent"])
        if intent["status"] != "succeeded":
            raise Refused("This PaymentIntent does not have a successful charge to refund.", param="payment_intent")
        return self._checkout.find("charge", intent["latest_charge"])

    # --- disputes -----------------------------------------------------------------------------------------------

    def dispute(self, intent_id: str, amount: int | None = None, *, inquiry: bool = False) -> JsonObject:
        """A payer contests a payment, or as an inquiry first asks about it: then no money moves."""
        charge = self._charge_of({"payment_intent": intent_id})
        dispute = objects.dispute(charge, amount or charge["amount"], self._checkout.now())
        charge |= {"disputed": True, "dispute": dispute["id"]}
        self._checkout.put("charge", charge)
        if inquiry:
            dispute |= {"status": "warning_needs_response", "is_charge_refundable": True}
            self._told("created", dispute)
            return dispute
        self._told("created", dispute)
        self._withdraw(dispute)
        return dispute

    def escalate(self, key: str) -> JsonObject:
        """An inquiry becomes a chargeback."""
        dispute = self._in(key, "warning_needs_response")
        dispute |= {"status": "needs_response", "is_charge_refundable": False}
        self._told("updated", dispute, previous={"status": "warning_needs_response"})
        self._withdraw(dispute)
        return dispute

    def close_inquiry(self, key: str) -> JsonObject:
        """An inquiry ends, and nothing comes of it."""
        dispute = self._in(key, "warning_needs_response") | {"status": "warning_closed"}
        self._told("closed", dispute)
        return dispute

    def win(self, key: str) -> JsonObject:
        """A dispute ends for us."""
        return self._reinstate(self._in(key, "needs_response"), "closed")

    def lose(self, key: str) -> JsonObject:
        """A dispute ends against us."""
        dispute = self._in(key, "needs_response") | {"status": "lost"}
        self._told("closed", dispute)
        return dispute

    def win_appeal(self, key: str) -> JsonObject:
        """A lost dispute is won on appeal."""
        return self._reinstate(self._in(key, "lost"), "updated")

    def _in(self, key: str, status: str) -> JsonObject:
        dispute = self._checkout.find("dispute", key)
        if dispute["status"] != status:
            raise Refused(f"This dispute is {dispute['status']}, not {status}.")
        return dispute

    def _withdraw(self, dispute: JsonObject) -> None:
        dispute["balance_transactions"] = [self._checkout.moved(dispute, -dispute["amount"], "dispute")]
        self._told("funds_withdrawn", dispute)

    def _reinstate(self, dispute: JsonObject, step: str) -> JsonObject:
        dispute["status"] = "won"
        dispute["balance_transactions"].append(self._checkout.moved(dispute, dispute["amount"], "dispute_reversal"))
        self._told("funds_reinstated", dispute)
        self._told(step, dispute)
        return dispute

    def _told(self, step: str, dispute: JsonObject, previous: JsonObject | None = None) -> None:
        self._checkout.put("dispute", dispute)
        self._checkout.tell(f"charge.dispute.{step}", dispute, previous=previous)
