"""The headers of every page: a page may load what we serve, send forms to us and to payment pages, nothing more."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from handlers.settings import Settings

PAYMENT_PAGES = {"stripe": "https://checkout.stripe.com", "clickpesa": "https://*.clickpesa.com"}
"""Where a provider's hosted pages are, as sources of a policy. Browsers apply `form-action` to redirects too."""


def content_security_policy(settings: Settings, providers: Iterable[str]) -> str:
    """The policy of all pages. A provider whose pages are not known may be anywhere on https."""
    if settings.sandbox_url is not None:
        parts = urlsplit(settings.sandbox_url)
        targets = [f"{parts.scheme}://{parts.netloc}"]
    else:
        targets = sorted({PAYMENT_PAGES.get(name, "https:") for name in providers})
    return "; ".join(
        [
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            " ".join(["form-action 'self'", *targets]),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


def page_headers(policy: str) -> dict[str, str]:
    """Headers of a page. With `same-origin`, forms still tell their origin to us, and links tell nobody."""
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Cache-Control": "no-store",
    }
