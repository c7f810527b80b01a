"""Migrations on real databases: rows survive every change that is allowed, and nothing else is let through."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from codegen.model.storage import tables
from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database
from tests.server.migration_project import ANN, ENUM, OPEN, TWO, Project, Rows, catalogue, fresh, insert, read, root

# --- every row of the evolution tables that speaks of storage ---------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A change of schemas, on rows. One of `after`, `blocked` and `refused` says what comes of it.

    `after`: rows' values that are other afterwards, by table. `blocked`: the message of the migration that these rows
    stop. `refused`: the code of the finding. `stays`: the message that stops the way back on these rows.
    """

    old: str
    new: str
    rows: Rows = field(default_factory=dict)
    after: Rows | None = None
    blocked: str = ""
    refused: str = ""
    stays: str = ""
    back: Rows = field(default_factory=dict)


CHANGES: dict[str, Change] = {
    "nothing": Change(root("name: str"), "/// Explained.\n" + root("name: str"), TWO, {}),
    "reorder_fields": Change(root("name: str age?: u8"), root("age?: u8 name: str"), TWO, {}),
    "change_a_default": Change(
        root("name: str age: u8 = 1"), root("name: str age: u8 = 2"), {"user": [{**ANN, "age": 7}]}, {}
    ),
    "add_an_optional_field": Change(
        root("name: str"), root("nick?: str @len(1, 9) name: str"), TWO, {"user": [{"nick": None}, {"nick": None}]}
    ),
    "add_a_field_with_default": Change(
        root("name: str"),
        root('name: str kind: str = "it\'s 100% new"'),
        TWO,
        {"user": [{"kind": "it's 100% new"}] * 2},
    ),
    "add_a_field_of_every_kind": Change(
        root("name: str"),
        root("""name: str
        a: bool = true b: u64 = 7 c: decimal = "1.50" d: money<USD> = "-0.25" e: date = "2026-05-20"
        f: f64 = 0.5 g: json = {} h: [str] = []
        i: Color = red k: i8 = -3 l: uuid = "8e8ad3c6-8d33-4c1b-9f4b-0d8f0f7e1c11" """)
        + "\n"
        + ENUM,
        TWO,
        {
            "user": [
                {
                    "a": True,
                    "b": 7,
                    "c": Decimal("1.5"),
                    "d": -250_000_000,
                    "e": date(2026, 5, 20),
                    "f": 0.5,
                    "g": "{}",
                    "h": "[]",
                    "i": "red",
                    "k": -3,
                }
            ]
            * 2
        },
    ),
    "add_times_of_now": Change(
        root("name: str"),
        root("name: str a: otime = now b: datetime = now c: date = now"),
        TWO,
        {},
        stays="going back would lose",
    ),
    "add_a_reference": Change(
        root("name: str"), root("name: str boss?: &User @index"), TWO, {"user": [{"boss": None}] * 2}
    ),
    "add_a_required_field": Change(root("name: str"), root("name: str age: u8"), TWO, refused="OS722"),
    "delete_a_field": Change(root("name: str age?: u8"), root("name: str"), TWO, refused="OS720"),
    "delete_a_reserved_field": Change(
        root("name: str age?: u8 @index"),
        root("name: str", 'rootobject, reserved("age")'),
        {"user": [{**ANN, "age": 7}]},
        {},
        back={"user": [{"age": None}]},
    ),
    "delete_a_required_reserved_field": Change(
        root("name: str age: u8"),
        root("name: str", 'rootobject, reserved("age")'),
        {"user": [{**ANN, "age": 7}]},
        {},
        stays="no value for age",
    ),
    "use_a_reserved_name_again": Change(
        root("name: str", 'rootobject, reserved("age")'), root("name: str age?: u8"), TWO, refused="OS721"
    ),
    "compute_a_field": Change(root("name: str age?: u8"), root("name: str age?: u8 @computed"), TWO, {}),
    "rename_a_field": Change(
        root("name: str @unique @len(1, 9)"),
        root('title: str @unique @len(1, 9) @was("name")'),
        TWO,
        {"user": [{"title": "Ann"}, {"title": "Bob"}]},
    ),
    "rename_a_reference": Change(
        root("name: str boss?: &User @index"),
        root('name: str chief?: &User @index @was("boss")'),
        {"user": [ANN, {"sid": "bob1", "name": "Bob", "boss": "ann1"}]},
        {"user": [{"chief": None}, {"chief": "ann1"}]},
    ),
    "rename_and_widen": Change(
        root("name: str n: u8"),
        root('name: str count: u16 @was("n")'),
        {"user": [{**ANN, "n": 250}]},
        {"user": [{"count": 250}]},
    ),
    "optional_to_required": Change(root("name?: str"), root("name: str"), TWO, {}),
    "optional_to_required_on_nulls": Change(
        root("name?: str"),
        root("name: str"),
        {"user": [{"sid": "ann1"}]},
        blocked="name is now required.*such as ann1; all of them: SELECT",
    ),
    "optional_to_required_with_default": Change(
        root("name?: str"),
        root('name: str = "?"'),
        {"user": [{"sid": "ann1"}, {"sid": "bob1", "name": "Bob"}]},
        {"user": [{"name": "?"}, {}]},
        back={"user": [{"name": "?"}, {}]},
    ),
    "required_to_optional": Change(root("name: str"), root("name?: str"), TWO, {}),
    "widen_integers": Change(
        root("a: i8 b: u8 c: i32 d: u32 e: u16"),
        root("a: i16 b: i32 c: i64 d: u64 e: u64"),
        {"user": [{"sid": "ann1", "a": -128, "b": 255, "c": -5, "d": 4294967295, "e": 9}]},
        {},
    ),
    "widen_an_optional_integer": Change(
        root("name: str a?: u32"),
        root("name: str a?: u64"),
        {"user": [ANN, {"sid": "bob1", "name": "Bob", "a": 3}]},
        {},
    ),
    "narrow_an_integer": Change(root("a: u16"), root("a: u8"), refused="OS723"),
    "integer_with_another_range": Change(root("a: u8"), root("a: i8"), refused="OS723"),
    "text_to_integer": Change(root("name: str"), root("name: i32"), TWO, refused="OS723"),
    "another_currency": Change(root("a: money<USD>"), root("a: money<EUR>"), refused="OS723"),
    "another_target": Change(
        root("a?: &User") + "\n" + root("", name="Node"),
        root("a?: &Node") + "\n" + root("", name="Node"),
        refused="OS723",
    ),
    "tighten_a_constraint": Change(
        root("name: str age: u8"), root("name: str @len(1, 5) age: u8 @max(99)"), {"user": [{**ANN, "age": 99}]}, {}
    ),
    "tighten_a_length_on_rows": Change(root("name: str"), root("name: str @len(1, 2)"), TWO, blocked="some rows break"),
    "tighten_a_decimal_on_rows": Change(
        root("d: decimal"),
        root('d: decimal @min("-1.5")'),
        {"user": [{"sid": "ann1", "d": "-1.51"}]},
        blocked="some rows break",
    ),
    "tighten_a_decimal": Change(
        root("d: decimal"),
        root('d: decimal @min("-1.5") @max(10)'),
        {"user": [{"sid": "ann1", "d": "-1.50"}, {"sid": "bob1", "d": "10"}]},
        {},
    ),
    "tighten_money_on_rows": Change(
        root("d: money<USD>"),
        root('d: money<USD> @min("0.5")'),
        {"user": [{"sid": "ann1", "d": "0.499999999"}]},
        blocked="some rows break",
    ),
    "add_a_regex": Change(root("name: str"), root('name: str @regex("^[A-Z][a-z]+$")'), TWO, {}),
    "add_a_regex_on_rows": Change(
        root("name: str"), root('name: str @regex("^[a-z]+$")'), TWO, blocked=r"must now match.*such as ann1, bob1"
    ),
    "add_a_regex_with_a_class_on_rows": Change(
        root("name: str"),
        root('name: str @regex("\\\\d")'),
        {"user": [{"sid": "ann1", "name": "\u0665"}]},
        blocked=r"must now match",
    ),
    "add_a_regex_that_looks_ahead_on_rows": Change(
        root("name: str"),
        root('name: str @regex("(?!root$)[a-z]+")'),
        {"user": [{"sid": "ann1", "name": "root"}]},
        blocked=r"must now match",
    ),
    "loosen_a_constraint": Change(root("name: str @len(1, 5)"), root("name: str @len(0, 9)"), TWO, {}),
    "drop_a_constraint": Change(root("name: str @len(1, 5)"), root("name: str"), TWO, {}),
    "add_an_enum_value": Change(
        root("c: Color") + "\n" + ENUM,
        root("c: Color") + '\nColor = "red" | "blue" | "green"',
        {"user": [{"sid": "ann1", "c": "red"}]},
        {},
    ),
    "add_a_value_to_an_open_enum": Change(
        root("c: Color") + "\n" + OPEN,
        root("c: Color") + '\nColor = "red" | "blue" | "green" | ...',
        {"user": [{"sid": "ann1", "c": "violet"}]},
        {},
    ),
    "reorder_enum_values": Change(
        root("c: Color") + "\n" + ENUM,
        root("c: Color") + '\nColor = "blue" | "red"',
        {"user": [{"sid": "ann1", "c": "red"}]},
        {},
    ),
    "delete_an_enum_value": Change(
        root("c: Color") + '\nColor = "red" | "blue" | "green"',
        root("c: Color") + "\n" + ENUM,
        {"user": [{"sid": "ann1", "c": "red"}]},
        {},
    ),
    "delete_an_enum_value_on_rows": Change(
        root("c: Color") + '\nColor = "red" | "blue" | "green"',
        root("c: Color") + "\n" + ENUM,
        {"user": [{"sid": "ann1", "c": "green"}]},
        blocked="may no longer be 'green'",
    ),
    "delete_an_odd_enum_value": Change(
        root("c: Odd") + '\nOdd = "a" | "$$ it\'s; $_$ -- \\\\ %s" | "b"',
        root("c: Odd") + '\nOdd = "a" | "b" | "BEGIN;\\nEND"',
        {"user": [{"sid": "ann1", "c": "a"}]},
        {},
    ),
    "close_an_enum": Change(
        root("c: Color") + "\n" + OPEN, root("c: Color") + "\n" + ENUM, {"user": [{"sid": "ann1", "c": "red"}]}, {}
    ),
    "close_an_enum_on_rows": Change(
        root("c: Color") + "\n" + OPEN,
        root("c: Color") + "\n" + ENUM,
        {"user": [{"sid": "ann1", "c": "violet"}]},
        blocked="closed enum",
    ),
    "open_an_enum": Change(
        root("c: Color") + "\n" + ENUM, root("c: Color") + "\n" + OPEN, {"user": [{"sid": "ann1", "c": "red"}]}, {}
    ),
    "add_a_union_member": Change(
        root("s: Shape") + "\nA = { x: i32 }\nB = { y: i32 }\nShape = A | B",
        root("s: Shape") + "\nA = { x: i32 }\nB = { y: i32 }\nC = { z: i32 }\nShape = A | B | C",
        {"user": [{"sid": "ann1", "s": {"type": "a", "x": 1}}]},
        {},
    ),
    "delete_a_union_member_on_rows": Change(
        root("s: Shape") + "\nA = { x: i32 }\nB = { y: i32 }\nC = { z: i32 }\nShape = A | B | C",
        root("s: Shape") + "\nA = { x: i32 }\nB = { y: i32 }\nC = { z: i32 }\nShape = A | B",
        {"user": [{"sid": "ann1", "s": {"type": "a", "x": 1}}]},
        blocked="Shape lost c",
    ),
    "change_a_tag_on_rows": Change(
        root("s: Shape") + "\nA = { x: i32 }\nB = { y: i32 }\nShape = A | B",
        root("s: Shape") + '\nA = { x: i32 }\nB = { y: i32 }\n[tag("kind")]\nShape = A | B',
        {"user": [{"sid": "ann1", "s": {"type": "a", "x": 1}}]},
        blocked="the tag of Shape became kind",
    ),
    "widen_in_an_embedded_struct": Change(
        root("s: A") + "\nA = { x: i32 }",
        root("s: A") + "\nA = { x: i64 }",
        {"user": [{"sid": "ann1", "s": {"x": 1}}]},
        {},
    ),
    "grow_an_embedded_struct": Change(
        root("s: A") + "\nA = { x: i32 }",
        root("s: A") + "\nA = { y?: str x: i32 }",
        {"user": [{"sid": "ann1", "s": {"x": 1}}]},
        {},
    ),
    "require_in_an_embedded_struct": Change(
        root("s: [A]") + "\nA = { x: i32 }",
        root("s: [A]") + "\nA = { x: i32 y: str }",
        {"user": [{"sid": "ann1", "s": [{"x": 1}]}]},
        blocked="user.s of ann1: m.A.y is required",
    ),
    "require_in_an_embedded_struct_that_is_nowhere": Change(
        root("s: [A]") + "\nA = { x: i32 }",
        root("s: [A]") + "\nA = { x: i32 y: str }",
        {"user": [{"sid": "ann1", "s": []}]},
        {},
    ),
    "delete_an_embedded_field": Change(
        root("s: A") + "\nA = { x: i32 y?: str }", root("s: A") + "\nA = { x: i32 }", refused="OS720"
    ),
    "delete_an_embedded_field_in_two_places": Change(
        root("s: A t: [A]") + "\nA = { x: i32 y?: str }", root("s: A t: [A]") + "\nA = { x: i32 }", refused="OS720"
    ),
    "use_a_reserved_embedded_name_again": Change(
        root("s: A") + '\n[reserved("y")]\nA = { x: i32 }', root("s: A") + "\nA = { x: i32 y?: str }", refused="OS721"
    ),
    "delete_a_reserved_embedded_field": Change(
        root("s: A") + "\nA = { x: i32 y?: str z: f64 }",
        root("s: A") + '\n[reserved("y")]\nA = { x: i32 z: f64 }',
        {"user": [{"sid": "ann1", "s": {"x": 1, "y": "gone", "z": 1.5}}, {"sid": "bob1", "s": {"x": 2, "z": 2e300}}]},
        {"user": [{"s": '{"x":1,"z":1.5}'}, {}]},
        back={"user": [{"s": '{"x":1,"z":1.5}'}, {}]},
    ),
    "delete_a_required_embedded_field": Change(
        root("s: A") + "\nA = { x: i32 y: str }",
        root("s: A") + '\n[reserved("y")]\nA = { x: i32 }',
        {"user": [{"sid": "ann1", "s": {"x": 1, "y": "gone"}}]},
        {"user": [{"s": '{"x":1}'}]},
        stays="m.A.y is required, and has no value there",
    ),
    "delete_an_embedded_field_with_default": Change(
        root("s: A") + '\nA = { x: i32 y: decimal = "1.50" }',
        root("s: A") + '\n[reserved("y")]\nA = { x: i32 }',
        {"user": [{"sid": "ann1", "s": {"x": 1, "y": "7"}}]},
        {"user": [{"s": '{"x":1}'}]},
        back={"user": [{"s": '{"x":1,"y":"1.50"}'}]},
    ),
    "rename_an_embedded_field": Change(
        root("s?: A") + "\nA = { x: i32 n: u64 t: str }",
        root("s?: A") + '\nA = { m: u64 @was("n") x: i32 t: str }',
        {"user": [{"sid": "ann1", "s": {"x": 1, "n": 2**64 - 1, "t": 'ä\n"%s" ?'}}, {"sid": "bob1"}]},
        {"user": [{"s": '{"x":1,"m":18446744073709551615,"t":"ä\\n\\"%s\\" ?"}'}, {"s": None}]},
    ),
    "add_an_embedded_field_with_default": Change(
        root("s: [A]") + "\nA = { x: i32 }",
        root("s: [A]") + "\nA = { x: i32 y: decimal = 3 z: [u8] = [1, 2] }",
        {"user": [{"sid": "ann1", "s": [{"x": 1}, {"x": 2}]}]},
        {"user": [{"s": '[{"x":1,"y":"3","z":[1,2]},{"x":2,"y":"3","z":[1,2]}]'}]},
    ),
    "require_an_embedded_field_with_default": Change(
        root("s: [A]") + "\nA = { x?: i32 y: u8 }",
        root("s: [A]") + "\nA = { x: i32 = 5 y: u8 }",
        {"user": [{"sid": "ann1", "s": [{"y": 1}, {"x": None, "y": 2}, {"x": 0, "y": 3}]}]},
        {"user": [{"s": '[{"y":1,"x":5},{"x":5,"y":2},{"x":0,"y":3}]'}]},
        back={"user": [{"s": '[{"y":1,"x":5},{"x":5,"y":2},{"x":0,"y":3}]'}]},
    ),
    "require_an_embedded_field": Change(
        root("s: [A]") + "\nA = { x?: i32 }",
        root("s: [A]") + "\nA = { x: i32 }",
        {"user": [{"sid": "ann1", "s": [{"x": 1}]}]},
        {},
    ),
    "require_an_embedded_field_on_nulls": Change(
        root("s: [A]") + "\nA = { x?: i32 }",
        root("s: [A]") + "\nA = { x: i32 }",
        {"user": [{"sid": "ann1", "s": [{"x": 1}]}, {"sid": "bob1", "s": [{"x": 1}, {}]}]},
        blocked="user.s of bob1: m.A.x is required",
    ),
    "rename_deep_inside": Change(
        root("s: Tree t?: map<str, [Leaf?]>")
        + "\nTree = { leaf: Leaf next?: Tree kin: [Kind] }\nLeaf = { x: i32 }\nOther = { x: i32 }\nKind = Leaf | Other",
        root('trunk: Tree @was("s") t?: map<str, [Leaf?]>', 'rootobject, was("User")', "Person")
        + '\nTree = { leaf: Leaf next?: Tree kin: [Kind] }\nLeaf = { y: i32 @was("x") }\nOther = { x: i32 }\n'
        "Kind = Leaf | Other",
        {
            "user": [
                {
                    "sid": "ann1",
                    "t": {"x": [{"x": 1}, None]},
                    "s": {
                        "leaf": {"x": 1},
                        "next": {"leaf": {"x": 2}, "kin": []},
                        "kin": [{"type": "leaf", "x": 3}, {"type": "other", "x": 4}],
                    },
                }
            ]
        },
        {
            "person": [
                {
                    "sid": "ann1",
                    "rev": 1,
                    "t": '{"x":[{"y":1},null]}',
                    "trunk": (
                        '{"leaf":{"y":1},"next":{"leaf":{"y":2},"kin":[]},"kin":[{"type":"leaf","y":3},{"type":"other","x":4}]}'
                    ),
                }
            ]
        },
    ),
    "rename_inside_an_append_only_type": Change(
        root("s: A", "rootobject, append_only") + "\nA = { x: i32 }",
        root("s: A", "rootobject, append_only") + '\nA = { y: i32 @was("x") }',
        {"user": [{"sid": "ann1", "s": {"x": 1}}]},
        {"user": [{"s": '{"y":1}'}]},
    ),
    "delete_a_type": Change(root("name: str") + "\n" + root("", name="Node"), root("name: str"), TWO, {}),
    "delete_a_type_with_rows": Change(
        root("name: str") + "\n" + root("", name="Node"),
        root("name: str"),
        {"node": [{"sid": "nod1"}]},
        blocked="holds rows, which would be lost",
    ),
    "remove_rootobject_with_rows": Change(
        root("name: str"),
        "User = { sid: sid name: str }\n" + root("", name="Node"),
        TWO,
        blocked="holds rows, which would be lost",
    ),
    "add_rootobject": Change(
        root("name: str") + "\nNode = { host: str }",
        root("name: str") + "\n[rootobject]\nNode = { host: str owner?: &User }",
        TWO,
        {"node": []},
    ),
    "add_two_types_in_a_circle": Change(
        root("name: str"),
        root("name: str") + "\n" + root("b: &B", name="A") + "\n" + root("a: &A", name="B"),
        TWO,
        {"a": [], "b": []},
    ),
    "rename_a_type": Change(
        root("name: str @unique @len(1, 9) boss?: &User") + "\n" + root("user: &User @index", name="Node"),
        root("name: str @unique @len(1, 9) boss?: &Person", 'rootobject, was("User")', "Person")
        + "\n"
        + root("user: &Person @index", name="Node"),
        {"user": [{**ANN, "boss": "ann1"}], "node": [{"sid": "nod1", "user": "ann1"}]},
        {"person": [{"sid": "ann1", "name": "Ann", "boss": "ann1", "rev": 1}]},
    ),
    "rename_an_append_only_type": Change(
        root("name: str", "rootobject, append_only"),
        root("name: str nick?: str", 'rootobject, append_only, was("User")', "Entry"),
        TWO,
        {"entry": [{**row, "nick": None} for row in TWO["user"]]},
    ),
    "change_the_table": Change(
        root("name: str @index"),
        root("name: str @index", 'rootobject, table("people")'),
        TWO,
        {"people": [{**row, "rev": 1} for row in TWO["user"]]},
    ),
    "add_and_delete_indexes": Change(root("name: str @index age?: u8"), root("name: str age?: u8 @index"), TWO, {}),
    "add_unique": Change(
        root("name: str age?: u8", "rootobject, index(name, age)"),
        root("name: str age?: u8", "rootobject, unique(name, age)"),
        TWO,
        {},
    ),
    "add_unique_on_duplicates": Change(
        root("name: str"),
        root("name: str @unique"),
        {
            "user": [
                ANN,
                *({"sid": f"ann{number}", "name": "Ann"} for number in (2, 3, 4)),
                {"sid": "bob1", "name": "Bob"},
            ]
        },
        blocked=r"is now unique.*such as ann1, ann2, ann3; all of them: SELECT \"sid\" FROM \"user\" WHERE",
    ),
    "delete_unique": Change(root("name: str @unique"), root("name: str"), TWO, {}),
    "delete_unique_for_index": Change(root("name: str @unique"), root("name: str @index"), TWO, {}),
    "add_append_only": Change(root("name: str"), root("name: str", "rootobject, append_only"), TWO, {}),
    "remove_append_only": Change(
        root("name: str", "rootobject, append_only"), root("name: str"), TWO, {"user": [{"rev": 1}] * 2}
    ),
    "change_an_append_only_type": Change(
        root("name: str age?: u8", "rootobject, append_only"),
        root('name: str age: u16 = 3 kind: str = "a"', "rootobject, append_only"),
        TWO,
        {"user": [{"age": 3, "kind": "a"}] * 2},
        back={"user": [{"age": 3}] * 2},
    ),
    "immutable_set_once_server": Change(
        root("name: str nick?: str at: otime = now"),
        root("name: str @immutable nick?: str @set_once at: otime = now @server"),
        {"user": [{**ANN, "at": "2026-05-20T22:03:14Z"}]},
        {},
    ),
    "remove_sensitive": Change(root("name: str @sensitive"), root("name: str"), TWO, {}),
    "many_changes_at_once": Change(
        root("name: str @index n: u8 gone?: str x?: &Node", "rootobject, index(name, n)")
        + "\n"
        + root("host: str", name="Node"),
        root(
            'title: str @unique @was("name") n: u32 = 4 added: decimal = "2.50" y?: &Machine @was("x")',
            'rootobject, reserved("gone"), was("User"), unique(title, n)',
            "Person",
        )
        + "\n"
        + root("host: str @len(1, 99)", 'rootobject, was("Node")', "Machine"),
        {"node": [{"sid": "nod1", "host": "h"}], "user": [{**ANN, "n": 4, "x": "nod1"}]},
        {
            "person": [{"sid": "ann1", "title": "Ann", "n": 4, "y": "nod1", "rev": 1}],
            "machine": [{"sid": "nod1", "host": "h", "rev": 1}],
        },
    ),
}


