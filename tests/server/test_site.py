"""The product's server as its clients meet it, on SQLite and on PostgreSQL: real processes, real HTTP."""

import itertools
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from codegen.runtime.errors import Forbidden
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from generated.clients.python import Client
from generated.tables.onboarding import NODE
from tests.server.people import Person
from tests.server.site import ADMIN, SECRETS, Site, bearer, site_on

READ_ONLY = (
    "billing",
    "ledger_entry",
    "ledger_transaction",
    "credit_lot",
    "top_up",
    "payment_event",
    "plan_purchase",
    "vm_allocation",
    "usage_record",
    "operator_act",
    "kyc_session",
    "node",
    "price",
)
METHOD_NOT_FOUND = -32601
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(request.param, request, tmp_path_factory.mktemp("site")) as found:
        yield found


def new_user(site: Site, **fields: Any) -> dict[str, Any]:
    user: dict[str, Any] = site.call("user.new", {"data": {**Person().identity, **fields}}, ADMIN)
    return user


def user_key(site: Site, user: dict[str, Any]) -> dict[str, str]:
    return bearer(site.command("apikey", "create", "--user", user["sid"], "--name", "test"))


def database_url(site: Site) -> str:
    return site.environment.get("HERO_ONBOARDING_DATABASE_URL", f"sqlite:///{site.directory}/var/hero-onboarding.db")


# --- what anybody may ask ---------------------------------------------------------------------------------------


def test_plans_are_public(site: Site) -> None:
    plans = site.call("billing.plans")
    assert [(plan["plan_id"], plan["cost"], plan["cost_cents"], plan["vm_count"], plan["days"]) for plan in plans] == [
        ("vm5", "10.00", 1000, 5, 30),
        ("vm10", "20.00", 2000, 10, 30),
    ]


def test_everything_else_is_not(site: Site) -> None:
    assert site.error("identity.me") == (1401, "unauthorized")
    assert site.error("user.list") == (1401, "unauthorized")
    assert site.post({"jsonrpc": "2.0", "id": 1, "method": "user.list", "params": {}}).status_code == 401


def test_health_and_metrics(site: Site) -> None:
    assert site.http.get("/healthz").json() == {"status": "ok"}
    assert site.http.get("/readyz").json() == {"status": "ok"}
    site.call("billing.plans")
    metrics = site.http.get("/metrics").text
    assert 'rpc_call_seconds_count{method="billing.plans"}' in metrics


def test_methods_without_handler_are_not_there(site: Site) -> None:
    listed = {method["name"] for method in site.call("rpc.discover", headers=ADMIN)["methods"]}
    for method in ("admin.overview", "admin.margins"):
        assert site.error(method, headers=ADMIN)[0] == METHOD_NOT_FOUND
        assert method not in listed


def test_money_is_not_written_by_crud(site: Site) -> None:
    for name, verb in itertools.product(READ_ONLY, ("new", "set", "patch", "delete")):
        assert site.error(f"{name}.{verb}", headers=ADMIN)[0] == METHOD_NOT_FOUND, f"{name}.{verb}"


def test_discovery_shows_what_the_caller_may_call(site: Site) -> None:
    key = user_key(site, new_user(site))

    def listed(headers: dict[str, str]) -> set[str]:
        document = site.http.get("/openrpc.json", headers=headers).json()
        assert document == site.call("rpc.discover", headers=headers)
        return {method["name"] for method in document["methods"]}

    assert listed({}) == {"billing.plans", "rpc.discover"}
    assert {"identity.me", "user.get", "ledger_entry.list_full"} <= listed(key)
    assert not {"pool_vm.new", "node.list", "nodes.me"} & listed(key)
    assert {"pool_vm.new", "node.list", "user.new"} <= listed(ADMIN)


def test_reference_is_served_under_a_strict_policy(site: Site) -> None:
    answer = site.http.get("/reference/")
    assert answer.status_code == 200
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


