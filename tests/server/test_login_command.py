"""`hero-onboarding login`: against the real site, and against sites that try to misuse it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import AF_INET6, create_server, has_dualstack_ipv6
from time import time
from typing import Any

import pytest
from click.testing import CliRunner, Result

from handlers.cli import main
from handlers.identity import challenge as protocol
from handlers.identity.key_file import KeyFileError, default_path, new_key_file, read_key_file
from handlers.identity.program import site_of
from tests.server.people import SECRETS, Browser, Person, secret
from tests.server.site import Site


def _has_ipv6() -> bool:
    """Whether servers here can listen on all addresses of both kinds."""
    try:
        create_server(("::1", 0), family=AF_INET6).close()
    except OSError:
        return False
    return has_dualstack_ipv6()


has_ipv6 = _has_ipv6()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    site.command("migrate")
    with site.running():
        yield site
    log = site.log.read_text()
    assert not [kept for kept in SECRETS if kept in log], "a secret stands in the log"


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def key_file(person: Person, tmp_path: Path) -> str:
    path = tmp_path / "priv_key.bin"
    path.write_bytes(person.private)
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["login", *arguments])


def test_the_program_prints_a_link(site: Site, person: Person, key_file: str) -> None:
    done = run(site.url, "--key", key_file)
    assert done.exit_code == 0, done.output
    assert person.address in done.stderr and site.url in done.stderr
    link = secret(done.stdout.strip())
    assert link.startswith(f"{site.url}/login/link?token=")
    as_json = json.loads(run(site.url + "/", "--key", key_file, "--json").stdout)
    assert set(as_json) == {"address", "link"} and as_json["address"] == person.address
    assert secret(as_json["link"]) != link
    assert person.private.hex() not in done.output


def test_a_pasted_challenge(site: Site, person: Person, key_file: str) -> None:
    browser = Browser(site.url)
    started = browser.start(person)
    done = run(site.url, "--key", key_file, "--challenge", f" {started['sealed']}\n")
    assert done.exit_code == 0, done.output
    assert browser.finish(started, secret(done.stdout.strip())).status_code == 200
    assert browser.address == person.address
    again = json.loads(run(site.url, "--key", key_file, "--json", "--challenge", started["sealed"]).stdout)
    assert again == {"address": person.address, "response": done.stdout.strip()}


@pytest.mark.parametrize("case", ["another site", "another key", "garbage", "no base64", "empty"])
def test_challenges_that_are_not_answered(site: Site, key_file: str, person: Person, case: str) -> None:
    blob = Browser(site.url).start(Person() if case == "another key" else person)["sealed"]
    blob = {"garbage": "A" * 600, "no base64": "§§", "empty": ""}.get(case, blob)
    asked = "https://evil.example" if case == "another site" else site.url
    done = run(asked, "--key", key_file, "--challenge", blob)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "not for this key and this site" in done.stderr


@pytest.mark.parametrize(
    "given",
    [
        "http://hero.example",
        "http://10.0.0.1:9920",
        "http://[400::1]",
        "https://",
        "ftp://hero.example",
        "https://hero.example/login",
        "https://hero.example?x",
        "https://hero.example#x",
        "https://u:p@hero.example",
        "https://hero.example\\@evil.example",
        "https://hero example",
        "https://hero.example:port",
        "",
    ],
)
def test_what_is_no_site(key_file: str, given: str) -> None:
    done = run(given, "--key", key_file)
    assert (done.exit_code, done.stdout) == (2, "")


def test_sites_as_people_write_them() -> None:
    assert site_of("hero.example") == site_of("https://HERO.example:443/") == "https://hero.example"
    assert site_of("http://127.0.0.1:9920/") == "http://127.0.0.1:9920"
    assert site_of("http://localhost:80") == "http://localhost"
    assert site_of("https://[400::1]:8443") == "https://[400::1]:8443"


def test_usage(key_file: str) -> None:
    assert run().exit_code == 2
    assert run("https://hero.example", "--key", key_file, "--open", "--challenge", "x").exit_code == 2
    assert "--key" in run("--help").output


# --- a site of this machine, by any of its names ----------------------------------------------------------------

NAMES = ["127.0.0.1", "localhost", *(["[::1]"] if has_ipv6 else [])]


@pytest.fixture(scope="module", params=NAMES)
def named(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of a site that is reached by all names of this machine, and goes by one of them."""
    site = Site(tmp_path_factory.mktemp("site"), HOST="::" if has_ipv6 else "127.0.0.1", RATE_LIMITS="off")
    origin = f"http://{request.param}:{site.port}"
    site.environment["HERO_ONBOARDING_PUBLIC_URL"] = origin
    site.command("migrate")
    with site.running():
        yield origin


@pytest.mark.parametrize("given", [*NAMES, "LocalHost", *(["[0:0:0:0:0:0:0:1]"] if has_ipv6 else [])])
def test_a_site_by_another_name_of_this_machine(named: str, person: Person, key_file: str, given: str) -> None:
    site = f"http://{given}:{named.rpartition(':')[2]}/"
    done = run(site, "--key", key_file)
    assert done.exit_code == 0, done.output
    link = secret(done.stdout.strip())
    assert link.startswith(f"{named}/login/link?token="), "the site's own name, for its cookies go with it"
    assert f"Signing in to {named} as" in done.stderr
    browser = Browser(named)
    started = browser.start(person)
    pasted = run(site, "--key", key_file, "--challenge", started["sealed"])
    assert pasted.exit_code == 0, pasted.output
    assert browser.finish(started, secret(pasted.stdout.strip())).status_code == 200