def assert_holds(found: Rows, before: Rows, other: Rows) -> None:
    """Rows are those of before in what both versions have, but for `other`; tables that came hold just `other`."""
    for table, rows in found.items():
        kept = before.get(table, [{}] * len(other.get(table, [])))
        for row, old, new in zip(rows, kept, other.get(table, [{}] * len(kept)), strict=True):
            wanted = {**{name: value for name, value in old.items() if name in row}, **new}
            assert {name: row[name] for name in wanted} == wanted, table


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_keeps_rows_or_is_refused(name: str, databases: Callable[[], Database], tmp_path: Path) -> None:
    change = CHANGES[name]
    project, database = Project(tmp_path / "schemas"), databases()
    assert not project.plan(change.old).findings()
    migrations.apply(database, project.migrations)
    old = project.program(change.old)
    insert(database, old, {table.name: change.rows[table.name] for table in tables(old) if table.name in change.rows})
    before, shape = read(database, old), catalogue(database)

    codes = [finding.rule.code for finding in project.plan(change.new)]
    assert codes == ([change.refused] if change.refused else [])
    if change.refused:
        return
    if change.blocked:
        with pytest.raises(migrations.MigrationError, match=change.blocked):
            migrations.apply(database, project.migrations)
        assert (read(database, old), catalogue(database)) == (before, shape)
        return

    assert not project.plan(change.new).findings()  # the new migration leads to the new lock
    new = project.program(change.new)
    migrations.apply(database, project.migrations)
    assert catalogue(database) == fresh(databases(), new)
    assert_holds(read(database, new), before, change.after or {})

    steps = len(migrations.read(project.migrations))
    if steps == 1:
        assert shape == catalogue(database)  # nothing that a database has to know
    elif change.stays:
        with pytest.raises(migrations.MigrationError, match=change.stays):
            migrations.apply(database, project.migrations, 1)
        assert catalogue(database) == fresh(databases(), new)
    else:
        migrations.apply(database, project.migrations, 1)
        assert catalogue(database) == shape
        assert_holds(read(database, old), before, change.back)


