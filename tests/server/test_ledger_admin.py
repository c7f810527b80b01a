"""What operators do to balances, over the route, JSON-RPC and the command; each act stands in the audit log."""

import json
from pathlib import Path
from typing import Any

import falcon.testing
import pytest
from pydantic import SecretStr

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money
from generated.models.onboarding import OperatorAct
from generated.tables.onboarding import OPERATOR_ACT
from handlers.app import build
from handlers.composition import load_settings
from handlers.identity.api_keys import ApiKeys
from tests.migrated import migrate
from tests.server.audited import audit
from tests.server.book import Book, create_tables
from tests.server.site import ADMIN, SECRET, Site, bearer

DOLLAR = 10**9


class Desk:
    """The site over a database, as an operator's programs call it."""

    def __init__(self, database: Database) -> None:
        create_tables(database)
        self.book = Book(database)
        self.database = database
        self.user = self.book.user()
        settings = load_settings(admin_secret=SecretStr(SECRET), database_url=database.url)
        self.client = falcon.testing.TestClient(build(settings, database, self.book.clock, validate_results=True))

    def adjust(self, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        answer = self.client.simulate_post(
            "/admin/balance-adjust",
            body=text,
            headers={"Content-Type": "application/json", **(ADMIN if headers is None else headers)},
        )
        return answer.status_code, answer.json

    def call(self, method: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
        answer = self.client.simulate_post(
            "/rpc", headers={**(headers or ADMIN)}, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        ).json
        return answer["result"] if "result" in answer else answer["error"]["data"]["error"]

    def acts(self) -> list[OperatorAct]:
        return Store.of(OPERATOR_ACT, self.database).list_full()["items"]


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_a_balance_is_set(desk: Desk) -> None:
    desk.book.top_up(desk.user, "pi_1", 25 * DOLLAR + 1)
    order: dict[str, Any] = {"sid": desk.user, "balance_cents": 1000, "reason": "goodwill", "expected_prev_cents": 2500}
    assert desk.adjust(order) == (200, {"prev_balance_cents": 2500, "new_balance_cents": 1000})
    billing = desk.book.ledger.billings.one({"user_sid": desk.user})
    assert billing is not None
    assert (billing.credit_balance, billing.lifetime_paid) == (10 * DOLLAR, 25 * DOLLAR + 1)
    assert desk.adjust({"sid": billing.sid, "balance_cents": -300}) == (
        200,
        {"prev_balance_cents": 1000, "new_balance_cents": -300},
    )
    act, _ = desk.acts()
    assert (act.operator, act.act, act.subject, act.reason, act.arguments) == (
        "admin-secret",
        "billing.set_credit_balance",
        desk.user,
        "goodwill",
        {"balance_cents": 1000, "expected_prev_cents": 2500},
    )
    sources = [transaction.source for transaction in desk.book.ledger.transactions.list_full()["items"]]
    assert sources == ["payment:stripe:pi_1", *(f"operator:{each.sid}" for each in desk.acts())]
    assert audit(desk.database) == []


def test_a_balance_that_is_right_already_moves_nothing(desk: Desk) -> None:
    assert desk.adjust({"sid": desk.user, "balance_cents": 0})[1] == {"prev_balance_cents": 0, "new_balance_cents": 0}
    assert desk.book.ledger.entries.list_full()["items"] == []
    assert len(desk.acts()) == 1
    assert audit(desk.database) == []


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"sid": "nobody"}, 404, "not_found"),
    ({"expected_prev_cents": 1}, 409, "conflict"),
    ({"balance_cents": 2**63 - 1}, 400, "amount_invalid"),
    ({"balance_cents": -(2**63)}, 400, "amount_invalid"),
    ({"balance_cents": 2**63}, 400, "invalid"),
    ({"balance_cents": "100"}, 400, "invalid"),
    ({"balance_cents": 1.5}, 400, "invalid"),
    ({"balance_cents": True}, 400, "invalid"),
    ({"balance_cents": None}, 400, "invalid"),
    ({"reason": ""}, 400, "invalid"),
    ({"reason": "x" * 501}, 400, "invalid"),
    ({"sid": "a b"}, 400, "invalid"),
    ({"more": 1}, 400, "invalid"),
]


def test_what_is_refused(desk: Desk) -> None:
    for change, status, error in REFUSED:
        found, answer = desk.adjust({"sid": desk.user, "balance_cents": 100, **change})
        assert (found, answer["error"]) == (status, error), change
    for body in ("", "{", "[]", "null", b"\xff", '{"sid": "abcd"}', '{"balance_cents": 1}'):
        assert desk.adjust(body)[0] == 400, body
    assert desk.acts() == []
    assert desk.book.balance(desk.user) == 0


def test_who_is_refused(desk: Desk) -> None:
    keys = ApiKeys(desk.database, desk.book.clock)
    body = {"sid": desk.user, "balance_cents": 100}
    of_user = bearer(keys.create_for_user(desk.user, "mine").secret)
    for headers in (
        {},
        {"X-Hero-Onboarding-Admin-Secret": SECRET + "x"},
        {"X-Hero-Onboarding-Admin-Secret": ""},
        bearer("hok_nothing"),
        of_user,
    ):
        status, answer = desk.adjust(body, headers)
        assert (status, answer["error"]) == (401, "unauthorized"), headers
    assert desk.acts() == []
    assert desk.adjust(body, bearer(keys.create_for_admin("Ada").secret))[0] == 200
    assert desk.acts()[0].operator == "Ada"


