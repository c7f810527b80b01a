"""Settings of the login that must not go into production."""

from collections.abc import Iterator

from handlers.domain import Problem
from handlers.identity.settings import IdentitySettings


def problems(settings: IdentitySettings) -> Iterator[Problem]:
    """What lets anybody say who they are."""
    for network in settings.trusted_proxies:
        if network.prefixlen == 0:
            yield Problem(
                "weak",
                settings.variable("trusted_proxies"),
                f"{network} is everybody: limits and the login history would believe any address that is claimed",
            )
