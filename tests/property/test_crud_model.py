"""CRUD against a dictionary that follows the rules in the plainest way, on both databases; all kinds of columns."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pydantic_core import from_json, to_json

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.errors import Conflict, InUse, InvalidParams, NotFound
from codegen.runtime.rpc import crud
from codegen.runtime.storage.database import Database
from codegen.runtime.testing.roundtrip import Unstorable, check_roundtrip

NOW = datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC)
TIME = "2026-05-20T22:03:14Z"
ADDRESSES = st.sampled_from(["aa", "bb", "cc", "dd"])
NAMES = st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)
TIERS = st.sampled_from(["none", "week", "one month"])
REVS = st.none() | st.integers(1, 4)


class Clock:
    def now(self) -> datetime:
        return NOW


class CrudMachine(RuleBasedStateMachine):
    """Users with a unique, immutable address; orders that refer to them and to each other."""

    shop: ModuleType
    database: Database
    sids = Bundle("sids")

    @initialize()
    def begin(self) -> None:
        for table in ("order", "user"):
            self.database.execute(f'UPDATE "{table}" SET "rev" = 1')  # noqa: S608
            if table == "order":
                self.database.execute('UPDATE "order" SET "parent" = NULL')
            self.database.execute(f'DELETE FROM "{table}"')  # noqa: S608
        methods = crud.methods([self.shop.USER, self.shop.ORDER], self.database)
        self.methods = {method.name: method for method in methods}
        self.users: dict[str, dict[str, Any]] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.count = 0

    def call(self, name: str, **params: Any) -> Any:
        method, context = self.methods[name], Context(ADMIN, Clock(), self.database, "id")
        try:
            return from_json(method.encode(method.call(context, method.params.validate_json(to_json(params)))))
        except (Conflict, NotFound, InUse) as error:
            return error.slug
        except InvalidParams as error:
            return error.errors[0]["rule"]

    @rule(target=sids, address=ADDRESSES, name=NAMES, tier=TIERS)
    def new(self, address: str, name: str | None, tier: str) -> str:
        answer = self.call("user.new", data={"address": address, "display_name": name, "tier": tier})
        if any(user["address"] == address for user in self.users.values()):
            assert answer == "conflict"
            return "none"
        assert answer == {
            "sid": answer["sid"],
            "address": address,
            "display_name": name,
            "tier": tier,
            "secret": None,
            "created_at": TIME,
            "seen_at": TIME,
            "rev": 1,
        }
        self.users[answer["sid"]] = answer
        return str(answer["sid"])

    @rule(sid=sids, address=ADDRESSES, name=NAMES, rev=REVS, named=st.booleans())
    def set(self, sid: str, address: str, name: str | None, rev: int | None, named: bool) -> None:
        data = {"sid": sid, "address": address, **({"display_name": name} if named else {})}
        answer, old = self.call("user.set", data=data, rev=rev), self.users.get(sid)
        if old is None:
            taken = any(user["address"] == address for user in self.users.values())
            if rev is not None or taken:
                assert answer == "conflict"
                return
            new = {"secret": None, "created_at": TIME, "seen_at": TIME, "rev": 1}
        elif rev not in (None, old["rev"]):
            assert answer == "conflict"
            return
        elif old["address"] != address:
            assert answer == "immutable"
            return
        else:
            new = {**old, "rev": old["rev"] + 1}
        shown = name if named else None
        self.users[sid] = {**new, "sid": sid, "address": address, "display_name": shown, "tier": "none"}
        assert answer == self.users[sid]

    @rule(
        sid=sids,
        changes=st.fixed_dictionaries(
            {}, optional={"display_name": NAMES, "tier": TIERS, "secret": st.sampled_from([None, "a", "b"])}
        ),
        rev=REVS,
    )
    def patch(self, sid: str, changes: dict[str, Any], rev: int | None) -> None:
        answer, old = self.call("user.patch", sid=sid, data=changes, rev=rev), self.users.get(sid)
        if old is None:
            assert answer == "not_found"
        elif rev not in (None, old["rev"]):
            assert answer == "conflict"
        elif old["secret"] is not None and changes.get("secret", old["secret"]) != old["secret"]:
            assert answer == "set_once"
        else:
            self.users[sid] = {**old, **changes, "rev": old["rev"] + 1}
            assert answer == self.users[sid]

    @rule(user=sids, number=st.integers(0, 2), parent=st.booleans())
    def order(self, user: str, number: int, parent: bool) -> None:
        above = next(iter(self.orders), "none") if parent else None
        data = {"user_sid": user, "number": number * (2**63), "tag": "t", "parent": above}
        if number == 2:
            data["number"] = 2**64 - 1
        answer = self.call("order.new", data=data)
        if any(order["number"] == data["number"] or order["user_sid"] == user for order in self.orders.values()):
            # A database may find a missing reference or a taken key first.
            assert answer in ("conflict", "reference")
        elif user not in self.users or (above is not None and above not in self.orders):
            assert answer == "reference"
        else:
            self.orders[answer["sid"]] = answer
            assert answer == {"sid": answer["sid"], "total": "1.50", "total_cents": 150, "items": [], "rev": 1, **data}

    @rule()
    def delete_order(self) -> None:
        sid = next(iter(self.orders), "none")
        answer = self.call("order.delete", sid=sid)
        if sid not in self.orders:
            assert answer == "not_found"
        elif any(order["parent"] == sid for other, order in self.orders.items() if other != sid):
            assert answer == "in_use"
        else:
            assert answer is None
            del self.orders[sid]

    @rule(sid=consumes(sids))
    def delete(self, sid: str) -> None:
        answer = self.call("user.delete", sid=sid)
        if sid not in self.users:
            assert answer == "not_found"
        elif any(order["user_sid"] == sid for order in self.orders.values()):
            assert answer == "in_use"
        else:
            assert answer is None
            del self.users[sid]

    @rule(tier=TIERS, limit=st.integers(1, 3))
    def find(self, tier: str, limit: int) -> None:
        found: list[Any] = []
        cursor = None
        while True:
            page = self.call("user.find", filter={"tier": tier}, limit=limit, cursor=cursor)
            assert len(page["items"]) <= limit
            found, cursor = found + page["items"], page["next_cursor"]
            if cursor is None:
                break
        assert found == self.public(user for user in self.users.values() if user["tier"] == tier)

    def public(self, users: Iterator[dict[str, Any]] | Any) -> list[dict[str, Any]]:
        """Sorted by sid, without what is sensitive."""
        return [
            {name: value for name, value in user.items() if name != "secret"}
            for user in sorted(users, key=lambda user: str(user["sid"]))
        ]

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        if hasattr(self, "users"):
            assert self.call("user.list_full")["items"] == self.public(self.users.values())
            assert self.call("order.list")["items"] == sorted(self.orders)
            for sid, user in self.users.items():
                assert self.call("user.get", sid=sid) == user
                assert self.call("user.exists", sid=sid) is True
            assert self.call("user.exists", sid="nosuch") is False


def test_crud_follows_the_model(shop: ModuleType, shop_database: Database) -> None:
    machine = type("Machine", (CrudMachine,), {"shop": shop, "database": shop_database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("name", ["USER", "ORDER", "LOG_LINE", "EVERY"])
def test_whatever_a_strategy_gives_comes_back(shop: ModuleType, shop_database: Database, name: str) -> None:
    stored = [shop.USER, shop.ORDER, shop.LOG_LINE, shop.EVERY]

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        try:
            check_roundtrip(getattr(shop, name), lambda wanted: data.draw(_any(shop, wanted)), stored, shop_database)
        except Unstorable:
            reject()

    check()


def _any(shop: ModuleType, stored: Any) -> Any:
    import importlib

    strategies = importlib.import_module(shop.__name__.replace("tables", "strategies"))
    return getattr(strategies, f"any_{stored.alias}")()
