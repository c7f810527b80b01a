"""What must be mended before real money: settings that are missing, weak, a sandbox's, or contradictory.

Here are those of every site; each domain finds its own (`Domain.checks`), and each plugin (`PluginSettings.findings`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import SecretStr

from codegen.runtime.plugins.settings import MALFORMED, well_formed
from handlers.composition import load_domains
from handlers.domain import Domain, Problem
from handlers.origin import is_loopback
from handlers.plugins import findings
from handlers.settings import Settings

MINIMUM_SECRET = 24
"""Characters of a secret that people or machines may guess at."""


def problems(settings: Settings, domains: Sequence[Domain] | None = None) -> list[Problem]:
    """All of them; empty where nothing is to be mended."""
    found = [*_site(settings), *_admin_secret(settings)]
    for domain in load_domains() if domains is None else domains:
        if domain.checks is not None:
            found.extend(domain.checks(settings))
        for kind in domain.plugins:
            found.extend(findings(kind, settings))
    return found


def _site(settings: Settings) -> Iterator[Problem]:
    name = settings.variable
    if settings.public_url.startswith("http://"):
        yield Problem(
            "weak", name("public_url"), "an https:// origin is needed: cookies and login challenges rely on it"
        )
    elif is_loopback(settings.public_url):
        yield Problem("weak", name("public_url"), "nobody else can reach this machine's own address")
    if settings.database_url.startswith("sqlite") and settings.workers > 1:
        yield Problem("contradictory", name("workers"), "SQLite serves one process; use PostgreSQL for more")
    if (settings.host, settings.port) == (settings.admin_host, settings.admin_port):
        yield Problem("contradictory", name("admin_port"), "the operator pages need a port of their own")
    if settings.sandbox_url is not None:
        yield Problem("sandbox", name("sandbox_url"), "payments and identities would be make-believe")
    if settings.test_clock is not None:
        yield Problem("sandbox", name("test_clock"), "time would be make-believe, and with it periods and discounts")
    if not settings.rate_limits:
        yield Problem("weak", name("rate_limits"), "rate limits are off")


def _admin_secret(settings: Settings) -> Iterator[Problem]:
    secret, variable = settings.admin_secret, settings.variable("admin_secret")
    if secret is None:
        yield Problem("missing", variable, "the machine routes and operator pages need it")
    elif weakness := _weakness(secret):
        yield Problem("weak", variable, weakness)
    elif not well_formed(secret):
        yield Problem("contradictory", variable, MALFORMED)


def _weakness(secret: SecretStr) -> str | None:
    value = secret.get_secret_value()
    if len(value) < MINIMUM_SECRET:
        return f"shorter than {MINIMUM_SECRET} characters"
    if len(set(value)) < 10:
        return "too few different characters"
    if value.startswith("demo"):
        return "the demo's"
    return None
