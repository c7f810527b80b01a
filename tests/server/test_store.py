"""The store on both databases: what it keeps, what it refuses, and that it asks once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any
from uuid import UUID

import peewee
import pytest
from pydantic import TypeAdapter
from pydantic_core import to_json

from codegen.runtime.errors import Conflict, InvalidParams, NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Duplicate, Referenced, Refused, UnknownReference
from codegen.runtime.storage.store import Store
from codegen.runtime.values.types import Money

NOW = datetime(2026, 5, 20, 22, 3, 14, 123456, tzinfo=UTC)

EXTREMES: list[dict[str, Any]] = [
    {
        "bool": False,
        "str": "",
        "bytes": b"",
        "i8": -(2**7),
        "i16": -(2**15),
        "i32": -(2**31),
        "i64": -(2**63),
        "u8": 0,
        "u16": 0,
        "u32": 0,
        "u64": 0,
        "f32": -3.4028234663852886e38,
        "f64": -1.7976931348623157e308,
        "decimal": Decimal("-99999999999999999999999999999999999999"),
        "money": Money(-(2**63)),
        "otime": datetime(1970, 1, 1, tzinfo=UTC),
        "datetime": datetime(1, 1, 1, tzinfo=UTC),
        "date": date(1, 1, 1),
        "duration": timedelta(days=-106751991),
        "uuid": UUID(int=0),
        "tier": "none",
        "open": "",
        "json": None,
        "list": [],
        "map": {},
        "struct": {"x": -1, "y": "0"},
        "union": {"type": "circle", "radius": 1},
    },
    {
        "bool": True,
        "str": "a\n\"'%s ?☃\U0001f600",
        "bytes": bytes(range(256)),
        "i8": -1,
        "i16": -1,
        "i32": -1,
        "i64": -1,
        "u8": 1,
        "u16": 1,
        "u32": 1,
        "u64": 2**53 + 1,
        "f32": -0.5,
        "f64": 5e-324,
        "decimal": Decimal("0"),
        "money": Money(-1),
        "otime": datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC),
        "datetime": NOW,
        "date": date(1969, 12, 31),
        "duration": timedelta(0),
        "uuid": UUID("8e4c5b6a-0000-4000-8000-00000000abcd"),
        "tier": "one month",
        "open": "new one",
        "json": {"z": [1, 2.5, None, "x"], "a": {"b": True}},
        "list": [Money(1), Money(10**9)],
        "map": {"k": Decimal("1.25")},
        "struct": {"x": 0, "y": "1.50", "note": "n"},
        "union": {"type": "square", "side": "1.50"},
    },
    {
        "bool": True,
        "str": "\U0010ffff",
        "bytes": b"\xff" * 99,
        "i8": 2**7 - 1,
        "i16": 2**15 - 1,
        "i32": 2**31 - 1,
        "i64": 2**63 - 1,
        "u8": 2**8 - 1,
        "u16": 2**16 - 1,
        "u32": 2**32 - 1,
        "u64": 2**64 - 1,
        "f32": 3.4028234663852886e38,
        "f64": 1.7976931348623157e308,
        "decimal": Decimal("99999999999999999999999999999999999999.99999999999999999999999999999999999999"),
        "money": Money(2**63 - 1),
        "otime": datetime.fromtimestamp(2**32 - 1, UTC),
        "datetime": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        "date": date(9999, 12, 31),
        "duration": timedelta(days=106751991),
        "uuid": UUID(int=2**128 - 1),
        "tier": "week",
        "open": "stripe",
        "json": "text",
        "list": [Money(-1)] * 3,
        "map": {"": Decimal("-1")},
        "struct": {"x": 7, "y": "2"},
        "union": {"type": "circle", "radius": 255},
    },
]
UNORDERED = {"json", "list", "map", "struct", "union"}


def every(shop: ModuleType, extreme: dict[str, Any]) -> dict[str, Any]:
    """Values of `Every` as a handler gives them."""
    types = {field.name: field.type for field in shop.EVERY.fields}
    return {
        **{f"a_{name}": value for name, value in extreme.items()},
        "a_struct": shop.Point.model_validate(extreme["struct"]),
        "a_tier": shop.Tier(extreme["tier"]),
        "a_union": TypeAdapter(types["a_union"]).validate_python(extreme["union"]),
    }


@pytest.fixture
def users(shop: ModuleType, shop_database: Database) -> Any:
    return Store.of(shop.USER, shop_database)


def test_a_store_is_made_once_for_each_pair(shop: ModuleType, shop_database: Database) -> None:
    assert Store.of(shop.USER, shop_database) is Store.of(shop.USER, shop_database)
    assert Store.of(shop.USER, shop_database) is not Store.of(shop.ORDER, shop_database)


@pytest.mark.parametrize("place", range(len(EXTREMES)))
def test_every_kind_comes_back_as_it_was_written(shop: ModuleType, shop_database: Database, place: int) -> None:
    store = Store.of(shop.EVERY, shop_database)
    written = every(shop, EXTREMES[place])
    kept = store.new(written, NOW)
    read = store.get(kept.sid)
    assert read == kept
    for name, value in written.items():
        assert getattr(read, name) == value, name
        assert type(getattr(read, name)) is type(value), name
    assert read.n_str is None and read.rev == 1
    full = store.patch(
        kept.sid,
        {
            name.replace("a_", "n_", 1): value
            for name, value in written.items()
            if name.replace("a_", "n_", 1) in store.type.names
        },
    )
    assert store.get(kept.sid) == full and full.rev == 2


@pytest.mark.parametrize("place", range(len(EXTREMES)))
def test_json_straight_from_the_row_is_the_models_json(shop: ModuleType, shop_database: Database, place: int) -> None:
    store = Store.of(shop.EVERY, shop_database)
    kept = store.new(every(shop, EXTREMES[place]), NOW)
    (row,) = shop_database.execute(store.sql.select, (kept.sid,))
    assert to_json(store.to_json(row)) == to_json(kept)


def test_every_ordered_kind_sorts_as_its_values_do(shop: ModuleType, shop_database: Database) -> None:
    store = Store.of(shop.EVERY, shop_database)
    for extreme in reversed(EXTREMES):
        store.new(every(shop, extreme), NOW)
    for name in EXTREMES[0].keys() - UNORDERED:
        rows = shop_database.execute(f'SELECT "sid" FROM "every" ORDER BY "a_{name}", "sid"')  # noqa: S608
        values = [getattr(store.get(sid), f"a_{name}") for (sid,) in rows]
        assert values == sorted(values), name


def test_find_meets_every_indexed_kind(shop: ModuleType, shop_database: Database) -> None:
    store = Store.of(shop.EVERY, shop_database)
    kept = [store.new(every(shop, extreme), NOW) for extreme in EXTREMES]
    for name in EXTREMES[0].keys() - UNORDERED:
        for each in kept:
            wanted = getattr(each, f"a_{name}")
            found = store.find({f"a_{name}": wanted})["items"]
            assert found == [other for other in kept if getattr(other, f"a_{name}") == wanted], name
    assert len(store.find({"n_str": None})["items"]) == 3
    assert store.find({"n_str": None, "a_bool": False})["items"] == kept[:1]


def test_latest_gives_the_newest_first(users: Any) -> None:
    kept = [users.new({"address": f"aa:{place:02x}", "tier": ["none", "week"][place % 2]}, NOW) for place in range(5)]
    assert users.latest({}, 2) == [kept[4], kept[3]]
    assert users.latest({"tier": "week"}) == [kept[3], kept[1]]
    assert users.latest({"tier": "week", "address": "aa:01"}, 1) == [kept[1]]
    assert users.latest({"tier": "month"}) == []
    with pytest.raises(InvalidParams):
        users.latest({"display_name": "Ann"})
    with pytest.raises(InvalidParams):
        users.latest({}, 0)


def test_equal_decimals_are_equal_in_the_database(shop: ModuleType, shop_database: Database) -> None:
    store = Store.of(shop.EVERY, shop_database)
    kept = store.new(every(shop, {**EXTREMES[0], "decimal": Decimal("12.500")}), NOW)
    assert [each.sid for each in store.find({"a_decimal": Decimal("12.5")})["items"]] == [kept.sid]


def test_new_fills_defaults(users: Any, shop: ModuleType) -> None:
    user = users.new({"address": "aa:01"}, NOW)
    assert (user.tier, user.display_name, user.rev) == (shop.Tier("none"), None, 1)
    assert user.created_at == user.seen_at == NOW.replace(microsecond=0)
    assert len(user.sid) == 26 and users.get(user.sid) == user
    assert (
        users.new(
            {"sid": "abcd", "address": "aa:02", "created_at": datetime(2000, 1, 1, tzinfo=UTC)}, NOW
        ).created_at.year
        == 2000
    )


def test_defaults_are_not_shared(shop: ModuleType, shop_database: Database) -> None:
    user = Store.of(shop.USER, shop_database).new({"address": "aa"}, NOW)
    orders = Store.of(shop.ORDER, shop_database)
    first = orders.new({"user_sid": user.sid, "number": 1, "tag": "a"}, NOW)
    first.items.append(shop.Point(x=1, y=Decimal(1)))
    assert orders.new({"user_sid": user.sid, "number": 2, "tag": "b"}, NOW).items == []


def test_a_taken_key_says_which(users: Any, shop: ModuleType, shop_database: Database) -> None:
    user = users.new({"address": "aa:01"}, NOW)
    with pytest.raises(Duplicate) as taken:
        users.new({"address": "aa:01"}, NOW)
    assert taken.value.data() == {"fields": ["address"]} and "address" in str(taken.value)
    with pytest.raises(Duplicate) as taken:
        users.new({"sid": user.sid, "address": "aa:02"}, NOW)
    assert taken.value.fields == ("sid",)
    orders = Store.of(shop.ORDER, shop_database)
    orders.new({"user_sid": user.sid, "number": 1, "tag": "a"}, NOW)
    with pytest.raises(Duplicate) as taken:
        orders.new({"user_sid": user.sid, "number": 2, "tag": "a"}, NOW)
    assert taken.value.fields == ("user_sid", "tag")


def test_references_hold(users: Any, shop: ModuleType, shop_database: Database) -> None:
    user, orders = users.new({"address": "aa:01"}, NOW), Store.of(shop.ORDER, shop_database)
    order = orders.new({"user_sid": user.sid, "number": 1, "tag": "a"}, NOW)
    with pytest.raises(Referenced):
        users.delete(user.sid)
    with pytest.raises(UnknownReference) as unknown:
        orders.new({"user_sid": "nobody", "number": 2, "tag": "b"}, NOW)
    assert unknown.value.data() == {"fields": ["user_sid"]}
    with pytest.raises(UnknownReference) as unknown:
        orders.patch(order.sid, {"parent": "nothing"})
    assert unknown.value.fields == ("parent",)
    orders.patch(order.sid, {"parent": order.sid})
    orders.patch(order.sid, {"parent": None})
    orders.delete(order.sid)
    users.delete(user.sid)
    with pytest.raises(NotFound):
        users.delete(user.sid)


def test_set_replaces_and_creates(users: Any) -> None:
    made = users.set({"sid": "user1", "address": "aa:01", "display_name": "Ann"}, NOW)
    assert (made.sid, made.rev) == ("user1", 1)
    later = NOW + timedelta(days=1)
    changed = users.set({"sid": "user1", "address": "aa:01"}, later)
    assert (changed.display_name, changed.rev, changed.created_at) == (None, 2, made.created_at)
    assert changed.seen_at == made.seen_at
    with pytest.raises(Conflict):
        users.set({"sid": "user1", "address": "aa:01"}, NOW, rev=1)
    with pytest.raises(Conflict):
        users.set({"sid": "user2", "address": "aa:02"}, NOW, rev=1)
    assert not users.exists("user2")


def test_patch_merges(users: Any) -> None:
    user = users.new({"address": "aa:01", "display_name": "Ann"}, NOW)
    assert users.patch(user.sid, {}).display_name == "Ann"
    assert users.patch(user.sid, {"display_name": None}).display_name is None
    assert users.patch(user.sid, {"display_name": "Bo"}, rev=3).rev == 4
    with pytest.raises(Conflict):
        users.patch(user.sid, {"display_name": "Cy"}, rev=3)
    with pytest.raises(NotFound):
        users.patch("nobody", {})
    assert users.get(user.sid).display_name == "Bo"


def test_what_may_not_change_stays(users: Any) -> None:
    user = users.new({"address": "aa:01"}, NOW)
    assert users.patch(user.sid, {"address": "aa:01", "sid": user.sid}).address == "aa:01"
    for changes, rule in (({"address": "bb:01"}, "immutable"), ({"sid": "other"}, "immutable")):
        with pytest.raises(InvalidParams) as refused:
            users.patch(user.sid, changes)
        assert refused.value.errors[0]["rule"] == rule
    assert users.patch(user.sid, {"secret": None}).secret is None
    assert users.patch(user.sid, {"secret": "one"}).secret == "one"
    for value in ("two", None):
        with pytest.raises(InvalidParams) as refused:
            users.patch(user.sid, {"secret": value})
        assert refused.value.errors == [
            {"path": "data.secret", "message": "secret cannot be changed", "rule": "set_once"}
        ]
    assert users.get(user.sid).secret == "one"


def test_append_only_is_held_by_the_database(users: Any, shop: ModuleType, shop_database: Database) -> None:
    user, log = users.new({"address": "aa:01"}, NOW), Store.of(shop.LOG_LINE, shop_database)
    log.new({"key": "k", "user_sid": user.sid, "quantity": Decimal(1)}, NOW)
    for statement in ("UPDATE log_line SET key = 'x'", "DELETE FROM log_line"):
        with pytest.raises(Refused):
            shop_database.execute(statement)
    assert [line.at for line in log.find({"key": "k"})["items"]] == [NOW]


def test_insert_once_answers_a_duplicate_without_error(users: Any, shop: ModuleType, shop_database: Database) -> None:
    user, log = users.new({"address": "aa:01"}, NOW), Store.of(shop.LOG_LINE, shop_database)
    line = {"key": "k", "user_sid": user.sid, "quantity": Decimal("1.5")}
    first = log.insert_once(line, NOW, ["key"])
    assert first is not None and log.insert_once(line, NOW, ["key"]) is None
    with pytest.raises(UnknownReference):  # no other violation hides behind the duplicate
        log.insert_once({**line, "key": "other", "user_sid": "nobody"}, NOW, ["key"])
    with pytest.raises(Duplicate):
        log.insert_once({**line, "key": "other", "sid": first.sid}, NOW, ["key"])
    with pytest.raises(ValueError, match="no unique key"):
        log.insert_once(line, NOW, ["quantity"])


def test_insert_many_counts_what_is_new(users: Any, shop: ModuleType, shop_database: Database) -> None:
    user, log = users.new({"address": "aa:01"}, NOW), Store.of(shop.LOG_LINE, shop_database)
    lines = [{"key": str(place % 700), "user_sid": user.sid, "quantity": Decimal(place)} for place in range(1000)]
    assert log.insert_many(lines, NOW, ["key"]) == 700
    assert log.insert_many(lines, NOW, ["key"]) == 0
    assert log.insert_many([], NOW) == 0
    with pytest.raises(Duplicate):
        log.insert_many([{**lines[0], "key": "new"}, lines[1]], NOW)
    assert log.one({"key": "new"}) is None


def test_pages_are_stable_and_whole(users: Any) -> None:
    sids = [users.new({"address": f"aa:{place:02x}"}, NOW).sid for place in range(25)]
    seen: list[str] = []
    cursor = None
    while True:
        page = users.list(limit=10, cursor=cursor)
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        if len(seen) == 10:
            users.delete(seen[0])  # what was read may go, the rest stays where it is
    assert seen == sorted(sids) == sids
    assert [user.sid for user in users.list_full(limit=24)["items"]] == sids[1:]
    assert users.list_full(limit=24)["next_cursor"] is None


def test_cursors_of_others_are_refused(users: Any, shop: ModuleType, shop_database: Database) -> None:
    for place in range(3):
        users.new({"address": f"aa:{place:02x}"}, NOW)
    cursor = users.list(limit=1)["next_cursor"]
    users.list(limit=1, cursor=cursor)
    wrong = ["", "x", "é", cursor[:-1], cursor + "=", cursor + "A", cursor.swapcase(), "A" * 60]
    for broken in wrong:
        with pytest.raises(InvalidParams):
            users.list(cursor=broken)
    with pytest.raises(InvalidParams):
        Store.of(shop.ORDER, shop_database).list(cursor=cursor)
    for limit in (0, 1001, -1):
        with pytest.raises(InvalidParams):
            users.list(limit=limit)


def test_find_takes_indexed_fields_only(users: Any) -> None:
    with pytest.raises(InvalidParams) as refused:
        users.find({"display_name": "Ann"})
    assert refused.value.errors[0]["path"] == "filter.display_name"
    assert "address, tier" in refused.value.errors[0]["message"]


def test_text_with_nul_is_refused_alike(users: Any) -> None:
    with pytest.raises(InvalidParams):
        users.new({"address": "aa:01", "display_name": "a\0b"}, NOW)
    with pytest.raises(InvalidParams):
        users.find({"address": "a\0"})


def test_a_duration_too_long_is_refused_alike(shop: ModuleType, shop_database: Database) -> None:
    too_long = every(shop, {**EXTREMES[0], "duration": timedelta(days=2 * 10**8)})
    with pytest.raises(InvalidParams):
        Store.of(shop.EVERY, shop_database).new(too_long, NOW)


def test_many_objects_cost_one_query(users: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sids = [users.new({"address": f"aa:{place:02x}"}, NOW).sid for place in range(20)]
    asked: list[str] = []
    execute = Database.execute

    def recorded(self: Database, sql: str, params: Any = ()) -> Any:
        asked.append(sql)
        return execute(self, sql, params)

    monkeypatch.setattr(Database, "execute", recorded)
    assert list(users.get_many([*sids[:10], "nobody", sids[15]])) == [*sids[:10], sids[15]]
    assert len(users.list_full()["items"]) == 20
    assert len(users.find({"tier": "none"})["items"]) == 20
    assert len(asked) == 3


def test_statements_are_compiled_once(users: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def use(place: int) -> None:
        user = users.new({"address": f"aa:{place:02x}"}, NOW)
        sid = user.sid
        for call in (users.get, users.exists, lambda sid: users.get_many([sid]), users.delete):
            users.list()
            users.list_full()
            users.find({"tier": "none"})
            users.one({"address": "aa"})
            users.patch(sid, {"display_name": "x"})
            users.set({"sid": sid, "address": user.address}, NOW)
            call(sid)
        users.insert_once({"address": "cc"}, NOW, ["address"])
        users.insert_many([{"address": f"b{place}"}], NOW)

    use(1)
    text = users.sql.select
    monkeypatch.setattr(peewee.Context, "sql", lambda *_: pytest.fail("Peewee compiled a statement again"))
    use(2)
    assert users.sql.select is text