# --- objects ----------------------------------------------------------------------------------------------------


def test_life_of_a_user(site: Site) -> None:
    user = new_user(site, display_name="Amani", kyc_status="completed")
    assert user["kyc_status"] == "pending", "a server's field is ignored on input"
    assert site.call("user.get", {"sid": user["sid"]}, ADMIN) == user
    assert site.call("user_get", [user["sid"]], ADMIN) == user, "by its other name, by position"
    patched = site.call("user.patch", {"sid": user["sid"], "data": {"display_name": "A."}, "rev": 1}, ADMIN)
    assert (patched["display_name"], patched["rev"]) == ("A.", 2)
    assert site.error("user.patch", {"sid": user["sid"], "data": {"display_name": "B"}, "rev": 1}, ADMIN) == (
        1409,
        "conflict",
    )
    found = site.call("user.find", {"filter": {"mycelium_address": user["mycelium_address"]}}, ADMIN)
    assert found == {"items": [patched], "next_cursor": None}
    site.call("user.delete", {"sid": user["sid"]}, ADMIN)
    assert site.error("user.get", {"sid": user["sid"]}, ADMIN) == (1404, "not_found")


def test_two_users_with_one_address(site: Site) -> None:
    user = new_user(site)
    again = {name: user[name] for name in ("mycelium_address", "public_key")}
    assert site.error("user.new", {"data": again}, ADMIN) == (1409, "conflict")


def test_each_user_has_a_balance(site: Site) -> None:
    user = new_user(site)
    found = site.call("billing.find", {"filter": {"user_sid": user["sid"]}}, ADMIN)["items"]
    assert [(each["credit_balance"], each["credit_balance_cents"], each["discount_tier"]) for each in found] == [
        ("0.00", 0, "none")
    ]
    by_set = {"sid": "0123456789ABCDEFGHJK", **Person().identity}
    made = site.call("user.set", {"data": by_set}, ADMIN)
    assert len(site.call("billing.find", {"filter": {"user_sid": made["sid"]}}, ADMIN)["items"]) == 1
    site.call("user.delete", {"sid": made["sid"]}, ADMIN)
    assert site.call("billing.find", {"filter": {"user_sid": made["sid"]}}, ADMIN)["items"] == []


