"""What the form for adding credit offers: ways to pay, amounts, limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from codegen.runtime.errors import InvalidParams
from codegen.runtime.values.types import Money
from generated.models.onboarding import PaymentCapabilities
from handlers.identity.secret import new_secret
from handlers.pages.visit import Visit
from handlers.payments.settings import PaymentSettings

PRESETS = (1000, 2500, 5000, 10000)
"""In cents."""
PRESELECTED = 2500
_DOLLARS = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,2}))?")
_CENTS = re.compile("[0-9]{1,9}")


class TopUpForm:
    """The providers by name with what they can do, and this site's limits."""

    def __init__(self, settings: PaymentSettings, providers: Mapping[str, PaymentCapabilities]) -> None:
        self._providers = providers
        self._minimum, self._maximum = settings.top_up_min_cents, settings.top_up_max_cents
        self._cap = settings.kyc_free_cap_cents

    def values(self, visit: Visit) -> dict[str, Any]:
        """What the form is drawn with; a refused amount stands in it again."""
        presets = [cents for cents in PRESETS if self._minimum <= cents <= self._maximum]
        given = visit.query("amount")[:20]
        provider = visit.query("provider")
        return {
            "providers": self._providers,
            "presets": [Money.from_cents(cents) for cents in presets],
            "preselected": None
            if given
            else Money.from_cents(PRESELECTED if PRESELECTED in presets else presets[0])
            if presets
            else None,
            "amount": given,
            "provider": provider if provider in self._providers else next(iter(self._providers), ""),
            "minimum": Money.from_cents(self._minimum),
            "maximum": Money.from_cents(self._maximum),
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
