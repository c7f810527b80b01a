"""Who is at the other end of a request: the socket's address, or what our own proxies tell of theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_MAX_USER_AGENT = 255
_MAPPED_BITS = 96
"""Bits before the IPv4 address in an IPv6 address that holds one."""
_with_port = re.compile(r"\[([^\[\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}", re.ASCII).fullmatch


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks with commas between them. ValueError names the one that is neither."""
    return tuple(_network(part.strip()) for part in text.split(",") if part.strip())


def _network(text: str) -> Network:
    network = ip_network(text)
    first = network.network_address
    mapped = first.ipv4_mapped if isinstance(first, IPv6Address) else None
    if mapped is not None and network.prefixlen >= _MAPPED_BITS:
        return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


@dataclass(frozen=True, slots=True)
class Peer:
    """`ip` is empty where it is not known; `user_agent` is what the browser says of itself, clipped."""

    ip: str
    user_agent: str = ""

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


class Peers:
    """Tells the peer of a request; whatever needs the address of a peer asks here.

    `X-Forwarded-For` is believed from the right, as long as who wrote it is one of `proxies`: the rightmost address
    is what the nearest proxy saw, what stands left of the first stranger was written by that stranger. No other header
    says anything, and without proxies this one neither: anybody can send them.
    """

    def __init__(self, proxies: Iterable[Network] = ()) -> None:
        self._proxies = tuple(proxies)

    def of(self, environ: Mapping[str, Any]) -> Peer:
        """The peer of a WSGI request."""
        address = _address(environ.get("REMOTE_ADDR", ""))
        for told in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            before = _address(told) if address is not None and self._is_proxy(address) else None
            if before is None:
                break
            address = before
        agent = "".join(character for character in environ.get("HTTP_USER_AGENT", "") if character.isprintable())
        return Peer(str(address or ""), agent[:_MAX_USER_AGENT])

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self._proxies)


def _address(text: str) -> Address | None:
    """An address, without a port or zone; IPv4 addresses mapped into IPv6 are IPv4. None for anything else."""
    host = text.strip()
    if found := _with_port(host):
        host = found[1] or found[2] or ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
