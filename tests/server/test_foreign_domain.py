"""A domain of somebody else: one line in the list, and each thing it brings reaches its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import falcon.testing
import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from codegen.runtime.context import SystemClock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import LoginMethod, User
from handlers import demo
from handlers.app import application
from handlers.audit import findings
from handlers.cli import LazyGroup
from handlers.composition import Assembly, assemble, load_domains, load_settings
from handlers.demo_data import DemoSecrets
from handlers.domains import DOMAINS
from handlers.identity.peer import Peer
from handlers.identity.sessions import Sessions
from handlers.identity.users import Users
from handlers.production_checks import problems
from handlers.work.jobs import Runner
from tests.migrated import migrate
from tests.server.parcels.domain import Parcels
from tests.server.people import Person

PACKAGES = (
    *(name for name in DOMAINS if name != "handlers.node"),
    "tests.server.parcels",
)  # both serve `usage.push_usage_now`
ORIGIN = "http://127.0.0.1:9920"
SECRET = "x" * 30


@dataclass
class Running:
    assembly: Assembly
    client: falcon.testing.TestClient
    database: Database
    user: User

    @property
    def parcels(self) -> Parcels:
        return self.assembly.site.get(Parcels)

    def call(self, method: str, headers: dict[str, str], **params: object) -> dict[str, object]:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer: dict[str, object] = self.client.simulate_post("/rpc", json=body, headers=headers).json
        return answer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    domains = load_domains(PACKAGES)
    settings = load_settings(domains, var_dir=tmp_path, public_url=ORIGIN, admin_secret=SecretStr(SECRET))
    database = Database.open(settings.database_url)
    migrate(database)
    clock = SystemClock()
    assembly = assemble(settings, database, clock, Log(lambda _: None), domains=domains)
    person = Person()
    user = database.run(lambda: Users(database, clock).admit(person.address, person.public_key))
    yield Running(assembly, falcon.testing.TestClient(application(assembly, True)), database, user)
    database.close()


def session(site: Running) -> str:
    sessions = site.assembly.site.get(Sessions)
    return site.database.run(lambda: sessions.create(site.user.sid, LoginMethod.SEALED, Peer("127.0.0.1")))


def test_its_setting_and_its_service(site: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = site.call("usage.push_usage_now", {"X-Hero-Onboarding-Admin-Secret": SECRET})
    assert isinstance(answer["result"], dict) and answer["result"]["records"] == 3, answer
    monkeypatch.setenv("HERO_ONBOARDING_PARCEL_LIMIT", "7")
    assert getattr(load_settings(load_domains(PACKAGES)), "parcel_limit") == 7  # noqa: B009 - no type here knows it


def test_its_webhook_its_job_and_its_page(site: Running) -> None:
    answer = site.client.simulate_post("/webhooks/parcels", body="hello")
    assert (answer.status_code, answer.text) == (200, "hello")
    log = Log(lambda _: None)
    assert Runner(site.database, SystemClock(), log, site.assembly.jobs).run_once() == []
    shown = site.client.simulate_get("/parcels", cookies={"hl_session": session(site)})
    assert "<h1>2 parcels wait</h1>" in shown.text
    assert '<a href="/parcels" aria-current="page">Parcels</a>' in shown.text, "beside the others in the navigation"
    assert "form-action 'self' https://parcels.example" in shown.headers["Content-Security-Policy"]
    lost = site.client.simulate_get("/login?error=parcel_lost")
    assert "The parcel is lost. Ask for another." in lost.text


def test_its_hook(site: Running) -> None:
    body = {"user_sid": new_sid(), "low_balance": False}
    answer = site.client.simulate_post(
        "/rpc",
        json={"jsonrpc": "2.0", "id": 1, "method": "alert_settings.new", "params": {"data": body}},
        headers={"X-Hero-Onboarding-Admin-Secret": "x" * 30},
    ).json
    assert answer["error"]["code"] == -32602
    assert "who sends parcels is warned" in str(answer["error"])


def test_its_audit(site: Running) -> None:
    assert list(findings(site.database, site.assembly.site.audits)) == []
    site.database.execute("UPDATE \"user\" SET display_name = 'Lost'")
    assert [found.check for found in findings(site.database, site.assembly.site.audits)] == ["parcel"]


def test_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    domains = load_domains(PACKAGES)
    monkeypatch.setenv("HERO_ONBOARDING_PARCEL_LIMIT", "1000")
    found = [problem for problem in problems(load_settings(domains), domains) if "PARCEL" in problem.variable]
    assert [(problem.fault, problem.variable) for problem in found] == [("weak", "HERO_ONBOARDING_PARCEL_LIMIT")]


def test_its_demo(site: Running, tmp_path: Path) -> None:
    secrets = DemoSecrets(tmp_path)
    for _ in range(2):
        hints = demo.fill(site.assembly.site.settings, site.database, SystemClock(), secrets, load_domains(PACKAGES))
        assert ("parcel", "2 kg") in hints
        assert hints[0].name == "login"


def test_its_command() -> None:
    group = LazyGroup("hero-onboarding", packages=("handlers", *PACKAGES))
    told = CliRunner().invoke(group, ["--help"]).output
    assert "weigh-parcel" in told and "serve" in told
    assert CliRunner().invoke(group, ["weigh-parcel"]).output == "2 kg\n"


def test_what_nobody_shares_is_said(site: Running) -> None:
    class Nothing:
        pass

    with pytest.raises(LookupError, match="Nothing"):
        site.assembly.site.get(Nothing)


@pytest.mark.parametrize("package", DOMAINS)
def test_a_record_tells_its_folder_and_its_commands(package: str) -> None:
    [domain] = load_domains([package])
    assert package == f"handlers.{domain.name}"
    group = LazyGroup("hero-onboarding", packages=(package,))
    assert sorted(domain.commands) == group.list_commands(None)  # type: ignore[arg-type]
    for name in domain.commands:
        assert group.get_command(None, name) is not None  # type: ignore[arg-type]
