"""The headers of every page: a page may load what we serve, send forms to us and to payment pages, nothing more."""

from __future__ import annotations

from collections.abc import Iterable


def content_security_policy(form_targets: Iterable[str]) -> str:
    """The policy of all pages. `form_targets` are origins of others to which a form may lead: browsers apply
    `form-action` to redirects too."""
    return "; ".join(
        [
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            " ".join(["form-action 'self'", *sorted(form_targets)]),
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
