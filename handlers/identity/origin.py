"""Where the site lives: its one origin, the hosts it answers to, and who is at the other end of a connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80}
_MAX_USER_AGENT = 255
_is_name = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?").fullmatch


def origin_of(url: str) -> str:
    """The origin of a URL that is nothing but an origin, as browsers write it; ValueError for any other text.

    Default ports are left out, the host is in lower case. A path, a query, a user or a password make it no origin.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if (
        parts.scheme not in _PORTS
        or parts.path not in ("", "/")
        or set(url) & set("?#@\\")
        or not url.isprintable()
        or not (_is_name(host) or ":" in host)
    ):
        raise ValueError("an origin is https://host or https://host:port")
    shown = f"[{host}]" if ":" in host else host
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


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as the socket tells it; `user_agent` is what the browser says of itself, clipped."""

    ip: str
    user_agent: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, Any]) -> Peer:
        """The peer of a request. No header says anything about the address: anybody can send it."""
        agent = environ.get("HTTP_USER_AGENT", "")
        shown = "".join(character for character in agent if character.isprintable())
        return cls(_address(environ.get("REMOTE_ADDR", "")), shown[:_MAX_USER_AGENT])

    @property
    def network(self) -> str:
        """What limits count: an IPv4 address, or the /64 of an IPv6 one, for all of it is one customer's."""
        try:
            address = ip_address(self.ip)
        except ValueError:
            return "unknown"
        if isinstance(address, IPv6Address):
            return f"{IPv6Address(int(address) >> 64 << 64)}/64"
        return str(address)


def _address(text: str) -> str:
    """The plain form of an address, without a port or zone; IPv4 addresses mapped into IPv6 are IPv4."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
