"""The CRUD methods on both databases, called as the dispatcher calls them: from JSON bytes to JSON bytes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from codegen.runtime.context import ADMIN, Caller, Context
from codegen.runtime.errors import Conflict, Forbidden, InUse, InvalidParams, NotFound
from codegen.runtime.rpc import crud
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.hooks import Hooks, OnWrite, Write
from codegen.runtime.storage.store import Store
from codegen.runtime.storage.stored_type import NotComputed, StoredType

NOW = datetime(2026, 5, 20, 22, 3, 14, 5, tzinfo=UTC)


class FixedClock:
    def now(self) -> datetime:
        return NOW


class Api:
    """Calls methods by name, with params as JSON."""

    def __init__(
        self,
        stored: list[Any],
        database: Database,
        hooks: list[Hooks[Any]] | None = None,
        on_admin_write: OnWrite | None = None,
    ) -> None:
        self.database = database
        self.methods = {method.name: method for method in crud.methods(stored, database, hooks or [], on_admin_write)}
        self.caller = ADMIN

    def __call__(self, method: str, **params: Any) -> Any:
        found = self.methods[method]
        context = Context(self.caller, FixedClock(), self.database, "request")
        return from_json(found.encode(found.call(context, found.params.validate_json(to_json(params)))))


@pytest.fixture
def api(shop: ModuleType, shop_database: Database) -> Api:
    return Api([shop.USER, shop.ORDER, shop.LOG_LINE], shop_database)


@pytest.fixture
def fresh(shop: ModuleType, shop_database: Database) -> Iterator[Callable[..., Api]]:
    """An API with hooks."""

    def make(*hooks: Hooks[Any]) -> Api:
        return Api([shop.USER, shop.ORDER], shop_database, list(hooks))

    yield make


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(InvalidParams) as caught:
        call()
    return caught.value.errors[0]["path"], caught.value.errors[0]["rule"]


def test_names_aliases_and_errors(api: Api) -> None:
    assert list(api.methods)[:9] == [
        f"user.{verb}" for verb in ("new", "get", "set", "patch", "delete", "list", "list_full", "exists", "find")
    ]
    assert [name for name in api.methods if name.startswith("log_line")] == [
        f"log_line.{verb}" for verb in ("new", "get", "list", "list_full", "exists", "find")
    ]
    method = api.methods["log_line.list_full"]
    assert method.aliases == ("log_line_list_full",) and method.safe and method.param_names == ("limit", "cursor")
    assert api.methods["user.patch"].param_names == ("sid", "data", "rev", "reason")
    assert api.methods["user.delete"].errors == (NotFound, InUse)


def test_a_life(api: Api) -> None:
    user = api("user.new", data={"address": "aa:01", "display_name": "Ann"})
    assert user == {
        "sid": user["sid"],
        "address": "aa:01",
        "display_name": "Ann",
        "tier": "none",
        "secret": None,
        "created_at": "2026-05-20T22:03:14Z",
        "seen_at": "2026-05-20T22:03:14Z",
        "rev": 1,
    }
    sid = user["sid"]
    assert api("user.get", sid=sid) == user
    assert api("user.exists", sid=sid) is True and api("user.exists", sid="none1") is False
    assert api("user.patch", sid=sid, data={"display_name": None}, rev=1) == {**user, "display_name": None, "rev": 2}
    with pytest.raises(Conflict):
        api("user.patch", sid=sid, data={}, rev=1)
    replaced = api("user.set", data={"sid": sid, "address": "aa:01", "tier": "week"}, rev=2)
    assert replaced == {**user, "display_name": None, "tier": "week", "rev": 3}
    assert api("user.list") == {"items": [sid], "next_cursor": None}
    assert api("user.delete", sid=sid) is None
    for method in ("user.get", "user.delete"):
        with pytest.raises(NotFound):
            api(method, sid=sid)


def test_server_fields_are_ignored_on_input(api: Api) -> None:
    data = {"address": "aa:01", "created_at": "no time at all", "rev": -7}
    user = api("user.new", data=data)
    assert (user["created_at"], user["rev"]) == ("2026-05-20T22:03:14Z", 1)
    patched = api("user.patch", sid=user["sid"], data={"created_at": "1999-01-01T00:00:00Z", "rev": 99})
    assert (patched["created_at"], patched["rev"]) == (user["created_at"], 2)
    order = api("order.new", data={"user_sid": user["sid"], "number": 1, "tag": "a", "total_cents": {"any": "thing"}})
    assert (order["total"], order["total_cents"]) == ("1.50", 150)
    assert api("order.set", data=order)["rev"] == 2  # what was read can be sent back


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"address": "XX"},
        {"address": "aa", "nothing": 1},
        {"address": "aa", "display_name": "x" * 81},
        {"address": "aa", "tier": "year"},
        {"address": "aa", "tier": None},
        {"address": None},
        {"sid": "!", "address": "aa"},
    ],
)
def test_wrong_input_is_refused(api: Api, data: dict[str, Any]) -> None:
    for method in ("user.new", "user.set"):
        with pytest.raises(ValidationError):
            api(method, data=data)
    assert api("user.list")["items"] == []


def test_other_wrong_params(api: Api) -> None:
    for method, params in (
        ("user.get", {}),
        ("user.get", {"sid": "aaaa", "x": 1}),
        ("user.list", {"limit": 0}),
        ("user.list", {"limit": 1001}),
        ("user.list", {"limit": "5"}),
        ("user.find", {}),
        ("user.find", {"filter": {"display_name": "x"}}),
        ("user.find", {"filter": {"tier": "x"}}),
        ("user.patch", {"sid": "aaaa", "data": {"tier": None}}),
        ("user.patch", {"sid": "aaaa", "data": {"x": 1}}),
        ("order.new", {"data": {"user_sid": "aaaa", "number": 1, "tag": "a", "total": "-1"}}),
    ):
        with pytest.raises(ValidationError):
            api(method, **params)


def test_text_that_no_database_keeps_names_its_field(api: Api) -> None:
    user = api("user.new", data={"address": "aa"})["sid"]
    data = {"user_sid": user, "number": 1, "tag": "a\0b"}
    assert refused(lambda: api("order.new", data=data)) == ("data.tag", "stored")
    order = api("order.new", data={**data, "tag": "a"})
    assert refused(lambda: api("order.patch", sid=order["sid"], data={"tag": "\0"})) == ("data.tag", "stored")


def test_pages_leave_sensitive_fields_out(api: Api) -> None:
    sids = [api("user.new", data={"address": f"aa:{n:02x}", "secret": "s"})["sid"] for n in range(5)]
    assert api("user.get", sid=sids[0])["secret"] == "s"
    first = api("user.list_full", limit=3)
    assert [user["sid"] for user in first["items"]] == sids[:3] and "secret" not in first["items"][0]
    rest = api("user.list_full", limit=3, cursor=first["next_cursor"])
    assert [user["sid"] for user in rest["items"]] == sids[3:] and rest["next_cursor"] is None
    found = api("user.find", filter={"address": "aa:03"})
    assert [user["sid"] for user in found["items"]] == [sids[3]] and "secret" not in found["items"][0]
    assert refused(lambda: api("user.list", cursor="AAAA")) == ("cursor", "cursor")


def test_a_cursor_belongs_to_its_filter(api: Api) -> None:
    one, other = (api("user.new", data={"address": f"aa:{n:02x}", "secret": "s"})["sid"] for n in range(2))
    for number in range(3):
        api("order.new", data={"user_sid": one, "number": number, "tag": f"t{number}"})
    page = api("order.find", filter={"user_sid": one}, limit=2)
    rest = api("order.find", filter={"user_sid": one}, limit=None, cursor=page["next_cursor"])
    assert len(rest["items"]) == 1 and rest["next_cursor"] is None
    for filter in ({}, {"user_sid": other}):
        with_cursor = {"filter": filter, "cursor": page["next_cursor"]}
        assert refused(lambda given=with_cursor: api("order.find", **given)) == ("cursor", "cursor")  # type: ignore[misc]
    assert refused(lambda: api("order.list", cursor=page["next_cursor"])) == ("cursor", "cursor")


def test_references_and_immutables_name_their_field(api: Api) -> None:
    user = api("user.new", data={"address": "aa:01"})["sid"]
    other = api("user.new", data={"address": "aa:02"})["sid"]
    order = api("order.new", data={"user_sid": user, "number": 1, "tag": "a"})
    assert refused(lambda: api("order.new", data={"user_sid": "nobody", "number": 2, "tag": "b"})) == (
        "data.user_sid",
        "reference",
    )
    assert refused(lambda: api("order.patch", sid=order["sid"], data={"parent": "nothing"})) == (
        "data.parent",
        "reference",
    )
    assert refused(lambda: api("order.patch", sid=order["sid"], data={"user_sid": other})) == (
        "data.user_sid",
        "immutable",
    )
    assert refused(lambda: api("order.new", data={"number": 2, "tag": "b"})) == ("data.user_sid", "missing")
    with pytest.raises(InUse):
        api("user.delete", sid=user)
    with pytest.raises(Conflict) as taken:
        api("order.new", data={"user_sid": user, "number": 1, "tag": "b"})
    assert taken.value.data() == {"fields": ["number"]}


def test_own_rows_only(api: Api) -> None:
    ann, bob = (api("user.new", data={"address": address})["sid"] for address in ("aa:01", "aa:02"))
    hers = api("order.new", data={"user_sid": ann, "number": 1, "tag": "a"})["sid"]
    api.caller = Caller("user", bob)
    his = api("order.new", data={"number": 2, "tag": "a"})
    assert his["user_sid"] == bob
    for method, params in (("order.get", {}), ("order.patch", {"data": {"tag": "x"}}), ("order.delete", {})):
        with pytest.raises(NotFound):
            api(method, sid=hers, **params)
    with pytest.raises(Conflict):
        api("order.set", data={"sid": hers, "number": 3, "tag": "x"})
    for method in ("order.new", "order.set"):
        with pytest.raises(Forbidden):
            api(method, data={"user_sid": ann, "number": 3, "tag": "x"})
    with pytest.raises(Forbidden):
        api("order.patch", sid=his["sid"], data={"user_sid": ann})
    assert api("order.exists", sid=hers) is False and api("order.exists", sid=his["sid"]) is True
    assert api("order.list")["items"] == [his["sid"]]
    assert [order["sid"] for order in api("order.list_full")["items"]] == [his["sid"]]
    assert [order["sid"] for order in api("order.find", filter={"number": 1})["items"]] == []
    assert [order["sid"] for order in api("order.find", filter={})["items"]] == [his["sid"]]
    assert api("user.list")["items"] == [bob] and api("user.get", sid=bob)["sid"] == bob
    with pytest.raises(NotFound):
        api("user.get", sid=ann)
    assert api("order.patch", sid=his["sid"], data={"tag": "z"})["tag"] == "z"
    assert api("order.delete", sid=his["sid"]) is None
    api.caller = ADMIN
    assert api("order.list")["items"] == [hers]


def test_the_seven_hooks(fresh: Callable[..., Api], shop: ModuleType) -> None:
    seen: list[Any] = []

    def pre_new(context: Context, user: Any) -> Any:
        seen.append(("pre_new", user.display_name))
        return user.model_copy(update={"display_name": "from the hook"})

    def pre_set(context: Context, old: Any, new: Any) -> None:
        seen.append(("pre_set", old and old.display_name, new.display_name))
        new.tier = shop.Tier("week")

    api = fresh(
        Hooks(
            type=shop.USER,
            pre_new=pre_new,
            post_new=lambda context, user: seen.append(("post_new", user.display_name)),
            pre_set=pre_set,
            post_set=lambda context, old, new: seen.append(("post_set", old and old.display_name, new.display_name)),
            pre_delete=lambda context, user: seen.append(("pre_delete", user.display_name)),
            post_delete=lambda context, user: seen.append(("post_delete", user.display_name)),
            post_get=lambda context, user: user.model_copy(update={"display_name": f"<{user.display_name}>"}),
        )
    )
    user = api("user.new", data={"address": "aa:01", "display_name": "Ann"})
    assert user["display_name"] == "<from the hook>"
    patched = api("user.patch", sid=user["sid"], data={"display_name": "Bo"}, rev=1)
    assert (patched["display_name"], patched["tier"], patched["rev"]) == ("<Bo>", "week", 2)
    created = api("user.set", data={"sid": "user9", "address": "aa:09"})
    assert (created["tier"], created["rev"]) == ("week", 1)
    assert [each["display_name"] for each in api("user.list_full")["items"]] == ["<Bo>", "<None>"]
    api("user.delete", sid="user9")
    assert seen == [
        ("pre_new", "Ann"),
        ("post_new", "from the hook"),
        ("pre_set", "from the hook", "Bo"),
        ("post_set", "from the hook", "Bo"),
        ("pre_set", None, None),
        ("post_set", None, None),
        ("pre_delete", None),
        ("post_delete", None),
    ]


def test_what_a_hook_raises_undoes_the_call(fresh: Callable[..., Api], shop: ModuleType) -> None:
    def no(*_: Any) -> None:
        raise Forbidden

    for place, verb in (("post_new", "new"), ("post_set", "set"), ("post_delete", "delete")):
        api = fresh(Hooks(type=shop.USER, **{place: no}))
        if place == "post_delete":
            api("user.new", data={"sid": "kept", "address": "aa:01"})
        params: dict[str, Any] = {"sid": "kept"} if verb == "delete" else {"data": {"address": "aa:02"}}
        with pytest.raises(Forbidden):
            api(f"user.{verb}", **params)
    assert api("user.list")["items"] == ["kept"]


def test_each_write_by_an_admin_is_seen(shop: ModuleType, shop_database: Database) -> None:
    seen: list[Write] = []
    api = Api([shop.USER, shop.ORDER], shop_database, [], lambda context, write: seen.append(write))
    user = api("user.new", data={"address": "aa:01", "display_name": "Ann"})
    api("user.patch", sid=user["sid"], data={"display_name": "Bo"})
    api("user.set", data={"sid": user["sid"], "address": "aa:01"})
    api("user.set", data={"sid": "user9", "address": "aa:09"})
    api("user.delete", sid="user9")
    shown = [
        (
            write.verb,
            write.sid,
            *(state and (state["display_name"], state["rev"]) for state in (write.before, write.after)),
        )
        for write in seen
    ]
    assert shown == [
        ("new", user["sid"], None, ("Ann", 1)),
        ("patch", user["sid"], ("Ann", 1), ("Bo", 2)),
        ("set", user["sid"], ("Bo", 2), (None, 3)),
        ("set", "user9", None, (None, 1)),
        ("delete", "user9", (None, 1), None),
    ]
    assert {write.type for write in seen} == {shop.USER}
    seen.clear()
    api.caller = Caller("user", user["sid"])
    api("user.patch", sid=user["sid"], data={"display_name": "Me"})
    api("user.get", sid=user["sid"])
    assert seen == []


def test_a_write_that_is_seen_and_refused_is_undone(shop: ModuleType, shop_database: Database) -> None:
    def no(context: Context, write: Write) -> None:
        raise Forbidden

    Store.of(shop.USER, shop_database).new({"sid": "kept", "address": "aa:01"}, NOW)
    api = Api([shop.USER], shop_database, [], no)
    for verb, params in (
        ("new", {"data": {"address": "aa:02"}}),
        ("set", {"data": {"sid": "kept", "address": "aa:01", "display_name": "Ann"}}),
        ("set", {"data": {"sid": "other", "address": "aa:03"}}),
        ("patch", {"sid": "kept", "data": {"display_name": "Ann"}}),
        ("delete", {"sid": "kept"}),
    ):
        with pytest.raises(Forbidden):
            api(f"user.{verb}", **params)
    assert [(each["sid"], each["display_name"]) for each in api("user.list_full")["items"]] == [("kept", None)]


def test_computed_fields_need_a_function(shop: ModuleType, shop_database: Database) -> None:
    fields = {name: getattr(shop.ORDER, name) for name in StoredType.__dataclass_fields__ if name != "_compute"}
    with pytest.raises(NotComputed, match=r"Order.total_cents is @computed: say how with @ORDER.computes"):
        crud.methods([StoredType(**fields)], shop_database)


def test_hooks_twice_are_a_mistake(fresh: Callable[..., Api], shop: ModuleType) -> None:
    with pytest.raises(ValueError, match="User has hooks twice"):
        fresh(Hooks(type=shop.USER), Hooks(type=shop.USER))


def test_a_read_makes_no_model(api: Api, shop: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    sid = api("user.new", data={"address": "aa:01"})["sid"]
    monkeypatch.setattr(shop.User, "model_construct", lambda **_: pytest.fail("a model was made"))
    api("user.get", sid=sid)
    api("user.list_full")


def test_handlers_and_crud_see_the_same(api: Api, shop: ModuleType, shop_database: Database) -> None:
    users = Store.of(shop.USER, shop_database)
    user = users.new({"address": "aa:01"}, NOW)
    assert api("user.get", sid=user.sid) == from_json(user.model_dump_json())
