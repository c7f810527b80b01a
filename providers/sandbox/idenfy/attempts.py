"""What happens to an attempt: opened, approved, denied, suspected, expired, erased; each step sends its callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from codegen.runtime.context import Clock
from providers.sandbox.delivery import Deliveries
from providers.sandbox.idenfy import objects
from providers.sandbox.store import Store

VENDOR = "idenfy"
ATTEMPT = "attempt"
JsonObject = dict[str, Any]
DECIDED = ("APPROVED", "DENIED", "SUSPECTED")
SUSPICIONS = ["DOC_MOBILE_PHOTO", "AML_SUSPECTION"]


class Refused(Exception):
    """iDenfy's answer to a request it does not carry out."""

    def __init__(self, status: int, identifier: str, message: str) -> None:
        super().__init__(message)
        self.status, self.identifier = status, identifier


class Attempts:
    """The state machine of attempts, over the sandbox's store."""

    def __init__(self, store: Store, deliveries: Deliveries, clock: Clock, page_url: Callable[[], str]) -> None:
        self._store, self._deliveries, self._clock, self._page_url = store, deliveries, clock, page_url

    def now(self) -> int:
        return int(self._clock.now().timestamp())

    # --- the API ------------------------------------------------------------------------------------------------

    def create(self, asked: JsonObject) -> JsonObject:
        """A new attempt. The same client has no two at once."""
        client, now = asked["clientId"], self.now()
        for known in self._store.all(VENDOR, ATTEMPT):
            if known["_asked"]["clientId"] == client and self._seen(known)["_overall"] == "ACTIVE":
                raise Refused(409, "VALIDATION_ERROR", "Duplicate clientId: customer already has an active session.")
        attempt = objects.token(asked, now)
        self._put(attempt)
        return attempt

    def find(self, scan_ref: str) -> JsonObject:
        """An attempt as it is now."""
        found = self._store.get(VENDOR, ATTEMPT, scan_ref)
        if found is None:
            raise Refused(400, "TOKEN_NOT_VALID", "Token is not valid.")
        return self._seen(found)

    def by_token(self, token: str) -> JsonObject:
        for known in self._store.all(VENDOR, ATTEMPT):
            if known["_token"] == token:
                return self._seen(known)
        raise Refused(400, "TOKEN_NOT_VALID", "Token is not valid.")

    def erase(self, scan_ref: str) -> None:
        attempt = self.find(scan_ref)
        if attempt["_overall"] == "ACTIVE":
            raise Refused(400, "PARTNER_ERROR", "Token has not expired yet.")
        deleted = "EXPIRED-DELETED" if attempt["_overall"].startswith("EXPIRED") else "DELETED"
        self._put({**attempt, "_overall": deleted})

    def page(self, attempt: JsonObject) -> str:
        """Where a browser goes through an attempt."""
        return f"{self._page_url()}?authToken={attempt['_token']}"

    def _seen(self, attempt: JsonObject) -> JsonObject:
        """An attempt that nobody finished in time is expired, as soon as anybody looks at it."""
        asked, opened = attempt["_asked"], attempt["_opened"]
        ends = attempt["_created"] + int(asked.get("expiryTime", 3600))
        if opened is not None:
            ends = opened + int(asked.get("sessionLength", 600))
        return self.expire(attempt) if attempt["_overall"] == "ACTIVE" and self.now() >= ends else attempt

    # --- what a person does -------------------------------------------------------------------------------------

    def open(self, attempt: JsonObject) -> JsonObject:
        """The page was opened; from now on the session's length counts."""
        if attempt["_opened"] is None and attempt["_overall"] == "ACTIVE":
            attempt = {**attempt, "_opened": self.now()}
            self._put(attempt)
        return attempt

    def approve(self, attempt: JsonObject) -> JsonObject:
        return self._decide(attempt, "APPROVED", objects.GOOD, {})

    def deny(self, attempt: JsonObject, codes: Sequence[str]) -> JsonObject:
        """Codes of the document and of the face that are wrong; tags of what does not match."""
        document = next((code for code in codes if code.startswith(("DOC_", "MRZ_", "COUNTRY_"))), "DOC_VALIDATED")
        face = next((code for code in codes if "FACE" in code and not code.startswith("DOC_")), "FACE_MATCH")
        tags = {"mismatchTags": [code for code in codes if code not in (document, face)]}
        return self._decide(attempt, "DENIED", {**objects.GOOD, "autoDocument": document, "autoFace": face}, tags)

    def suspect(self, attempt: JsonObject) -> JsonObject:
        tags = {"suspicionReasons": SUSPICIONS, "fraudTags": SUSPICIONS}
        return self._decide(attempt, "SUSPECTED", objects.GOOD, tags)

    def review(self, attempt: JsonObject) -> JsonObject:
        """The machine approves, and people will look again: a callback that is not final."""
        attempt = self._finish(attempt, "REVIEWING", objects.GOOD, {})
        self.tell(attempt, "APPROVED", False)
        return attempt

    def expire(self, attempt: JsonObject) -> JsonObject:
        attempt = {**attempt, "_overall": "EXPIRED"}
        self._put(attempt)
        self.tell(attempt, "EXPIRED", None)
        return attempt

    def _decide(self, attempt: JsonObject, overall: str, codes: JsonObject, tags: JsonObject) -> JsonObject:
        """The automatic result; with the switch `manual` people decide otherwise afterwards."""
        manual = self._store.switches(VENDOR).get("manual")
        if not manual:
            attempt = self._finish(attempt, overall, codes, tags)
            self.tell(attempt, overall, True)
            return attempt
        first = self._finish(attempt, overall, codes, tags)
        second = {**first, "_overall": manual, "_codes": {**codes, **objects.PEOPLE_LOOKED}}
        told = [(first, overall, False), (second, manual, True)]
        if self._store.switches(VENDOR).get("manual_first"):
            told.reverse()
        for each, what, final in told:
            self.tell(each, what, final)
        self._put(second)
        return second

    def _finish(self, attempt: JsonObject, overall: str, codes: JsonObject, tags: JsonObject) -> JsonObject:
        if attempt["_overall"] not in ("ACTIVE", "REVIEWING"):
            raise Refused(400, "TOKEN_NOT_VALID", "Token is not valid.")
        now = self.now()
        attempt = {
            **attempt,
            "_opened": attempt["_opened"] or now,
            "_finished": now,
            "_overall": overall,
            "_codes": codes,
            "_tags": {**attempt["_tags"], **tags},
        }
        self._put(attempt)
        return attempt

    # --- callbacks ----------------------------------------------------------------------------------------------

    def tell(self, attempt: JsonObject, overall: str, final: bool | None) -> None:
        """Queue a callback, with characters escaped or not as the switch says: the signature is over the bytes."""
        switches = self._store.switches(VENDOR)
        if overall in (switches.get("webhook_lost") or ()):
            return
        body = objects.callback(attempt, overall, final)
        if at := switches.get("event_time"):
            body["finishTime"] = int(at)
        escaped = bool(switches.get("escaped", True))
        data = json.dumps(body, separators=(",", ":"), ensure_ascii=escaped).encode()
        self._deliveries.add(VENDOR, f"{attempt['id']}:{overall}:{final}", data)

    def _put(self, attempt: JsonObject) -> None:
        self._store.put(VENDOR, ATTEMPT, attempt)
