"""Whose address a request comes from: the socket's, or what proxies of ours tell, read from the right."""

import pytest

from handlers.identity.peer import Peers, networks

PROXIES = networks("10.0.0.0/8, 192.0.2.1, 2001:db8:f::/48, ::ffff:198.18.0.0/111")


@pytest.mark.parametrize(
    ("remote", "ip", "network"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8::1]:443", "2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("", "", "unknown"),
        ("unix:", "", "unknown"),
    ],
)
def test_the_sockets_address(remote: str, ip: str, network: str) -> None:
    """Without proxies no header says anything about it."""
    headers = {
        "HTTP_X_FORWARDED_FOR": "198.51.100.9",
        "HTTP_FORWARDED": "for=1.2.3.4",
        "HTTP_X_REAL_IP": "198.51.100.9",
        "HTTP_CF_CONNECTING_IP": "198.51.100.9",
    }
    peer = Peers().of({"REMOTE_ADDR": remote, **headers})
    assert (peer.ip, peer.network) == (ip, network)


@pytest.mark.parametrize(
    ("remote", "forwarded", "ip"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("192.0.2.1", "203.0.113.7", "203.0.113.7"),
        ("192.0.2.1:9999", "203.0.113.7", "203.0.113.7"),
        ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("198.19.0.1", "203.0.113.7", "203.0.113.7"),
        ("2001:db8:f::9", "2001:db8:1::5", "2001:db8:1::5"),
        # Somebody who is no proxy says what they like.
        ("192.0.2.2", "203.0.113.7", "192.0.2.2"),
        ("2001:db8:e::9", "203.0.113.7", "2001:db8:e::9"),
        ("198.20.0.1", "203.0.113.7", "198.20.0.1"),
        ("", "203.0.113.7", ""),
        # What stands left of the first stranger was written by that stranger.
        ("10.0.0.1", "198.51.100.9, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.9, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.9, unknown, 203.0.113.7", "203.0.113.7"),
        # Proxies behind proxies.
        ("10.0.0.1", "198.51.100.9, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7,10.0.0.3,  10.0.0.2 ", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.4, 10.0.0.3, 10.0.0.2", "10.0.0.4"),
        # Ports, brackets, IPv6, addresses of IPv4 in IPv6.
        ("10.0.0.1", "203.0.113.7:51234", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8:1::5]:51234", "2001:db8:1::5"),
        ("10.0.0.1", "[2001:db8:1::5]", "2001:db8:1::5"),
        ("10.0.0.1", "2001:DB8:1::5", "2001:db8:1::5"),
        ("10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        # What cannot be read ends the reading: the last proxy that is known is the peer.
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, ", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, _hidden", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, _hidden, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "203.0.113.7; 10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.007", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:port", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7:1:2", "10.0.0.1"),
        ("10.0.0.1", "[203.0.113.7", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1]:80", "10.0.0.1"),
        ("10.0.0.1", '"[2001:db8::1]"', "10.0.0.1"),
        ("10.0.0.1", "for=203.0.113.7", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7/32", "10.0.0.1"),
        ("10.0.0.1", "٢٠٣.0.113.7", "10.0.0.1"),
        ("10.0.0.1", "\xff\x00", "10.0.0.1"),
    ],
)
def test_what_proxies_tell(remote: str, forwarded: str, ip: str) -> None:
    environ = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": forwarded, "HTTP_FORWARDED": "for=1.2.3.4"}
    assert Peers(PROXIES).of(environ).ip == ip


def test_a_proxy_that_tells_nothing_is_the_peer() -> None:
    assert Peers(PROXIES).of({"REMOTE_ADDR": "10.0.0.1"}).ip == "10.0.0.1"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" , ", []),
        ("10.0.0.1", ["10.0.0.1/32"]),
        ("10.0.0.0/8,2001:db8::/32 , ::1", ["10.0.0.0/8", "2001:db8::/32", "::1/128"]),
        ("::ffff:10.0.0.0/104", ["10.0.0.0/8"]),
        ("::/0", ["::/0"]),
    ],
)
def test_networks(text: str, found: list[str]) -> None:
    assert [str(network) for network in networks(text)] == found


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1;10.0.0.2", "*", "10.0.0.*"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError):
        networks(text)


def test_what_a_browser_says_of_itself_is_clipped_and_cleaned() -> None:
    agent = Peers().of({"HTTP_USER_AGENT": "Moz\x1b[2J\x00illa\n" + "x" * 500}).user_agent
    assert agent.startswith("Moz[2Jillax") and len(agent) == 255 and agent.isprintable()