def test_pool_in_pages(site: Site) -> None:
    sku = f"sku-{uuid.uuid4().hex[:8]}"
    for number in range(7):
        data = {"name": f"{sku}-{number}", "address": f"{sku}::{number}", "sku": sku}
        site.call("pool_vm.new", {"data": data}, ADMIN)
    names, cursor = [], None
    while True:
        page = site.call("pool_vm.find", {"filter": {"sku": sku, "state": "free"}, "limit": 3, "cursor": cursor}, ADMIN)
        names += [vm["name"] for vm in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == [f"{sku}-{number}" for number in range(7)]


def test_batch(site: Site) -> None:
    answers = site.post(
        [
            {"jsonrpc": "2.0", "id": "a", "method": "billing.plans"},
            {"jsonrpc": "2.0", "method": "billing.plans"},
            {"jsonrpc": "2.0", "id": 2, "method": "user.list"},
            {"jsonrpc": "2.0", "id": None, "method": "nothing"},
        ]
    ).json()
    assert {answer["id"]: answer.get("error", {}).get("code", "fine") for answer in answers} == {
        "a": "fine",
        2: 1401,
        None: METHOD_NOT_FOUND,
    }


def test_generated_client(site: Site) -> None:
    user = new_user(site)
    secret = site.command("apikey", "create", "--user", user["sid"], "--name", "client")
    with Client(f"{site.url}/rpc", token=secret) as client:
        assert [plan.plan_id for plan in client.billing.plans()] == ["vm5", "vm10"]
        assert client.identity.me().sid == user["sid"]
        with pytest.raises(Forbidden):
            client.pool_vm.list()


# --- who calls --------------------------------------------------------------------------------------------------


def test_api_key_of_a_user(site: Site) -> None:
    user, other = new_user(site), new_user(site)
    key = user_key(site, user)
    assert site.call("identity.me", headers=key) == user
    assert site.call("user.list", headers=key)["items"] == [user["sid"]]
    assert site.error("user.get", {"sid": other["sid"]}, key) == (1404, "not_found")
    assert site.error("pool_vm.list", headers=key) == (1403, "forbidden")
    assert site.call("user.patch", {"sid": user["sid"], "data": {"display_name": "Me"}}, key)["display_name"] == "Me"
    assert site.error("user.patch", {"sid": other["sid"], "data": {"display_name": "Me"}}, key)[0] in (1403, 1404)
    settings = site.call("alert_settings.new", {"data": {"user_sid": user["sid"]}}, key)
    assert settings["low_balance_threshold"] == "5.00"
    assert site.error("alert_settings.new", {"data": {"user_sid": other["sid"]}}, key) == (1403, "forbidden")


def test_keys_are_listed_without_their_digest(site: Site) -> None:
    key = user_key(site, new_user(site))
    listed = site.call("api_key.list_full", headers=key)["items"]
    assert [each["name"] for each in listed] == ["test"]
    assert "key_hash" not in listed[0]


def test_a_key_is_kept_as_a_digest(site: Site) -> None:
    secret = site.command("apikey", "create", "--admin", "--name", "secret")
    database = Database.open(database_url(site))
    rows = database.execute("SELECT * FROM api_key")
    database.close()
    assert rows
    assert secret not in repr(rows)
    site.call("user.list", headers=bearer(secret))
    assert secret not in site.log.read_text()
    assert secret not in site.command("apikey", "list")


def test_revoked_key(site: Site) -> None:
    user = new_user(site)
    made = site.command("apikey", "create", "--user", user["sid"], "--name", "to revoke", "--json")
    sid, secret = (made.split('"')[place] for place in (3, 7))
    assert site.call("identity.me", headers=bearer(secret))["sid"] == user["sid"]
    site.command("apikey", "revoke", sid, "--reason", "it leaked")
    site.command("apikey", "revoke", sid, "--reason", "again")
    acts = site.call("operator_act.find", {"filter": {"subject": sid}}, ADMIN)["items"]
    assert [(act["act"], act["operator"], act["reason"]) for act in acts] == [
        ("apikey.create", "command-line", "no reason given"),
        ("apikey.revoke", "command-line", "it leaked"),
    ]
    assert (acts[1]["before"]["state"], acts[1]["after"]["state"]) == ("active", "revoked")
    assert not SECRETS.search(json.dumps(acts))
    assert "1 to 500" in site.command("apikey", "revoke", sid, "--reason", "", status=2)
    assert site.error("identity.me", headers=bearer(secret)) == (1401, "unauthorized")
    assert f"{sid}  " in site.command("apikey", "list")


@pytest.mark.parametrize(
    "headers",
    [
        bearer("hok_unknown"),
        {"Authorization": "Bearer"},
        bearer("not-a-key"),
        {"Authorization": "Basic hok_unknown"},
        {"X-Hero-Onboarding-Admin-Secret": "wrong"},
        {"X-Hero-Onboarding-Admin-Secret": ""},
    ],
    ids=str,
)
def test_wrong_credentials(site: Site, headers: dict[str, str]) -> None:
    answer = site.post({"jsonrpc": "2.0", "id": 1, "method": "user.list", "params": {}}, headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 1401)


def test_headers_that_claim_an_identity_say_nothing(site: Site) -> None:
    user = new_user(site)
    for name in ("X-Hero-User", "X-Hero-Context", "X-Public-Key", "X-Forwarded-For"):
        assert site.error("identity.me", headers={name: user["sid"]}) == (1401, "unauthorized")


def test_api_key_of_an_operator(site: Site) -> None:
    key = bearer(site.command("apikey", "create", "--admin", "--name", "operator"))
    assert "items" in site.call("user.list", headers=key)
    assert site.error("identity.me", headers=key) == (1403, "forbidden"), "an operator is no user"


def test_api_key_of_a_node(site: Site) -> None:
    node_id = f"n-{uuid.uuid4().hex[:8]}"
    database = Database.open(database_url(site))
    try:
        Store.of(NODE, database).new(
            {"node_id": node_id, "repo_url": "https://forge.example/n.git", "keys": [], "kinds": ["llm_token"]}, NOW
        )
    finally:
        database.close()
    key = bearer(site.command("apikey", "create", "--node", node_id, "--name", "its own"))
    assert site.call("nodes.me", headers=key)["node_id"] == node_id
    assert site.error("identity.me", headers=key) == (1403, "forbidden")
    assert site.error("node.list", headers=key) == (1403, "forbidden")


def test_keys_for_nobody_are_not_made(site: Site) -> None:
    assert "no user" in site.command("apikey", "create", "--user", "0000000000", "--name", "x", status=1)
    assert "no node" in site.command("apikey", "create", "--node", "nowhere", "--name", "x", status=1)
    assert "give one of" in site.command("apikey", "create", "--name", "x", status=2)


# --- starting ---------------------------------------------------------------------------------------------------


def test_another_version_of_the_database_is_refused(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert "hero-onboarding migrate" in site.command("serve", status=1)
    assert "waiting  0001_initial" in site.command("migrate", "--status", status=1)
    assert "up to date" in site.command("migrate")
    assert "nothing to do" in site.command("migrate")
    database = Database.open(f"sqlite:///{tmp_path}/var/hero-onboarding.db")
    database.execute(
        "UPDATE schema_migrations SET number = 99, slug = 'later' "
        "WHERE number = (SELECT max(number) FROM schema_migrations)"
    )
    database.close()
    assert "schema_migrations" in site.command("serve", status=1)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    import socket

    site = Site(tmp_path)
    site.command("migrate")
    with socket.create_server(("127.0.0.1", site.port)):
        assert f"another program listens on 127.0.0.1:{site.port}" in site.command("serve", status=1)


@pytest.mark.parametrize(
    "url", ["postgresql://nobody:s3cret@127.0.0.1:1/none", "sqlite:////proc/none/x.db", "mysql://127.0.0.1/x"]
)
def test_a_database_that_is_not_there_is_said(tmp_path: Path, url: str) -> None:
    site = Site(tmp_path, url)
    for command in ("serve", "migrate", "demo"):
        told = site.command(command, status=1)
        assert told.startswith("Error: ")
        assert "Traceback" not in told
        assert "s3cret" not in told


def test_wrong_settings_are_said_at_once(tmp_path: Path) -> None:
    assert "HERO_ONBOARDING_PORT: " in Site(tmp_path, PORT="none").command("serve", status=1)
    assert "HERO_ONBOARDING_PLANS_JSON: at least one plan" in Site(tmp_path, PLANS_JSON="[]").command("serve", status=1)


def test_check_prod_config(tmp_path: Path) -> None:
    site = Site(tmp_path)
    told = site.command("check-prod-config", status=1)
    assert "missing        STRIPE_LIVE_SECRET_KEY" in told
    assert "weak           HERO_ONBOARDING_PUBLIC_URL" in told
    told = Site(tmp_path, PLANS_JSON="[]").command("check-prod-config", status=1)
    assert "contradictory  HERO_ONBOARDING_PLANS_JSON: at least one plan" in told


def test_help_is_quick_because_it_loads_nothing() -> None:
    program = (
        "import sys; from handlers.cli import main; main(['--help'], standalone_mode=False);"
        "assert not {'pydantic', 'falcon', 'peewee', 'httptools'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
