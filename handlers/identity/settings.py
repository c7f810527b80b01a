"""Settings of the login."""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from handlers.identity.peer import Network, networks
from handlers.settings import BaseUrl, Settings


def _networks(value: Any) -> Any:
    return networks(value) if isinstance(value, str) else value


class IdentitySettings(Settings):
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    """Proxies in front of the site, whose `X-Forwarded-For` is believed."""
    mycelium_api_url: BaseUrl = "http://127.0.0.1:8989"
    """The node that sends login codes by message."""
    login_command: str = "hero-onboarding login"
    """The login program as the login page says it, where people call it otherwise; the site's address follows it."""
