"""The README's first command: what it prints works by copy and paste, and a second start finds what the first made."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from handlers.work.supervision import STOPPING, ChildFailed, Program, supervise
from tests.programs import free_port
from tests.server.site import COMMAND, Site
from tests.waiting import PATIENCE, wait_for


def demo_site(directory: Path) -> Site:
    """A demo with a free port for the sandbox, which is ten above the site's."""
    while True:
        site = Site(directory)
        with suppress(OSError):
            free_port(site.port + 10)
            break
    for name in ("ADMIN_SECRET", "PUBLIC_URL"):
        del site.environment[f"HERO_ONBOARDING_{name}"]
    return site


def printed(site: Site) -> list[str]:
    wait_for(lambda: "logs  " in site.log.read_text(), "the end of what the demo prints")
    return site.log.read_text().splitlines()


def test_what_the_demo_prints(tmp_path: Path) -> None:
    site = demo_site(tmp_path)
    shown = []
    for _ in range(2):
        with site.running("demo"):
            lines = printed(site)
            shown.append(lines)
            for name in ("plans", "yourself", "operator"):
                line = next(line for line in lines if line.startswith(name))
                answer = subprocess.run(line.split(maxsplit=1)[1], shell=True, capture_output=True, text=True).stdout
                assert '"result"' in answer, line
            assert site.http.get("/reference/").status_code == 200
            status = next(line for line in lines if line.startswith("node"))
            told = subprocess.run(status.split(maxsplit=1)[1], shell=True, capture_output=True, text=True).stdout
            assert "node id         demo-east" in told
            login = next(line for line in lines if line.startswith("login"))
            assert "priv_key.bin " in site.http.get("/login", headers={"Accept": "text/html"}).text
            link = subprocess.run(login.split(maxsplit=1)[1], shell=True, capture_output=True, text=True).stdout.strip()
            assert signed_in(site, link).startswith("<!doctype html>")
    assert shown[0] == shown[1]
    for secret in ("demo.json", "demo/priv_key.bin"):
        assert (tmp_path / "var" / secret).stat().st_mode & 0o077 == 0


def signed_in(site: Site, link: str) -> str:
    """The dashboard of a browser that opens the link and presses its button."""
    with httpx.Client(base_url=site.url, headers={"Origin": site.url}, timeout=PATIENCE) as browser:
        page = browser.get(link).text
        form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        done = browser.post("/login/link", data=form)
        assert (done.status_code, done.headers["Location"]) == (303, "/dashboard")
        return browser.get("/dashboard").text


def test_ctrl_c_ends_all_at_once(tmp_path: Path) -> None:
    """The terminal tells every process of the foreground; none is left, none has to be killed."""
    site = demo_site(tmp_path)
    with site.log.open("w") as log:
        demo = subprocess.Popen(
            [*COMMAND, "demo"], env=site.environment, stdout=log, stderr=log, start_new_session=True
        )
    printed(site)
    began = time.monotonic()
    os.killpg(demo.pid, signal.SIGINT)
    assert demo.wait(PATIENCE) == 0
    assert time.monotonic() - began < STOPPING, "then the rest would have been killed"
    for port in (site.port, site.port + 10):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE)
    assert "Killing" not in (tmp_path / "var/demo/site.log").read_text()


@pytest.mark.parametrize("above", [0, 10])
def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path, above: int) -> None:
    site = demo_site(tmp_path)
    with socket.create_server(("127.0.0.1", site.port + above)):
        told = subprocess.run([*COMMAND, "demo"], env=site.environment, capture_output=True, text=True)
    assert told.returncode == 1
    assert f"another program listens on 127.0.0.1:{site.port + above}" in told.stderr
    assert not (tmp_path / "var/hero-onboarding.db").exists()


def test_programs_that_end_take_the_others_with_them(tmp_path: Path) -> None:
    """`supervise` says which program ended and why, and leaves none behind."""
    script = (
        "import sys; from pathlib import Path; from handlers.work.supervision import *\n"
        "here = Path(sys.argv[1]); serve = [sys.executable, '-m', 'http.server', '-b', '127.0.0.1', sys.argv[2]]\n"
        "wait = 'import os, sys, time\\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.02)\\n'\n"
        "fails = [sys.executable, '-c', wait + 'raise SystemExit(\"broken pipes\")', str(here / 'ready')]\n"
        "url = f'http://127.0.0.1:{sys.argv[2]}/'\n"
        "supervise([Program('server', serve, url, here / 'a.log'), Program('other', fails, url, here / 'b.log')], {},\n"
        "          when_ready=lambda: (here / 'ready').touch())\n"
    )
    port = Site(tmp_path).port
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path), str(port)], capture_output=True, text=True)
    assert (tmp_path / "ready").exists()
    assert "the other ended with status 1" in done.stderr
    assert "broken pipes" in done.stderr
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE)


def test_a_program_is_started_when_those_before_it_answer(tmp_path: Path) -> None:
    """So the site of a demo finds its sandbox, and raises no alert. A program was started when its log is there."""
    script = (
        "import sys; from pathlib import Path; from handlers.work.supervision import *\n"
        "here = Path(sys.argv[1]); url = f'http://127.0.0.1:{sys.argv[2]}/'\n"
        "serve = 'import http.server, os, sys; print(os.path.exists(sys.argv[2]), flush=True)\\n'\n"
        "serve += 'http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind=\"127.0.0.1\")'\n"
        "first = [sys.executable, '-c', serve, sys.argv[2], str(here / 'b.log')]\n"
        "supervise([Program('first', first, url, here / 'a.log'),\n"
        "           Program('other', [sys.executable, '-c', ''], None, here / 'b.log')], {}, when_ready=int)\n"
    )
    port = Site(tmp_path).port
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path), str(port)], capture_output=True, text=True)
    assert "the other ended with status 0" in done.stderr, done.stderr
    assert (tmp_path / "a.log").read_text().startswith("False\n")


def test_a_program_that_does_not_start_is_told(tmp_path: Path) -> None:
    program = Program(
        "site",
        [sys.executable, "-c", "print('no database'); raise SystemExit(3)"],
        "http://127.0.0.1:9/",
        tmp_path / "site.log",
    )
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ChildFailed, match=r"the site ended with status 3(.|\n)*no database"):
        supervise([program], {}, when_ready=lambda: None)
    assert signal.getsignal(signal.SIGTERM) is before