def test_the_same_key_is_one_intention(desk: Desk) -> None:
    order: dict[str, Any] = {"sid": desk.user, "balance_cents": 500, "expected_prev_cents": 0, "key": "k"}
    for _ in range(2):
        assert desk.call("billing.set_credit_balance", **order)["credit_balance"] == "5.00"
    desk.book.charge(desk.user, "a", DOLLAR)
    assert desk.call("billing.set_credit_balance", **order)["credit_balance"] == "5.00", "what was answered before"
    assert desk.book.balance(desk.user) == 4 * DOLLAR, "a late repetition does not undo what came after"
    for other in ({"balance_cents": 600}, {"expected_prev_cents": 400}, {"reason": "so"}):
        assert desk.call("billing.set_credit_balance", **{**order, **other}) == "conflict"
    assert desk.call("billing.set_credit_balance", **{**order, "key": "l"}) == "conflict", "expected is 0, it is 4.00"
    gift: dict[str, Any] = {"user_sid": desk.user, "amount": "2.50", "reason": "thanks", "key": "k"}
    for _ in range(2):
        assert desk.call("billing.grant", **gift)["credit_balance"] == "6.50"
    assert desk.call("billing.grant", **{**gift, "user_sid": desk.book.user()}) == "conflict"
    assert len(desk.acts()) == 2
    assert audit(desk.database) == []


def test_grants_that_are_refused(desk: Desk) -> None:
    for change in ({"amount": "0"}, {"amount": "-1"}, {"expires_at": "2020-01-01T00:00:00Z"}):
        params = {"user_sid": desk.user, "amount": "1", "reason": "r", "key": "k", **change}
        assert desk.call("billing.grant", ADMIN, **params) == "amount_invalid"
    assert desk.call("billing.grant", user_sid="nobody", amount="1", reason="r", key="k") == "not_found"
    assert desk.acts() == []


def test_freezing(desk: Desk) -> None:
    assert desk.call("billing.freeze", user_sid=desk.user, on=True, reason="suspicious")["frozen"] is True
    assert audit(desk.database) == []
    assert desk.call("billing.freeze", user_sid=desk.user, on=False, reason="fine")["frozen"] is False
    assert desk.call("billing.freeze", user_sid="nobody", on=False, reason="fine") == "not_found"
    assert [act.arguments for act in desk.acts()] == [{"on": True}, {"on": False}]
    assert audit(desk.database) == []


def test_the_summary(desk: Desk) -> None:
    headers = bearer(ApiKeys(desk.database, desk.book.clock).create_for_user(desk.user, "mine").secret)
    empty = desk.call("billing.summary", headers)
    assert (empty["balance"], empty["blocked"], empty["ladder"]["tier"]) == ("0.00", ["kyc", "no_funds"], "none")
    unknown = {"data_as_of", "silent_nodes", "burn_per_day", "runway_until", "spend", "quota"}
    assert not unknown & {name for name, value in empty.items() if value is not None}, "no usage is known"
    assert empty["ladder"]["saved"] is None
    paid_at = desk.book.clock.time
    desk.book.top_up(desk.user, "pi_1", 20 * DOLLAR)
    desk.book.adjustments.grant(desk.book.context, user_sid=desk.user, amount=Money(DOLLAR), reason="r")
    desk.book.hold(desk.user, "d", 5 * DOLLAR)
    desk.book.later(8 * 86400)
    found = desk.call("billing.summary", headers)
    assert {name: found[name] for name in ("balance", "balance_cents", "purchased", "granted", "held", "debt")} == {
        "balance": "16.00",
        "balance_cents": 1600,
        "purchased": "15.00",
        "granted": "1.00",
        "held": "5.00",
        "debt": "0.00",
    }
    assert found["blocked"] == ["frozen", "kyc"]
    assert (found["ladder"]["tier"], found["ladder"]["next_tier"]) == ("week", "month")
    assert found["ladder"]["next_at"] > paid_at.isoformat()
    desk.book.charge(desk.user, "c", 20 * DOLLAR)
    found = desk.call("billing.summary", headers)
    assert (found["debt"], found["balance"], found["blocked"]) == ("4.00", "-4.00", ["frozen", "debt", "kyc"])
    assert found["debt_since"] is not None


def test_the_audit_over_rpc(desk: Desk) -> None:
    desk.book.top_up(desk.user, "pi_1", DOLLAR)
    assert desk.call("admin.audit")["findings"] == []
    desk.database.execute("UPDATE billing SET credit_balance = 0")
    (finding,) = desk.call("admin.audit")["findings"]
    assert (finding["check"], desk.user in finding["detail"]) == ("billing", True)
    of_user = bearer(ApiKeys(desk.database, desk.book.clock).create_for_user(desk.user, "mine").secret)
    answer = desk.client.simulate_post(
        "/rpc", headers=of_user, json={"jsonrpc": "2.0", "id": 1, "method": "admin.audit", "params": {}}
    ).json
    assert answer["error"]["code"] == 1403


def test_the_command(tmp_path: Path) -> None:
    site = Site(tmp_path)
    database = Database.open(
        site.environment.get("HERO_ONBOARDING_DATABASE_URL") or f"sqlite:///{tmp_path}/var/hero-onboarding.db"
    )
    migrate(database)
    book = Book(database)
    book.top_up(book.user(), "pi_1", 5 * DOLLAR)
    assert site.command("audit").startswith("the ledger holds: 2 entries proved in ")
    found = json.loads(site.command("audit", "--json"))
    assert (found["entries"], found["findings"]) == (2, [])
    database.execute("UPDATE credit_lot SET remaining = 1")
    assert "1" in site.command("audit", status=1)
    assert [finding["check"] for finding in json.loads(site.command("audit", "--json", status=1))["findings"]] == [
        "lots"
    ]
    database.close()
