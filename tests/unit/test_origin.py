"""Origins, peers and cookies: what the site takes a request for."""

import pytest

from handlers.identity.cookies import Cookies
from handlers.identity.guard import Guard
from handlers.identity.origin import Peer, is_loopback, is_open_loopback, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://hero.example", "https://hero.example"),
        ("https://HERO.Example/", "https://hero.example"),
        ("https://hero.example:443", "https://hero.example"),
        ("http://hero.example:80", "http://hero.example"),
        ("https://hero.example:8443", "https://hero.example:8443"),
        ("http://[::1]:9920/", "http://[::1]:9920"),
    ],
)
def test_origins(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hero.example",
        "https://",
        "https:///x",
        "https://hero.example/site",
        "https://hero.example?",
        "ftp://x",
        "https://hero.example#",
        "https://u@hero.example",
        "https://u:p@hero.example",
        "https://hero.example:port",
        "https://hero.example:99999",
        "https://hero example",
        "https://hero.example\n",
        "https://h\u00e9ro.example",
        "https://[::1",
        "//hero.example",
        "https://hero.example\\@evil.example",
        "https://hero.example;x",
    ],
)
def test_what_is_no_origin(url: str) -> None:
    with pytest.raises(ValueError):
        origin_of(url)


def test_this_machine() -> None:
    assert is_loopback("http://127.0.0.2:1") and is_loopback("https://[::1]") and is_loopback("http://a.localhost")
    assert not is_loopback("http://10.0.0.1") and not is_loopback("http://localhost.evil.example")
    assert is_open_loopback("http://localhost") and not is_open_loopback("https://localhost")
    assert not is_open_loopback("http://hero.example")


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
def test_peers(remote: str, ip: str, network: str) -> None:
    peer = Peer.of(
        {
            "REMOTE_ADDR": remote,
            "HTTP_X_FORWARDED_FOR": "198.51.100.9",
            "HTTP_FORWARDED": "for=1.2.3.4",
            "HTTP_X_REAL_IP": "198.51.100.9",
        }
    )
    assert (peer.ip, peer.network) == (ip, network)


def test_what_a_browser_says_of_itself_is_clipped_and_cleaned() -> None:
    agent = Peer.of({"HTTP_USER_AGENT": "Moz\x1b[2J\x00illa\n" + "x" * 500}).user_agent
    assert agent.startswith("Moz[2Jillax") and len(agent) == 255 and agent.isprintable()


@pytest.mark.parametrize(
    ("origin", "prefix", "secure"),
    [
        ("https://hero.example", "__Host-", True),
        ("http://hero.example", "__Host-", True),
        ("https://127.0.0.1", "__Host-", True),
        ("http://127.0.0.1:9920", "", False),
        ("http://localhost", "", False),
    ],
)
def test_names_of_cookies(origin: str, prefix: str, secure: bool) -> None:
    cookies = Cookies(origin)
    assert (cookies.session, cookies.pre, cookies.secure) == (f"{prefix}hl_session", f"{prefix}hl_pre", secure)
    environ = {"HTTP_COOKIE": f"{prefix}hl_session=a; {prefix}hl_pre=b; hl_session2=c"}
    assert (cookies.session_of(environ), cookies.pre_of(environ)) == ("a", "b")
    assert cookies.session_of({}) is None and cookies.session_of({"HTTP_COOKIE": f"{cookies.session}="}) is None


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"HTTP_SEC_FETCH_SITE": "same-origin"}, True),
        ({"HTTP_SEC_FETCH_SITE": "same-site"}, False),
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, False),
        ({"HTTP_SEC_FETCH_SITE": "none"}, False),
        ({"HTTP_ORIGIN": "null"}, False),
        ({"HTTP_ORIGIN": "http://hero.example"}, False),
        ({"HTTP_ORIGIN": "https://hero.example:443"}, False),
        ({"HTTP_ORIGIN": None}, False),
        ({"HTTP_HOST": "evil.example"}, False),
        ({"HTTP_HOST": ""}, False),
        ({"HTTP_HOST": "hero.example:443"}, True),
        ({"HTTP_HOST": "127.0.0.1:9920"}, True),
        ({"HTTP_HOST": "127.0.0.1:9921"}, False),
    ],
    ids=str,
)
def test_what_may_change_something(headers: dict[str, str | None], ours: bool) -> None:
    guard = Guard("https://hero.example", "127.0.0.1:9920")
    assert guard.is_ours({"HTTP_HOST": "hero.example", "HTTP_ORIGIN": "https://hero.example", **headers}) == ours
