"""Every decision of an operator is an act with its reason and what it changed, CRUD included; none can be taken out."""

from collections.abc import Iterator
from typing import Any

import falcon.testing
import pytest
from pydantic import SecretStr

from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.hooks import Write
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import encode_otime
from codegen.runtime.values.types import Money
from generated.models.onboarding import OperatorAct
from generated.tables.onboarding import ALERT_SETTINGS, API_KEY, OPERATOR_ACT
from handlers.admin.acts import act_hash
from handlers.admin.crud_acts import record_writes
from handlers.app import build
from handlers.audit import u64
from handlers.composition import load_settings
from handlers.hash_chain import GENESIS
from handlers.identity.api_keys import ApiKeys
from handlers.version import DIRECTORY
from handlers.work.alerts import alert
from tests.migrated import migrate
from tests.server.audited import audit
from tests.server.book import START, Book
from tests.server.people import Person
from tests.server.site import ADMIN, SECRET, bearer

DOLLAR = 10**9


class Desk:
    def __init__(self, database: Database) -> None:
        migrate(database)
        self.book, self.database = Book(database), database
        settings = load_settings(admin_secret=SecretStr(SECRET), database_url=database.url)
        self.client = falcon.testing.TestClient(build(settings, database, self.book.clock, validate_results=True))

    def call(self, method: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.client.simulate_post("/rpc", headers=headers or ADMIN, json=body).json
        return answer["result"] if "result" in answer else answer["error"]

    def acts(self) -> list[OperatorAct]:
        return Store.of(OPERATOR_ACT, self.database).list_full()["items"]

    def told(self) -> list[tuple[Any, ...]]:
        return [(act.act, act.subject, act.arguments, act.before, act.after) for act in self.acts()]


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    desk = Desk(database)
    yield desk
    assert audit(database) == []


def test_what_is_done_to_balances(desk: Desk) -> None:
    user, book = desk.book.user(), desk.book
    book.top_up(user, "pi_1", 2 * DOLLAR + 5)
    book.adjustments.set_balance(book.context, sid=user, balance_cents=-150, reason="so")
    book.adjustments.grant(book.context, user_sid=user, amount=Money(DOLLAR), reason="thanks")
    book.adjustments.freeze(book.context, user_sid=user, on=True, reason="odd")
    book.hold(user, "d", DOLLAR)
    book.adjustments.freeze(book.context, user_sid=user, on=False, reason="fine")
    assert [(act.reason, act.before, act.after) for act in desk.acts()] == [
        ("so", {"credit_balance": "2.000000005"}, {"credit_balance": "-1.50"}),
        ("thanks", {"credit_balance": "-1.50"}, {"credit_balance": "-0.50"}),
        ("odd", {"frozen": False}, {"frozen": True}),
        ("fine", {"frozen": True}, {"frozen": True}),
    ]


def test_crud(desk: Desk) -> None:
    person = Person()
    new = {**person.identity, "display_name": "Amani"}
    user = desk.call("user.new", data=new, reason="came by post")
    desk.call("user.patch", sid=user["sid"], data={"display_name": None}, reason="asked for")
    desk.call("user.set", data={"sid": user["sid"], "display_name": "A.", **person.identity}, reason="asked again")
    desk.call("user.delete", sid=user["sid"], reason="left")
    made, patched, replaced, gone = desk.told()
    assert made[:2] == ("user.new", user["sid"]) and made[3] is None
    assert made[4] == {name: value for name, value in user.items() if value is not None}
    assert patched == (
        "user.patch",
        user["sid"],
        {"fields": ["display_name", "rev"]},
        {"display_name": "Amani", "rev": 1},
        {"display_name": None, "rev": 2},
    )
    assert replaced[3:] == ({"display_name": None, "rev": 2}, {"display_name": "A.", "rev": 3})
    assert gone[0] == "user.delete" and gone[3]["public_key"] == person.public_key and gone[4] is None
    assert [act.reason for act in desk.acts()] == ["came by post", "asked for", "asked again", "left"]
    assert {act.operator for act in desk.acts()} == {"admin-secret"}


def test_a_write_without_a_reason_says_so(desk: Desk) -> None:
    machine = desk.call("pool_vm.new", data={"name": "a", "address": "400::1", "sku": "small"})
    desk.call("pool_vm.delete", sid=machine["sid"], reason=None)
    assert [act.reason for act in desk.acts()] == ["no reason given"] * 2


@pytest.mark.parametrize("reason", ["", "x" * 501, 7, "a\0b"])
def test_a_reason_that_cannot_be_kept_is_refused(desk: Desk, reason: Any) -> None:
    refused = desk.call("pool_vm.new", data={"name": "a", "address": "400::1", "sku": "small"}, reason=reason)
    assert refused["code"] in (-32602, -32700), refused
    assert desk.call("pool_vm.list")["items"] == [] and desk.acts() == []


def test_a_user_gives_no_reason(desk: Desk) -> None:
    """It would be in no act."""
    user = desk.book.user()
    own = bearer(ApiKeys(desk.database, desk.book.clock).create_for_user(user, "mine").secret)
    refused = desk.call("user.patch", own, sid=user, data={"display_name": "Me"}, reason="mine")
    assert (refused["code"], refused["data"]["errors"][0]["path"]) == (-32602, "reason")
    assert desk.call("user.get", own, sid=user)["display_name"] is None


def test_crud_of_an_object_without_hooks(desk: Desk) -> None:
    machine = desk.call("pool_vm.new", data={"name": "a", "address": "400::1", "sku": "small"})
    desk.call("pool_vm.delete", sid=machine["sid"])
    assert [told[0] for told in desk.told()] == ["pool_vm.new", "pool_vm.delete"]


def test_an_alert_is_taken_down_and_goes_up_again_by_its_cause(desk: Desk) -> None:
    """Some causes nobody can take away: a payment in other money that was decided about, a guessed secret."""
    clock = desk.book.clock

    def raise_it() -> None:
        alert(desk.database, clock, "reconciliation_differs", "stripe:2026-11-20", "1 differences, 5.00 in all")

    def shown() -> list[tuple[str, str | None, int]]:
        found = desk.call("operator_alert.list_full")["items"]
        return [(each["kind"], each["cleared_at"], each["count"]) for each in found]

    raise_it()
    alert(desk.database, clock, "reconciliation_differs", "stripe:2026-11-21", "another day")
    of: dict[str, Any] = {"kind": "reconciliation_differs", "subject": "stripe:2026-11-20"}
    assert desk.call("admin.dismiss_alert", **of, reason="it was credited by hand") is None
    down, other = ("reconciliation_differs", clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), 1), (of["kind"], None, 1)
    assert shown() == [down, other]
    assert desk.call("admin.dismiss_alert", **of, reason="again")["code"] == 1404
    assert desk.call("admin.dismiss_alert", **{**of, "kind": "odd"}, reason="what?")["code"] in (-32602, 1404)
    (act,) = desk.acts()
    assert (act.act, act.subject, act.reason) == ("admin.dismiss_alert", of["subject"], "it was credited by hand")
    assert act.arguments == {"kind": "reconciliation_differs"}
    assert act.before == {"detail": "1 differences, 5.00 in all", "count": 1}
    raise_it()
    assert shown() == [down, other, other]


