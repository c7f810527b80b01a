"""The how-to pages do what they say: their shell blocks are run in order, their files written, their output seen."""

import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.payment_world import world
from tests.server.site import Site

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.py)\n")


def follow(page: str, folder: Path, first_in_path: Path = Path(sys.executable).parent, **variables: str) -> None:
    """Do what a page says in `folder`: `sh` is run, `python` that names a file is written, `text` must be printed."""
    script = ["set -euo pipefail", "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT"]
    expected: list[str] = []
    for kind, text in BLOCK.findall((ROOT / "docs/how-to" / page).read_text()):
        if kind == "sh":
            script.append(text)
        elif kind == "python" and (named := FILE.match(text)):
            (folder / named.group(1)).write_text(text)
        elif kind == "text":
            expected.append(text.strip())
    assert len(script) > 2, "the page has no commands"
    environment = {
        **os.environ,
        **variables,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONUNBUFFERED": "1",
        "PATH": os.pathsep.join([str(first_in_path), str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=environment,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    place = 0
    for text in expected:
        assert text in done.stdout[place:], f"{text!r} is not in:\n{done.stdout[place:]}"
        place = done.stdout.index(text, place)


def test_use_the_generator(tmp_path: Path) -> None:
    follow("use-the-generator.md", tmp_path)


def test_log_in(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.command("migrate")
    with site.running():
        follow("log-in.md", tmp_path, SITE=site.url)


PIP = """#!{python}
# Stands in for `pip install -e .`, which would change the environment that the tests run in.
import tomllib
from pathlib import Path
project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
info = Path(f"{{project['name'].replace('-', '_')}}-{{project['version']}}.dist-info")
info.mkdir()
(info / "METADATA").write_text("\\n".join(
    ["Metadata-Version: 2.1", f"Name: {{project['name']}}", f"Version: {{project['version']}}", ""]))
(info / "entry_points.txt").write_text("".join(
    f"[{{group}}]\\n" + "".join(f"{{name}} = {{value}}\\n" for name, value in points.items())
    for group, points in project["entry-points"].items()))
"""


def test_write_a_payment_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "pip").write_text(PIP.format(python=sys.executable))
    (bin_folder / "pip").chmod(0o755)
    monkeypatch.syspath_prepend(str(tmp_path))
    follow("write-a-payment-provider.md", tmp_path, first_in_path=bin_folder)
    monkeypatch.setenv("HERO_ONBOARDING_PIGGY_FOLDER", str(tmp_path))
    monkeypatch.setenv("HERO_ONBOARDING_PIGGY_SIGNING_KEY", "secret")
    pay_with_the_piggy_bank(tmp_path)


def pay_with_the_piggy_bank(folder: Path) -> None:
    """The page's provider in the site, from its entry point to the balance."""
    with world(folder, f"sqlite:///{folder}/site.db") as site:
        assert sorted(site.payments.providers) == ["piggy", "stripe"]
        user = site.user()
        started = site.handler.create_top_up(site.context(user), provider="piggy", amount_cents=1000)
        ref = site.top_up(started.top_up_sid).session_ref
        assert started.url == f"https://piggy.example/{ref}"
        now = int(site.clock.now().timestamp())

        def tell(what: str, total: int, key: bytes = b"secret") -> int:
            body = json.dumps({"session": ref, "what": what, "total": total, "at": now}).encode()
            signature = hmac.new(key, body, hashlib.sha256).hexdigest()
            return site.http.post(
                f"{site.site_url}/webhooks/piggy", content=body, headers={"Piggy-Signature": signature}
            ).status_code

        assert [tell("paid", 1000, b"guess"), tell("rattled", 0), tell("paid", 1000), tell("paid", 1000)] == [
            401,
            200,
            200,
            200,
        ]
        assert site.balance(user) == 10
        assert tell("refunded", 400) == 200
        assert site.balance(user) == 6
        site.audit()


def test_change_a_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("schemas", "generated", "handlers", "providers", "codegen"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(str(tmp_path))  # the copy, not the original
    follow("change-a-schema.md", tmp_path, HERO_ONBOARDING_VAR_DIR=str(tmp_path / "var"))
