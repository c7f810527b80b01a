"""Where the site lives: its one origin, however somebody spells it."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80}
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_is_name = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?").fullmatch


def origin_of(url: str) -> str:
    """The origin of a URL that is nothing but an origin, as browsers write it; ValueError for any other text.

    Default ports are left out, names are in lower case and addresses in their shortest form. A path, a query, a user
    or a password make it no origin.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if (
        parts.scheme not in _PORTS
        or parts.path not in ("", "/")
        or set(url) & set("?#@\\")
        or not url.isprintable()
        or not (_is_name(host) or (":" in host and "%" not in host))
    ):
        raise ValueError("an origin is https://host or https://host:port")
    shown = f"[{IPv6Address(host)}]" if ":" in host else host
    port = parts.port
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_open_loopback(origin: str) -> bool:
    """Whether it is plain http on this machine: for development and tests, the only place for plain http."""
    return origin.startswith("http://") and is_loopback(origin)


def spellings(origin: str) -> tuple[str, ...]:
    """The origin itself, then the other names of this machine where it is one of them over plain http."""
    parts = urlsplit(origin)
    if not is_open_loopback(origin) or parts.hostname not in _THIS_MACHINE:
        return (origin,)
    port = f":{parts.port}" if parts.port is not None else ""
    others = (f"http://{f'[{host}]' if ':' in host else host}{port}" for host in _THIS_MACHINE)
    return (origin, *(other for other in others if other != origin))