def test_no_user_takes_an_alert_down(desk: Desk) -> None:
    alert(desk.database, desk.book.clock, "secret_guessed", "admin_secret", "11 wrong secrets")
    own = bearer(ApiKeys(desk.database, desk.book.clock).create_for_user(desk.book.user(), "mine").secret)
    of: dict[str, Any] = {"kind": "secret_guessed", "subject": "admin_secret"}
    assert desk.call("admin.dismiss_alert", own, **of, reason="mine")["code"] == 1403
    (up,) = desk.call("operator_alert.list_full")["items"]
    assert up["cleared_at"] is None and desk.acts() == []


def test_what_is_refused_and_what_users_do_is_no_act(desk: Desk) -> None:
    user = desk.book.user()
    own = bearer(ApiKeys(desk.database, desk.book.clock).create_for_user(user, "mine").secret)
    assert desk.call("alert_settings.new", own, data={})["user_sid"] == user
    assert desk.call("user.patch", own, sid=user, data={"display_name": "Me"})["display_name"] == "Me"
    assert desk.call("alert_settings.new", data={"user_sid": user})["code"] == 1409
    assert desk.call("user.patch", sid="nobody", data={"display_name": "X"})["code"] == 1404
    assert desk.call("user.patch", sid=user, data={"display_name": "X"}, rev=99)["code"] == 1409
    assert desk.call("user.delete", sid=user)["code"] == 1410
    assert desk.acts() == []
    assert len(Store.of(ALERT_SETTINGS, desk.database).list()["items"]) == 1


