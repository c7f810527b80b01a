"""A payment provider of somebody else gets all that ours gets: webhook path, CSP, words, checks, a stand-in."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from generated.models.onboarding import PaymentEventKind, PaymentNotice, TopUpStatus
from tests.server.payment_world import World, world
from tests.server.site import Site
from tests.waiting import PATIENCE, wait_for


def install(folder: Path, plugin: str = "tests.server.tollgate:Tollgate") -> None:
    """What `pip install` writes down of a plugin."""
    info = folder / "tollgate-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tollgate\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text(f"[hero_onboarding.payment]\ntollgate = {plugin}\n")


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "plugins"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    for name in ("TOLLGATE_TOKEN", "HERO_ONBOARDING_TOLLGATE_PAGES"):
        monkeypatch.delenv(name, raising=False)
    yield folder


def test_it_is_paid_with_like_any_other(plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(plugins)
    monkeypatch.setenv("TOLLGATE_TOKEN", "try_me")
    with world(tmp_path, f"sqlite:///{tmp_path}/site.db") as site:
        landing = site.http.get(f"{site.site_url}/login")
        targets = landing.headers["Content-Security-Policy"].partition("form-action ")[2].partition(";")[0]
        assert targets == f"'self' {site.sandbox_url} https://*.tollgate.example"
        user = site.user()
        started = site.handler.create_top_up(site.context(user), provider="tollgate", amount_cents=1000)
        ref = site.top_up(started.top_up_sid).session_ref
        assert site.http.get(f"{site.sandbox_url}/tollgate/gate").json()["gate"] == "open"
        assert site.http.get(f"{site.sandbox_url}/_control").json()["tollgate"]["published"] == {
            "TOLLGATE_TOKEN": "try_me"
        }
        paid = notice(site, ref)
        assert post(site, "/webhooks/tollgate", paid) == 404, "it has a path of its own"
        assert post(site, "/webhooks/toll/gate", paid, token="guessed") == 401
        control = f"{site.sandbox_url}/_control/tollgate"
        act = {"act": "drive_through", "event_id": "e1", "notice": json.loads(paid)}
        assert site.http.post(control, json=act).status_code == 200
        wait_for(lambda: site.status(started) == TopUpStatus.SETTLED)
        assert site.balance(user) == 10
        site.audit()


def notice(site: World, ref: str) -> str:
    return PaymentNotice(
        event_id="e1",
        kind=PaymentEventKind.PAYMENT_SUCCEEDED,
        external_ref="p1",
        session_ref=ref,
        payment_ref="p1",
        amount_minor=1000,
        currency="USD",
        occurred_at=site.clock.now().replace(microsecond=0),
    ).model_dump_json(exclude_none=True)


def post(site: World, path: str, body: str, token: str = "try_me") -> int:
    headers = {"Tollgate-Token": token, "Content-Type": "application/json"}
    return httpx.post(f"{site.site_url}{path}", content=body, headers=headers, timeout=PATIENCE).status_code


def test_the_top_up_page_has_its_words(plugins: Path, tmp_path: Path) -> None:
    from tests.server.test_pages import House
    from tests.server.test_pages import World as Visitor

    install(plugins)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOLLGATE_TOKEN", "t")
        page = Visitor(House(tmp_path)).get("/topup").text
    assert "Tollgate" in page and "Drive up to the gate and throw your coins in." in page
    assert 'value="stripe"' in page, "beside the other"


def test_the_form_has_the_limits_of_the_chosen_provider(plugins: Path, tmp_path: Path) -> None:
    from tests.server.test_pages import House
    from tests.server.test_pages import World as Visitor

    install(plugins)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOLLGATE_TOKEN", "t")
        visitor = Visitor(House(tmp_path))
        ours, theirs = (visitor.get(f"/topup?provider={name}").text for name in ("stripe", "tollgate"))
        wrong = {"provider": "tollgate", "amount": "45", "csrf_token": visitor.csrf}
        refused = visitor.post("/payment/intent", wrong).headers["Location"]
        told = visitor.get(refused).text
    assert '<span id="limits">From $5.00 to $1,000.00.</span>' in ours and 'value="10000"' in ours
    assert '<span id="limits">From $10.00 to $40.00.</span>' in theirs
    assert 'value="2500"' in theirs and 'value="5000"' not in theirs
    assert 'data-limits="From $10.00 to $40.00."' in ours, "each way to pay says its own"
    assert "One top-up is between $10.00 and $40.00." in told and 'value="45.00"' in told


def test_what_it_misses_is_said_and_stops_nobody(plugins: Path, tmp_path: Path) -> None:
    install(plugins)
    site = Site(tmp_path, SANDBOX_URL="http://127.0.0.1:1")
    told = site.command("plugins")
    assert "tollgate 2.1  checkout  unconfigured: set TOLLGATE_TOKEN" in told
    assert "stripe 1.0  checkout, partial_refund\n" in f"{told}\n"
    found = {each["name"]: each["missing"] for each in json.loads(site.command("plugins", "--json"))["plugins"]}
    assert found == {
        "clickpesa": [],
        "forge": [],
        "git": ["HERO_ONBOARDING_NODE_REPOS"],
        "idenfy": [],
        "pool": [],
        "stripe": [],
        "tollgate": ["TOLLGATE_TOKEN"],
    }
    assert "missing        TOLLGATE_TOKEN: tollgate: " in site.command("check-prod-config", status=1)
    with world(tmp_path, f"sqlite:///{tmp_path}/site.db") as running:
        assert list(running.payments.providers) == ["clickpesa", "stripe"]
        assert any(b"unconfigured plugin" in line and b"TOLLGATE_TOKEN" in line for line in running.logged)


def test_its_checks_stand_beside_ours(plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(plugins)
    site = Site(tmp_path)
    site.environment["TOLLGATE_TOKEN"] = "try_me"
    told = site.command("check-prod-config", status=1)
    assert "sandbox        TOLLGATE_TOKEN: tollgate: a token for trying things out" in told
    assert "STRIPE_LIVE_SECRET_KEY" in told and "try_me" not in told


def test_a_broken_one_is_named_everywhere(plugins: Path, tmp_path: Path) -> None:
    install(plugins, "tests.server.no_such_module:Tollgate")
    site = Site(tmp_path)
    assert "broken: plugin 'tollgate'" in site.command("plugins", status=1)
    assert "contradictory  tollgate: the plugin is broken: it cannot be imported" in site.command(
        "check-prod-config", status=1
    )
    with world(tmp_path, f"sqlite:///{tmp_path}/site.db") as running:
        assert list(running.payments.providers) == ["clickpesa", "stripe"]
