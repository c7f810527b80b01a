"""The how-to pages do what they say: their shell blocks are run in order, their files written, their output seen."""

import hashlib
import hmac
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.server.how_to import follow as follow_page
from tests.server.payment_world import world
from tests.server.site import Site

ROOT = Path(__file__).resolve().parents[2]


def follow(page: str, folder: Path, first_in_path: Path = Path(sys.executable).parent, **variables: str) -> None:
    """Follow a page with the programs and modules that the tests run with."""
    path = os.pathsep.join([str(first_in_path), str(Path(sys.executable).parent), os.environ["PATH"]])
    follow_page(page, folder, {**variables, "PYTHONPATH": os.pathsep.join(sys.path), "PATH": path})


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


def test_add_an_object_and_a_service(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*", "var"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    variables = {"PATH": path, "PYTHONPATH": str(tmp_path), "HERO_ONBOARDING_VAR_DIR": str(tmp_path / "var")}
    follow_page("add-an-object-and-a-service.md", tmp_path, variables)