def test_a_secret_is_in_no_act(desk: Desk) -> None:
    """Of a sensitive field an act says that it was written, not what."""
    keys = Store.of(API_KEY, desk.database)
    key = keys.complete({"scope": "admin", "name": "Ada", "prefix": "hok", "key_hash": "a" * 64}, START)
    written = Write(API_KEY, "new", key["sid"], None, key)
    desk.database.run(lambda: record_writes(desk.database)(desk.book.context, written))
    [act] = desk.acts()
    assert "key_hash" in act.arguments["fields"]
    assert "a" * 64 not in act.model_dump_json()


# --- none can be taken out ------------------------------------------------------------------------------------------


def unprotect(database: Database) -> None:
    if database.dialect == "sqlite":
        database.execute("DROP TRIGGER ao_operator_act__delete")
    else:
        database.execute("SET session_replication_role = replica")


def test_the_last_act_that_goes_is_missed(database: Database) -> None:
    desk = Desk(database)
    for on in (True, False, True):
        desk.book.adjustments.freeze(desk.book.context, user_sid=desk.book.user(), on=on, reason="so")
    desk.call("pool_vm.new", data={"name": "a", "address": "400::1", "sku": "small"})
    assert audit(database) == []
    unprotect(database)
    database.execute("DELETE FROM operator_act WHERE act = 'pool_vm.new'")
    [finding] = audit(database)
    assert (finding.check, "acts came or went" in finding.detail) == ("act", True)


def test_a_head_that_goes_is_missed(database: Database) -> None:
    desk = Desk(database)
    desk.call("pool_vm.new", data={"name": "a", "address": "400::1", "sku": "small"})
    database.execute("DELETE FROM chain_head")
    assert [finding.check for finding in audit(database)] == ["act"]


# --- acts that were made before they told what they changed ---------------------------------------------------------


def test_old_acts_are_proved_after_the_migration_and_new_ones_follow(database: Database) -> None:
    number = next(found.number for found in migrations.read(DIRECTORY) if found.slug == "operator_acts")
    migrations.apply(database, DIRECTORY, number - 1)
    previous = GENESIS
    for position in (1, 2):
        old: dict[str, Any] = {
            "sid": f"act{position}",
            "position": position,
            "operator": "Ada",
            "act": "billing.freeze",
            "subject": "somebody",
            "arguments": {"on": True},
            "reason": "so",
            "request_id": "id",
            "occurred_at": START,
            "previous_hash": previous,
        }
        old["hash"] = previous = act_hash({**old, "before": None, "after": None})
        columns = ", ".join(f'"{name}"' for name in old)
        stored = {**old, "position": u64(database, position), "arguments": '{"on":true}'}
        stored["occurred_at"] = encode_otime(START)
        marks = ", ".join("?" * len(old))
        insert = f"INSERT INTO operator_act ({columns}) VALUES ({marks})"  # noqa: S608
        database.execute(database.prepare(insert), tuple(stored.values()))
    desk = Desk(database)
    assert audit(database) == []
    migrations.apply(database, DIRECTORY, number - 1)
    migrate(database)
    assert audit(database) == []
    desk.book.adjustments.freeze(desk.book.context, user_sid=desk.book.user(), on=True, reason="so")
    assert sorted(act.position for act in desk.acts()) == [1, 2, 3]
    assert audit(database) == []
    with pytest.raises(migrations.MigrationError, match="would lose"):
        migrations.apply(database, DIRECTORY, number - 1)
