"""What the form for adding credit offers: ways to pay, amounts, limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from codegen.runtime.errors import InvalidParams
from codegen.runtime.values.types import Money
from generated.models.onboarding import PaymentCapabilities, PaymentMethod
from handlers.identity.secret import new_secret
from handlers.pages.messages import Message
from handlers.pages.visit import Visit
from handlers.payments.limits import limits
from handlers.payments.pages.messages import OUT_OF_RANGE, out_of_range
from handlers.payments.settings import PaymentSettings

PRESETS = (1000, 2500, 5000, 10000)
"""In cents."""
PRESELECTED = 2500
_DOLLARS = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,2}))?")
_CENTS = re.compile("[0-9]{1,9}")


class TopUpForm:
    """The providers by name with what they can do, and the limits of each on this site; those that can ask on a phone
    (`pushes`), and whether all of them have a page for who gives no number."""

    def __init__(self, settings: PaymentSettings, providers: Mapping[str, PaymentCapabilities]) -> None:
        self._providers = dict(sorted(providers.items(), key=lambda each: each[1].title))
        asking = {name: can.methods for name, can in self._providers.items() if PaymentMethod.USSD_PUSH in can.methods}
        self._pushes = frozenset(asking)
        self._phone_optional = all(PaymentMethod.CHECKOUT in methods for methods in asking.values())
        self._site = limits(settings, None)
        self._limits = {name: limits(settings, able) for name, able in providers.items()}
        self._cap = settings.kyc_free_cap_cents

    def values(self, visit: Visit) -> dict[str, Any]:
        """What the form is drawn with, for the provider that is chosen; a refused amount stands in it again."""
        asked = visit.query("provider")
        provider = asked if asked in self._providers else next(iter(self._providers), "")
        least, greatest = self._limits.get(provider, self._site)
        presets = [cents for cents in PRESETS if least <= Money.from_cents(cents) <= greatest]
        given = visit.query("amount")[:20]
        refused = visit.query("error") == OUT_OF_RANGE
        return {
            **({"message": Message("bad", out_of_range(least, greatest))} if refused else {}),
            "providers": self._providers,
            "limits": self._limits,
            "pushes": self._pushes,
            "phone_optional": self._phone_optional,
            "presets": [Money.from_cents(cents) for cents in presets],
            "preselected": None
            if given
            else Money.from_cents(PRESELECTED if PRESELECTED in presets else presets[0])
            if presets
            else None,
            "amount": given,
            "provider": provider,
            "minimum": least,
            "maximum": greatest,
            "cap": Money.from_cents(self._cap),
            "form_token": new_secret(),
        }


ANYWHERE = ("https:",)


def form_targets(providers: Mapping[str, PaymentCapabilities]) -> set[str]:
    """Where the form may lead. A provider that does not tell where its pages are may have them anywhere on https."""
    return {str(origin) for can in providers.values() for origin in can.hosted_origins or ANYWHERE}


def cents_of(fields: Mapping[str, str]) -> int | None:
    """What a form asks for: dollars in `amount` where they are filled in, else `amount_cents`; None for no amount.

    `25`, `25.5`, `$25.50` and `1,000` are amounts.
    """
    dollars = fields.get("amount", "").strip().removeprefix("$").strip()
    if dollars:
        found = _DOLLARS.fullmatch(re.sub(r"(?<=\d),(?=\d{3}(\D|$))", "", dollars))
        return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else None
    cents = fields.get("amount_cents", "").strip()
    return int(cents) if _CENTS.fullmatch(cents) else None


SLUGS = {"phone": "phone_invalid", "provider": "unknown_provider", "form_token": "form_expired"}
"""What is said of a field that a call from outside could not have either."""


def slug_of(error: InvalidParams) -> str:
    """The slug of the first wrong field."""
    return SLUGS.get(error.errors[0]["path"], "field_invalid")
