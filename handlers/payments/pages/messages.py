"""What pages say about payments: slug → sentence, with the limits of this site or of a provider."""

from collections.abc import Mapping

from markupsafe import Markup

from codegen.runtime.values.types import Money
from handlers.domain import Tone
from handlers.pages.shown import money
from handlers.payments.limits import limits
from handlers.payments.settings import PaymentSettings

OUT_OF_RANGE = "amount_out_of_range"
ERRORS = {
    "amount_invalid": "We could not read the amount. Write dollars and cents, like 25 or 25.50.",
    OUT_OF_RANGE: "One top-up is between {minimum} and {maximum}. Choose an amount in between.",
    "kyc_cap": Markup(
        "Without verification you can add up to {cap} in all, payments that wait for you included. Choose a smaller "
        'amount, close a payment that you do not want any more, or <a href="/kyc">verify your identity</a> first.'
    ),
    "kyc_required": Markup('This asks for a verified identity. <a href="/kyc">Verify yours</a>, then try again.'),
    "phone_required": "This way to pay needs the phone number that pays, with its country code: 255712345678.",
    "phone_invalid": "We could not read the phone number. Write it with its country code, digits only: 255712345678.",
    "field_invalid": "We could not read the form. Check what you filled in, and send it again.",
    "provider_unavailable": "The payment provider does not answer at the moment. Try again in a minute, or pay another "
    "way.",
    "provider_refused": "The payment provider did not accept the request. Nothing was charged; try another way to pay.",
    "top_up_not_open": Markup(
        'This payment does not wait for you any more. <a href="/topup#payments">Your payments</a> say how it stands.'
    ),
    "unknown_provider": "That way to pay is not on offer. Choose one of those below.",
    "frozen": Markup(
        "New spending is frozen while a payment of yours is disputed, or until an operator unfreezes it. "
        '<a href="/ledger?account=held">See what is held</a>.'
    ),
    "insufficient_funds": Markup('Your balance is too low for this. <a href="/topup">Add credit</a>, then try again.'),
}

EVENTS: dict[str, tuple[Tone, str]] = {
    "payment_cancelled": ("info", "That payment is closed: it cannot be paid any more."),
    "top_up_started": ("good", "Confirm the payment on your phone. This page follows along."),
}


def errors(settings: PaymentSettings) -> Mapping[str, str]:
    """The sentences of the errors."""
    site = limits(settings, None)
    cap = money(Money.from_cents(settings.kyc_free_cap_cents))
    shown = {"minimum": money(site.least), "maximum": money(site.greatest), "cap": cap}
    return {slug: text.format(**shown) for slug, text in ERRORS.items()}


def out_of_range(least: Money, greatest: Money) -> str:
    """The sentence with the limits of one provider."""
    return ERRORS[OUT_OF_RANGE].format(minimum=money(least), maximum=money(greatest))
