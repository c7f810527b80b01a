"""The how-to pages do what they say: their shell blocks are run in order, their files written, their output seen."""

import hashlib
import hmac
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from codegen.commands.plugin_project import write_project
from codegen.runtime.storage.database import Database
from generated.errors.onboarding import PoolEmpty
from generated.models.onboarding import AllocationStatus
from handlers.identity.api_keys import ApiKeys
from handlers.node.init import init
from handlers.node.push import push
from providers.pool import PoolAssignmentProvisioner
from providers.starters import FORGE, KYC, PAYMENT, PROVISIONER
from tests.git_repository import GitRepository
from tests.programs import free_port
from tests.server.book import Book
from tests.server.how_to import follow as follow_page
from tests.server.installed_plugin import install
from tests.server.installed_provisioner import installed as installed_plugin
from tests.server.machine_world import world as machine_world
from tests.server.payment_world import world
from tests.server.people import Person
from tests.server.site import ADMIN, SECRET, Site, bearer, running_sandbox
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


def follow(page: str, folder: Path, **variables: str) -> None:
    """Follow a page with the programs and modules that the tests run with."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    follow_page(page, folder, {**variables, "PYTHONPATH": os.pathsep.join(sys.path), "PATH": path})


def test_use_the_generator(tmp_path: Path) -> None:
    follow("use-the-generator.md", tmp_path)


def test_write_a_handler(tmp_path: Path) -> None:
    follow("write-a-handler.md", tmp_path)


def test_log_in(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.command("migrate")
    with site.running():
        follow("log-in.md", tmp_path, SITE=site.url)


def test_run_a_node(tmp_path: Path) -> None:
    """The site's database is on the same machine."""
    site = Site(tmp_path)
    site.command("migrate")
    ours = {name: value for name, value in site.environment.items() if name.startswith("HERO_ONBOARDING_")}
    follow("run-a-node.md", tmp_path, REPOSITORY=GitRepository.new(tmp_path / "billing-n1.git").url, **ours)


