"""Calls of Stripe's SDK: its answers as plain dictionaries, its errors as declared ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import stripe

from codegen.runtime.errors import NotFound
from generated.errors.onboarding import ProviderRefused, ProviderUnavailable

NAME = "stripe"
_REFERENCE = re.compile("[A-Za-z0-9_]{1,255}")


class Invalid(ProviderRefused):
    """A request that Stripe calls invalid, with its code and parameter."""

    def __init__(self, detail: str, code: str | None, param: str | None) -> None:
        super().__init__(provider=NAME, detail=detail)
        self.stripe_code, self.param = code, param


def call(act: Callable[[], Any]) -> dict[str, Any]:
    """Do it. Raises `NotFound`, `ProviderRefused` or `ProviderUnavailable`; no message carries a key."""
    try:
        answer: dict[str, Any] = act().to_dict()
    except (stripe.AuthenticationError, stripe.PermissionError):
        raise ProviderRefused(provider=NAME, detail="the account's key is not accepted") from None
    except stripe.InvalidRequestError as error:
        if error.http_status == 404 or error.code == "resource_missing":
            raise NotFound from None
        raise Invalid(error.user_message or "the request is invalid", error.code, error.param) from None
    except stripe.StripeError as error:
        raise ProviderUnavailable(provider=NAME, detail=type(error).__name__) from None
    return answer


def require_reference(reference: str) -> None:
    """What is no reference of theirs names nothing; in an address an empty one would name all."""
    if _REFERENCE.fullmatch(reference) is None:
        raise NotFound
