"""Origins and cookies: what the site takes a request for."""

import pytest

from handlers.identity.cookies import Cookies
from handlers.identity.guard import Guard
from handlers.origin import is_loopback, is_open_loopback, origin_of, spellings


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://hero.example", "https://hero.example"),
        ("https://HERO.Example/", "https://hero.example"),
        ("https://hero.example:443", "https://hero.example"),
        ("http://hero.example:80", "http://hero.example"),
        ("https://hero.example:8443", "https://hero.example:8443"),
        ("http://[::1]:9920/", "http://[::1]:9920"),
        ("http://[0:0:0:0:0:0:0:1]:9920", "http://[::1]:9920"),
        ("https://[400:0::A]", "https://[400::a]"),
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
        "https://[::1%25lo]",
        "https://[::g]",
        "https://[1.2.3.4]",
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
    ("origin", "others"),
    [
        ("http://127.0.0.1:9920", ["http://localhost:9920", "http://[::1]:9920"]),
        ("http://localhost:9920", ["http://127.0.0.1:9920", "http://[::1]:9920"]),
        ("http://[::1]", ["http://127.0.0.1", "http://localhost"]),
        ("http://127.0.0.2:9920", []),
        ("http://site.localhost:9920", []),
        ("https://localhost:9920", []),
        ("https://hero.example", []),
        ("http://hero.example", []),
    ],
)
def test_this_machine_has_three_names(origin: str, others: list[str]) -> None:
    assert spellings(origin) == (origin, *others)


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
    pre = "b" * 43
    environ = {"HTTP_COOKIE": f"{prefix}hl_session=a; {prefix}hl_pre={pre}; hl_session2=c"}
    assert (cookies.session_of(environ), cookies.pre_of(environ)) == ("a", pre)
    for planted in ("", "b" * 42, "b" * 44, "b" * 42 + ".", "é" * 43):
        assert cookies.pre_of({"HTTP_COOKIE": f"{cookies.pre}={planted}"}) is None
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