def test_check_a_bill(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.command("migrate")
    database = Database.open(f"sqlite:///{tmp_path}/var/hero-onboarding.db")
    user = Book(database).user()
    database.close()
    ours = {name: value for name, value in site.environment.items() if name.startswith("HERO_ONBOARDING_")}
    repository = GitRepository.new(tmp_path / "billing-n1.git").url
    follow("check-a-bill.md", tmp_path, REPOSITORY=repository, USER_SID=user, **ours)


def test_keep_usage_at_a_forge(tmp_path: Path) -> None:
    """Against a real site and the sandbox, processes of their own."""
    port = free_port()
    sandbox = f"http://127.0.0.1:{port}"
    site = Site(tmp_path, SANDBOX_URL=sandbox, AGGREGATE_CRON_INTERVAL_MS="86400000")  # no poll finds the push
    site.command("migrate")
    with site.running(), running_sandbox(site, port):
        ours = {name: value for name, value in site.environment.items() if name.startswith("HERO_ONBOARDING_")}
        follow("keep-usage-at-a-forge.md", tmp_path, SITE=site.url, SANDBOX=sandbox, ADMIN_SECRET=SECRET, **ours)


def test_decide_about_money(tmp_path: Path) -> None:
    """Against a real site and the sandbox, processes of their own."""
    port = free_port()
    sandbox = f"http://127.0.0.1:{port}"
    site = Site(tmp_path, SANDBOX_URL=sandbox)
    site.command("migrate")
    with site.running(), running_sandbox(site, port):
        ours = {name: value for name, value in site.environment.items() if name.startswith("HERO_ONBOARDING_")}
        follow(
            "decide-about-money.md",
            tmp_path,
            SITE=site.url,
            SANDBOX=sandbox,
            ADMIN_SECRET=SECRET,
            IDENTITY=json.dumps(Person().identity),
            **ours,
        )


def test_write_a_payment_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `oschema new --plugin` writes, in the site; the page itself is followed where it can be installed."""
    write_project(PAYMENT, "piggy_bank", tmp_path / "piggy_bank")
    install(tmp_path / "piggy_bank" / "src", monkeypatch, "payment", "piggy_bank", "piggy_bank:PiggyBank")
    monkeypatch.setenv("HERO_ONBOARDING_PIGGY_BANK_FOLDER", str(tmp_path))
    monkeypatch.setenv("HERO_ONBOARDING_PIGGY_BANK_SIGNING_KEY", "piggy-secret")
    pay_with_the_piggy_bank(tmp_path)


def pay_with_the_piggy_bank(folder: Path) -> None:
    """The page's provider in the site, from its entry point to the balance."""
    with world(folder, f"sqlite:///{folder}/site.db") as site:
        assert sorted(site.payments.providers) == ["clickpesa", "piggy_bank", "stripe"]
        user = site.user()
        started = site.handler.create_top_up(site.context(user), provider="piggy_bank", amount_cents=1000)
        ref = site.top_up(started.top_up_sid).session_ref
        assert started.url == f"https://piggy-bank.example/{ref}"
        now = int(site.clock.now().timestamp())

        def tell(what: str, total: int, key: bytes = b"piggy-secret") -> int:
            body = json.dumps({"order": ref, "what": what, "total": total, "at": now}).encode()
            signature = hmac.new(key, body, hashlib.sha256).hexdigest()
            return site.http.post(
                f"{site.site_url}/webhooks/piggy_bank", content=body, headers={"Piggy-Bank-Signature": signature}
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


def test_write_a_kyc_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `oschema new --plugin` writes, in the site, from its entry point to somebody who is verified."""
    write_project(KYC, "lantern", tmp_path / "lantern")
    install(tmp_path / "lantern" / "src", monkeypatch, "kyc", "lantern", "lantern:Lantern")
    given = {"LANTERN_FOLDER": str(tmp_path), "LANTERN_SIGNING_KEY": "lantern-secret", "KYC_PROVIDER": "lantern"}
    for name, value in given.items():
        monkeypatch.setenv(f"HERO_ONBOARDING_{name}", value)
    with world(tmp_path, f"sqlite:///{tmp_path}/site.db") as site:
        user = site.user()
        caller = bearer(ApiKeys(site.database, site.clock).create_for_user(user.sid, "test").secret)

        def call(method: str) -> dict[str, object]:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}
            answer: dict[str, object] = site.http.post(f"{site.site_url}/rpc", json=body, headers=caller).json()
            found = answer["result"]
            assert isinstance(found, dict)
            return found

        url = str(call("kyc.start")["redirect_url"])
        assert url.startswith("https://lantern.example/attempt_")
        now = int(site.clock.now().timestamp())

        def tell(result: str, key: bytes = b"lantern-secret") -> int:
            told = {"ref": url.rpartition("/")[2], "mark": "1234", "result": result, "at": now}
            body = json.dumps(told).encode()
            signature = hmac.new(key, body, hashlib.sha256).hexdigest()
            return site.http.post(
                f"{site.site_url}/webhooks/lantern", content=body, headers={"Lantern-Signature": signature}
            ).status_code

        assert [tell("approved", b"guess"), tell("looked_at"), tell("flickered")] == [401, 200, 200]
        assert call("kyc.state")["status"] == "in_progress"
        assert [tell("approved"), tell("approved")] == [200, 200]
        assert call("kyc.state")["status"] == "completed"
        site.audit()


def test_write_a_provisioner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `oschema new --plugin` writes, in the site, from its entry point to a machine and back."""
    write_project(PROVISIONER, "meadow", tmp_path / "meadow")
    source = tmp_path / "meadow" / "src"
    monkeypatch.setenv("HERO_ONBOARDING_MEADOW_FOLDER", str(tmp_path))
    found = installed_plugin(source, monkeypatch, "meadow", "meadow:Meadow")
    with machine_world(tmp_path, f"sqlite:///{tmp_path}/site.db", **found.offered) as there:
        user = there.holder()
        begun = there.allocate(user)
        assert (begun.provider, begun.status) == ("meadow", AllocationStatus.PROVISIONING)
        there.later(seconds=10)
        made = there.allocation(begun.sid)
        assert (made.status, made.address) == (AllocationStatus.ACTIVE, "5a0:e::1")
        others = [there.allocate(user) for _ in range(4)]
        late = there.holder("2")
        with pytest.raises(PoolEmpty):
            there.allocate(late)
        there.release(user, others[0].sid)
        there.later(minutes=1)
        assert (there.used(user), there.used(late), there.waiting()) == (4, 1, [])
        there.audit()
    for provisioner in found.offered.values():
        if isinstance(provisioner, PoolAssignmentProvisioner):
            provisioner.close()


def test_write_a_forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `oschema new --plugin` writes, in the site: a repository is made, and a push to it read at once."""
    write_project(FORGE, "anvil", tmp_path / "anvil")
    hearth = tmp_path / "hearth"
    (hearth / "hero_ops").mkdir(parents=True)
    for name, value in (("FOLDER", str(hearth)), ("TOKEN", "a-token"), ("SIGNING_KEY", "anvil-secret")):
        monkeypatch.setenv(f"HERO_ONBOARDING_ANVIL_{name}", value)
    install(tmp_path / "anvil" / "src", monkeypatch, "forge", "anvil", "anvil:Anvil")
    with world(tmp_path, f"sqlite:///{tmp_path}/site.db", admin_secret=SecretStr(SECRET)) as site:

        def call(method: str, **params: object) -> Any:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            return site.http.post(f"{site.site_url}/rpc", json=body, headers=ADMIN).json()["result"]

        address = call("nodes.make_repository", node_id="n1")["clone_url"]
        assert address == (hearth / "hero_ops/billing-n1.git").as_uri()
        (hook,) = json.loads((hearth / "account.json").read_text())["hooks"]
        assert (hook["name"], hook["url"]) == ("billing-n1", f"{site.site_url}/webhooks/anvil")
        made = init(tmp_path / "n1", "n1", address, site.clock)
        call("nodes.register", node_id="n1", repo_url=address, public_key=made.public_key, kinds=["llm_token"])
        commit = push(tmp_path / "n1", site.clock).commit
        pushed = {"kind": "push", "owner": "hero_ops", "name": "billing-n1", "branch": "main", "before": "0" * 40}
        body = json.dumps({**pushed, "after": commit}).encode()

        def tell(key: str) -> int:
            signed = {"Anvil-Signature": hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}
            return site.http.post(hook["url"], content=body, headers=signed).status_code

        assert [tell("guess"), tell(hook["key"])] == [401, 200]
        wait_for(lambda: call("nodes.overview")[0]["node"].get("last_commit") == commit, "the announced push")
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