def test_another_site_of_this_machine(named: str, site: Site, person: Person, key_file: str) -> None:
    """Names are interchangeable, ports are not; neither is https."""
    sealed = Browser(named).start(person)["sealed"]
    for other in (site.url, named.replace("http:", "https:"), "http://127.0.0.2:" + named.rpartition(":")[2]):
        done = run(other, "--key", key_file, "--challenge", sealed)
        assert (done.exit_code, done.stdout) == (1, "")
        assert f"this site ({other})" in done.stderr, "the message names the site that was expected"


def test_a_site_that_goes_by_a_name_of_the_world(tmp_path: Path, key_file: str) -> None:
    site = Site(tmp_path, PUBLIC_URL="https://hero.example")
    site.command("migrate")
    with site.running():
        done = run(site.url, "--key", key_file)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "this site is https://hero.example; open it there" in done.stderr


# --- key files --------------------------------------------------------------------------------------------------


def test_key_files(tmp_path: Path, person: Person) -> None:
    path = tmp_path / "key"
    path.write_bytes(person.private + b"more")
    assert read_key_file(path) == person.private, "the first 32 bytes, as the daemon reads it"
    for content in (b"", b"short", b"a" * 31):
        path.write_bytes(content)
        with pytest.raises(KeyFileError, match="no Mycelium key file"):
            read_key_file(path)


def test_a_missing_key_file(tmp_path: Path) -> None:
    done = run("https://hero.example", "--key", str(tmp_path / "none"))
    assert done.exit_code == 1 and f"cannot read the key file {tmp_path}/none" in done.stderr


def test_the_daemons_own_key_is_the_default(tmp_path: Path, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert default_path() == tmp_path / ".local/share/mycelium/priv_key.bin"
    default_path().parent.mkdir(parents=True)
    default_path().write_bytes(person.private)
    started = protocol.Challenge(
        person.address,
        protocol.encode(b"c" * 16),
        int(time()) + 60,
        int(time()),
        "https://hero.example",
        protocol.encode(person.key),
        protocol.encode(b"s" * 32),
    )
    sealed = protocol.encode(protocol.seal(started.plaintext(), person.key))
    assert run("https://hero.example", "--challenge", sealed).exit_code == 0


def test_a_new_key_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "demo.bin"
    key = new_key_file(path)
    assert read_key_file(path) == key and len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyFileError):
        new_key_file(path)
    assert read_key_file(path) == key


# --- sites that misuse it ---------------------------------------------------------------------------------------

Answer = tuple[int, dict[str, str], Any]


@contextmanager
def evil(answer: Callable[[str, dict[str, Any]], Answer]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A site that answers as it likes, and what it was sent."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append({"path": self.path, **body})
            status, headers, content = answer(self.path, body)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", received
    finally:
        server.shutdown()
        server.server_close()


def test_a_site_that_relays_another_sites_challenge(site: Site, person: Person, key_file: str) -> None:
    relayed = Browser(site.url).start(person, initiated_by="program")
    with evil(lambda *_: (200, {}, relayed)) as (url, received):
        done = run(url, "--key", key_file)
    assert (done.exit_code, done.stdout) == (1, "")
    assert [each["path"] for each in received] == ["/auth/challenge"], "nothing was answered"


def test_redirects_are_not_followed(site: Site, key_file: str) -> None:
    def redirect(status: int, path: str, _: dict[str, Any]) -> Answer:
        return status, {"Location": site.url + path}, {}

    for status in (301, 302, 303, 307, 308):
        with evil(partial(redirect, status)) as (url, received):
            done = run(url, "--key", key_file)
        assert done.exit_code == 1 and "elsewhere" in done.stderr
        assert len(received) == 1


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/login/link?token=x",
        "javascript:alert(1)",
        "SITE.evil.example/login/link?token=x",
        "SITE/logout?x",
        "SITE/login/link?token=x\x1b[2J",
        "SITE/login/link?token=x https://evil.example",
        5,
        None,
    ],
)
def test_links_to_elsewhere_are_not_printed(person: Person, key_file: str, link: object) -> None:
    def answer(path: str, _: dict[str, Any]) -> Answer:
        origin = f"http://127.0.0.1:{port}"
        if path == "/auth/verify":
            return 200, {}, {"link": link.replace("SITE", origin) if isinstance(link, str) else link}
        now = int(time())
        text = protocol.Challenge(
            person.address,
            protocol.encode(b"c" * 16),
            now + 60,
            now,
            origin,
            protocol.encode(person.key),
            protocol.encode(b"s" * 32),
        ).plaintext()
        return 200, {}, {"challenge_id": "x", "sealed": protocol.encode(protocol.seal(text, person.key))}

    with evil(answer) as (url, received):
        port = int(url.rpartition(":")[2])
        done = run(url, "--key", key_file)
    assert (done.exit_code, done.stdout) == (1, "")
    assert len(received) == 2
    assert person.private.hex() not in str(received)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"sealed":5}', b"x" * 100_000])
def test_programs_that_speak_something_else(key_file: str, content: bytes) -> None:
    with evil(lambda *_: (200, {}, content)) as (url, _):
        done = run(url, "--key", key_file)
    assert done.exit_code == 1 and "does not speak this login" in done.stderr


def test_refusals_are_told_without_tricks(key_file: str) -> None:
    body = {"error": {"code": "rate_limited", "message": "too many requests\x1b[31m\n"}}
    with evil(lambda *_: (429, {"Retry-After": "7"}, body)) as (url, _):
        done = run(url, "--key", key_file)
    assert done.exit_code == 1
    assert "the site refused (429): too many requests[31m; try again in 7 seconds" in done.stderr
    assert "\x1b" not in done.output


def test_nobody_there(key_file: str) -> None:
    done = run("http://127.0.0.1:1", "--key", key_file)
    assert done.exit_code == 1 and "cannot be reached" in done.stderr
