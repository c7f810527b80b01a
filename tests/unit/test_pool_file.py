"""Files of machines for the pool: three forms of the same list, and every mistake told by its line."""

from __future__ import annotations

import json

import pytest

from handlers.vms.pool_file import Machine, PoolFileWrong, read_machines

CSV = b"name,address,sku\nm1,5a0::1,hero-os-2gb\nm2,5A0:0:0::2,hero-os-2gb\n"
YAML = b"- {name: m1, address: '5a0::1', sku: hero-os-2gb}\n- name: m2\n  address: 5A0:0:0::2\n  sku: hero-os-2gb\n"
JSON = b"""[
\t{"name": "m1", "address": "5a0::1", "sku": "hero-os-2gb"},
\t{"name": "m2", "address": "5A0:0:0::2", "sku": "hero-os-2gb"}
]
"""
LONG = "n" * 81


def told(data: bytes, kind: str) -> list[str]:
    with pytest.raises(PoolFileWrong) as refused:
        read_machines(data, kind)
    assert str(refused.value)
    return refused.value.problems


@pytest.mark.parametrize(
    ("data", "kind", "lines"), [(CSV, "csv", (2, 3)), (YAML, "yaml", (1, 2)), (JSON, "json", (2, 3))]
)
def test_the_same_list_in_each_form(data: bytes, kind: str, lines: tuple[int, int]) -> None:
    expected = [Machine(line, f"m{place}", f"5a0::{place}", "hero-os-2gb") for place, line in enumerate(lines, start=1)]
    assert read_machines(data, kind) == expected
    assert read_machines(b"\xef\xbb\xbf" + data, kind) == expected, "with a mark of its order of bytes"
    assert read_machines(data.replace(b"\n", b"\r\n"), kind) == expected


def test_columns_come_in_any_order_and_blank_lines_are_none() -> None:
    text = b'sku, address ,name\r\n\r\nhero-os-2gb,5a0::1,"one, two"\r\n , , \r\n'
    assert read_machines(text, "csv") == [Machine(3, "one, two", "5a0::1", "hero-os-2gb")]


@pytest.mark.parametrize(
    ("data", "kind"), [(b"name,address,sku\n", "csv"), (b"", "yaml"), (b"[]", "json"), (b"# x", "yaml")]
)
def test_an_empty_list_has_no_machines(data: bytes, kind: str) -> None:
    assert read_machines(data, kind) == []


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("m1,10.0.0.1,hero-os-2gb", "'10.0.0.1' is no IPv6 address"),
        ("m1,5a0::1%eth0,hero-os-2gb", "'5a0::1%eth0' is no IPv6 address"),
        ("m1,5a0::1/64,hero-os-2gb", "'5a0::1/64' is no IPv6 address"),
        ("m1,5a0::1,Hero OS", "'Hero OS' is no name of a size"),
        (f"{LONG},5a0::1,hero-os-2gb", "name has 1 to 80 printable signs"),
        ("m\x071,5a0::1,hero-os-2gb", "name has 1 to 80 printable signs"),
        (",5a0::1,hero-os-2gb", "name is missing"),
        ("m1,5a0::1", "sku is missing"),
        ("m1,5a0::1,hero-os-2gb,more", "a machine has name, address, sku"),
    ],
)
def test_a_wrong_machine_is_told_by_its_line(row: str, problem: str) -> None:
    assert told(f"name,address,sku\ngood,5a0::9,hero-os-2gb\n{row}\n".encode(), "csv") == [f"line 3: {problem}"]


@pytest.mark.parametrize(
    ("data", "kind", "problem"),
    [
        (b"", "csv", "line 1: the columns are name, address, sku, not none"),
        (b"name,ip,sku\nm1,5a0::1,x\n", "csv", "line 1: the columns are name, address, sku, not name, ip, sku"),
        (b"name,name,address,sku\n", "csv", "line 1: the columns are name, address, sku, not name, name, address, sku"),
        (b'name,address,sku\n"m1,5a0::1,x\n', "csv", "line 2: unexpected end of data"),
        (b"name,address,sku\nm\xff,5a0::1,x\n", "csv", "line 2: not UTF-8"),
        (b"{}", "json", "line 1: a list of machines is expected"),
        (b"machines:\n  - x\n", "yaml", "line 1: a list of machines is expected"),
        (b"[\n 1\n]", "json", "line 2: a machine has name, address, sku"),
        (b"[{'name': 'm'}]", "json", "line 1: Expecting property name enclosed in double quotes"),
        (b"- [\n", "yaml", "line 2: expected the node content, but found '<stream end>'"),
        (b"- &a [*a]\n- \x01\n", "yaml", "line 1: it cannot be read: ReaderError"),
        (b"- name: [m1]\n  address: 5a0::1\n  sku: x\n", "yaml", "line 1: name is missing"),
        (
            b"- {name: m, address: '5a0::1', sku: x, owner: me}\n",
            "yaml",
            "line 1: a machine has name, address, sku, not 'owner'",
        ),
    ],
)
def test_a_file_that_is_none_is_told(data: bytes, kind: str, problem: str) -> None:
    assert told(data, kind)[0] == problem


def test_all_mistakes_are_told_in_order() -> None:
    rows = ["name,address,sku", "m1,5a0::1,a", "m1,5a0::2,a", "m3,5a0:0::1,a", "m4,x,B c", ""]
    assert told("\n".join(rows).encode(), "csv") == [
        "line 3: the name m1 stands in line 2 already",
        "line 4: the address 5a0::1 stands in line 2 already",
        "line 5: 'B c' is no name of a size",
        "line 5: 'x' is no IPv6 address",
    ]


def test_depth_ends_nothing() -> None:
    for kind in ("json", "yaml"):
        assert told(b"[" * 1_000, kind)[0].startswith("line 1: ")


def test_what_json_says_is_what_yaml_reads() -> None:
    """Signs that YAML writes otherwise: escapes, tabs between tokens, a name that looks like a number."""
    rows = [{"name": "1e3", "address": "5a0::1", "sku": "a"}, {"name": 'é"\\x', "address": "5a0::2", "sku": "a"}]
    for text in (json.dumps(rows), json.dumps(rows, ensure_ascii=False, indent="\t")):
        assert [each.name for each in read_machines(text.encode(), "json")] == ["1e3", 'é"\\x']
