"""What happens to links, pushes and their payments; each step tells its event."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from codegen.runtime.context import Clock
from providers.sandbox.clickpesa.signing import compact
from providers.sandbox.delivery import Deliveries
from providers.sandbox.store import Store

VENDOR = "clickpesa"
JsonObject = dict[str, Any]
FINAL = frozenset({"FAILED", "REFUNDED", "REVERSED"})
WAITING = frozenset({"PROCESSING", "PENDING", "ON-HOLD"})


class Refused(Exception):
    """ClickPesa's answer to what it does not carry out. `listed`: in the newer form, where the message is a list."""

    def __init__(self, message: str, status: int = 400, *, listed: bool = False) -> None:
        super().__init__(message)
        self.status, self.listed = status, listed

    def body(self) -> JsonObject:
        if self.listed:
            return {"statusCode": self.status, "message": [str(self)], "error": "Bad Request"}
        return {"message": str(self)}


class Payments:
    """Links by their order reference, payments by their id, over the sandbox's store."""

    def __init__(self, store: Store, deliveries: Deliveries, clock: Clock, client_id: str, page_url: str) -> None:
        self._store, self._deliveries, self._clock = store, deliveries, clock
        self._client_id, self._page_url = client_id, page_url

    # --- reading ------------------------------------------------------------------------------------------------

    def now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def switch(self, name: str, default: Any = None) -> Any:
        found = self._store.switches(VENDOR).get(name)
        return default if found is None else found

    def link(self, reference: str) -> JsonObject:
        found = self._store.get(VENDOR, "link", reference)
        if found is None:
            raise Refused(f"Invalid or missing order: {reference}", 404)
        return found

    def find(self, key: str) -> JsonObject:
        """A payment by its id, or the latest of an order."""
        found = self._store.get(VENDOR, "payment", key)
        if found is None:
            of_order = self.of_order(key)
            if not of_order:
                raise Refused(f"Invalid or missing payment: {key}", 404)
            found = of_order[0]
        return found

    def all(self) -> list[JsonObject]:
        """Newest first."""
        return self._store.all(VENDOR, "payment")

    def of_order(self, reference: str) -> list[JsonObject]:
        """The payments of an order, newest first."""
        return [each for each in self.all() if each["orderReference"] == reference]

    # --- links and pushes ---------------------------------------------------------------------------------------

    def make_link(self, asked: Mapping[str, str], total: str) -> JsonObject:
        """The same link for the same order until it is paid, or `links_once`: never again."""
        reference = asked["orderReference"]
        made = {
            "id": reference,
            "checkoutLink": f"{self._page_url}/{reference}",
            "total": total,
            "currency": asked["orderCurrency"],
            "description": asked.get("description", "Payment"),
        }
        known = self._store.get(VENDOR, "link", reference)
        if self.of_order(reference) or (known is not None and (known != made or self.switch("links_once"))):
            raise Refused(f"Order reference {reference} already used: Create a different reference", 409)
        self._store.put(VENDOR, "link", made)
        return made

    def push(self, reference: str, amount: str, phone: str) -> JsonObject:
        """Ask on a phone, which may answer by itself where it is switched so."""
        if self.of_order(reference) or self._store.get(VENDOR, "link", reference) is not None:
            raise Refused(f"Order reference {reference} already used: Create a different reference", 409)
        payment = self._new(reference, amount, "TZS", phone)
        answer = self.switch("phone_answers", "ask")
        if answer == "approve":
            return self.succeed(payment["id"])
        return self.fail(payment["id"]) if answer == "decline" else payment

    def pay(self, reference: str, phone: str = "255700000000") -> JsonObject:
        """Somebody pays a link, or approves the push that waits; a link may be paid more than once."""
        waiting = [each for each in self.of_order(reference) if each["status"] in WAITING]
        return self.succeed(waiting[0]["id"] if waiting else self.begin(reference, phone)["id"])

    def begin(self, reference: str, phone: str = "255700000000") -> JsonObject:
        """Somebody begins to pay a link: what becomes of it comes later."""
        link = self.link(reference)
        return self._new(reference, link["total"], link["currency"], phone)

    def _new(self, reference: str, amount: str, currency: str, phone: str) -> JsonObject:
        now = self.now()
        payment = {
            "id": f"{reference}LCP{secrets.token_hex(3).upper()}",
            "status": "PROCESSING",
            "paymentReference": secrets.token_hex(9),
            "paymentPhoneNumber": phone,
            "orderReference": reference,
            "collectedAmount": amount,
            "collectedCurrency": currency,
            "message": "Processing",
            "channel": "TIGO-PESA",
            "createdAt": now,
            "updatedAt": now,
            "customer": {
                "customerName": "Zoë / Sample",
                "customerPhoneNumber": phone,
                "customerEmail": "buyer@example.org",
            },
            "clientId": self._client_id,
        }
        self._store.put(VENDOR, "payment", payment)
        return payment

    # --- what becomes of a payment ------------------------------------------------------------------------------

    def succeed(self, key: str) -> JsonObject:
        payment = self._waiting(key)
        odd = self.switch("settle_as", {})
        payment["collectedAmount"] = str(odd.get("amount", payment["collectedAmount"]))
        payment["collectedCurrency"] = odd.get("currency", payment["collectedCurrency"])
        return self.become(payment["id"], "SUCCESS", "success", told=True, payment=payment)

    def fail(self, key: str, message: str = "Insufficient balance") -> JsonObject:
        return self.become(self._waiting(key)["id"], "FAILED", message, told=True)

    def _waiting(self, key: str) -> JsonObject:
        payment = self.find(key)
        if payment["status"] not in WAITING:
            raise Refused(f"This payment is {payment['status']}.")
        return payment

    def become(
        self, key: str, status: str, message: str, *, told: bool, payment: JsonObject | None = None
    ) -> JsonObject:
        """A payment gets another status, and its event is told or not."""
        payment = (payment or self.find(key)) | {"status": status, "message": message, "updatedAt": self.now()}
        self._store.put(VENDOR, "payment", payment)
        if told:
            self.tell("PAYMENT FAILED" if status == "FAILED" else "PAYMENT RECEIVED", self._data(payment))
        return payment

    def tell(self, name: str, data: JsonObject) -> None:
        """Queue a webhook. A failure is spelled `eventType`, as it is documented, everything else as it is switched."""
        spelling = "eventType" if name == "PAYMENT FAILED" else self.switch("webhook_spelling", "event")
        if name in self.switch("webhook_lost", ()):
            return
        event = f"{data.get('id') or data.get('paymentId')}:{data.get('status')}"
        self._deliveries.add(VENDOR, event, compact({spelling: name, "data": data}).encode())

    def _data(self, payment: JsonObject) -> JsonObject:
        """What a webhook says of a payment: of one that failed no amount, in the older form under other names."""
        amount = str(self.switch("webhook_amount", payment["collectedAmount"]))
        times = {name: payment[name] for name in ("createdAt", "updatedAt")}
        common = {"status": payment["status"], "orderReference": payment["orderReference"], **times}
        if payment["status"] == "FAILED":
            return {"id": payment["id"], "message": payment["message"], **common}
        customer = payment["customer"]
        if self.switch("webhook_data", "new") == "old":
            named = {"name": customer["customerName"], "phone": customer["customerPhoneNumber"]}
            said = {"amount": f"{Decimal(amount):.2f}", "currency": payment["collectedCurrency"], "customer": named}
            return {"paymentId": payment["id"], **said, **common}
        said = {name: payment[name] for name in ("paymentReference", "collectedCurrency", "message", "channel")}
        return {"id": payment["id"], **said, "collectedAmount": amount, "customer": customer, **common}
