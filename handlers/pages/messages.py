"""What pages say after a form: one table, from the slug in the address (`?error=`, `?event=`) to a sentence.

Every sentence says what happened and what to do. `{minimum}`, `{maximum}` and `{cap}` are the limits of the settings.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from codegen.runtime.values.types import Money
from handlers.pages.shown import money
from handlers.settings import Settings

Tone = Literal["good", "bad", "info"]


class Message(NamedTuple):
    """A sentence and its colour."""

    tone: Tone
    text: str


EVENTS = {
    "signed_in": "You are signed in.",
    "signed_out": "You are signed out. See you soon.",
    "signed_out_everywhere": "You are signed out on every device.",
    "session_ended": "That session is ended. Whoever used it has to sign in again.",
    "payment_cancelled": "You left the payment page without paying. Nothing was charged.",
    "top_up_started": "Confirm the payment on your phone. This page follows along.",
}

ERRORS = {
    "amount_invalid": "We could not read the amount. Write dollars and cents, like 25 or 25.50.",
    "amount_out_of_range": "One top-up is between {minimum} and {maximum}. Choose an amount in between.",
    "kyc_cap": "Without verification you can add up to {cap} in all. Choose a smaller amount, or verify first.",
    "phone_required": "This way to pay needs the phone number that pays. Add it and try again.",
    "provider_unavailable": "The payment provider does not answer at the moment. Nothing was charged; try again in a "
    "minute, or pay another way.",
    "provider_refused": "The payment provider did not accept the request. Nothing was charged; try another way to pay.",
    "unknown_provider": "That way to pay is not on offer. Choose one of those below.",
    "frozen": "New spending is frozen until your payment dispute is closed.",
    "insufficient_funds": "Your balance is too low for this. Add credit first.",
    "kyc_required": "Verify your identity first.",
    "conflict": "Somebody else is doing the same right now. Wait a moment and look again.",
    "not_found": "That is not there (any more).",
    "unauthorized": "Sign in first.",
    "forbidden": "That is not allowed here.",
    "rate_limited": "Too many tries in a short time. Wait a few minutes, then try again.",
    "form_expired": "That form had grown old, so nothing was done. Send it again.",
    "bad_request": "We could not read that. Give your public key (64 characters) or your Mycelium address.",
    "bad_origin": "The form came from another site, so nothing was done. Open the page here and try again.",
    "address_key_mismatch": "That key does not belong to that address. Check both with mycelium inspect.",
    "key_mismatch": "This address is known with another key. If you changed your key, write to the operator.",
    "public_key_required": "We do not know this address yet. Give its public key; mycelium inspect shows it.",
    "mycelium_unavailable": "We cannot send a message to your node at the moment. Use the login program instead.",
    "unavailable": "We cannot answer at the moment. Try again in a minute.",
    "internal": "Something broke on our side. Try again.",
    "proof_failed": "That did not work: the link, answer or code is wrong, too old or already used. Start again.",
}


class Messages:
    """The sentences, with the limits of this site."""

    def __init__(self, settings: Settings) -> None:
        limits = {
            "minimum": money(Money.from_cents(settings.top_up_min_cents)),
            "maximum": money(Money.from_cents(settings.top_up_max_cents)),
            "cap": money(Money.from_cents(settings.kyc_free_cap_cents)),
        }
        self._events = {slug: Message("good", text) for slug, text in EVENTS.items()}
        self._events["payment_cancelled"] = Message("info", EVENTS["payment_cancelled"])
        self._errors = {slug: Message("bad", text.format(**limits)) for slug, text in ERRORS.items()}

    def error(self, slug: str) -> Message | None:
        """The sentence of an error; None for a slug that is not in the table."""
        return self._errors.get(slug)

    def of(self, error: str | None, event: str | None) -> Message | None:
        """The sentence for what an address carries; an unknown slug says nothing."""
        return self._errors.get(error or "") or self._events.get(event or "")