# --- guards of the way back -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "row", "message"),
    [
        (root("name: str"), root("name: str nick?: str"), {**ANN, "nick": "A"}, "going back would lose"),
        (root("name: str"), root('name: str kind: str = "x"'), {**ANN, "kind": "y"}, "going back would lose"),
        (root("name: str"), root("name?: str"), {"sid": "ann1"}, "required"),
        (root("n: u8"), root("n: u64"), {"sid": "ann1", "n": 256}, "some rows break"),
        (root("n: i8"), root("n: i64"), {"sid": "ann1", "n": -129}, "some rows break"),
        (root("name: str @len(1, 5)"), root("name: str"), {"sid": "ann1", "name": "Annabelle"}, "some rows break"),
        (root('name: str @regex("^[a-z]+$")'), root("name: str nick?: str"), ANN, "must now match"),
        (
            root("c: Color") + "\n" + ENUM,
            root("c: Color") + '\nColor = "red" | "blue" | "green"',
            {"sid": "ann1", "c": "green"},
            "may no longer be 'green'",
        ),
        (root("c: Color") + "\n" + ENUM, root("c: Color") + "\n" + OPEN, {"sid": "ann1", "c": "pink"}, "closed enum"),
        (
            root("name: str", name="Node"),
            root("name: str", name="Node") + "\n" + root("name: str"),
            ANN,
            "holds rows, which would be lost",
        ),
        (
            root("s: [A]") + "\nA = { x: u8 }",
            root("s: [A]") + "\nA = { x: u8 y?: u8 }",
            {"sid": "ann1", "s": [{"x": 1, "y": None}, {"x": 1, "y": 0}]},
            "user.s of ann1: m.A.y holds values",
        ),
        (
            root("s: [A]") + "\nA = { x: u8 }",
            root("s: [A]") + "\nA = { x: u8 y: u8 = 1 }",
            {"sid": "ann1", "s": [{"x": 1, "y": 1}, {"x": 1, "y": 2}]},
            "user.s of ann1: m.A.y holds values",
        ),
        (
            root("s: [A]") + "\nA = { x: u8 }",
            root("s: [A]") + "\nA = { x?: u8 }",
            {"sid": "ann1", "s": [{"x": None}]},
            "user.s of ann1: m.A.x is required",
        ),
    ],
)
def test_going_back_never_loses_what_was_stored_since(
    old: str, new: str, row: dict[str, Any], message: str, databases: Callable[[], Database], tmp_path: Path
) -> None:
    project, database = Project(tmp_path / "schemas"), databases()
    project.plan(old)
    project.plan(new)
    migrations.apply(database, project.migrations)
    program = project.program(new)
    insert(database, program, {"user": [row]})
    before, shape = read(database, program), catalogue(database)
    with pytest.raises(migrations.MigrationError, match=message):
        migrations.apply(database, project.migrations, 1)
    assert (read(database, program), catalogue(database)) == (before, shape)
