"""What a JSON column holds by old schemas, whether new ones can read it, and how it is rewritten."""

from pathlib import Path
from typing import Any

import pytest

from codegen.evolve.embedded import Embedded, compare
from codegen.model import Program, load_program
from codegen.source.diagnostics import Report

REST = "\n[rootobject]\nUser = { name: str }\n[rootobject]\nNode = { name: str }\n"


def program(path: Path, text: str) -> Program:
    path.mkdir()
    (path / "a.oschema").write_text(f"module m\n{text}\n[rootobject]\nHolder = {{ held: Held }}\n{REST}")
    report = Report()
    found = load_program(path, report)
    assert found is not None, [finding.message for finding in report]
    return found


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Held = { a: u8 }", "Held = { a: u8 b?: str c: i32 = 1 }", ""),
        ("Held = { a: u8 b: [i32] }", "Held = { b: [i64] a: u16 }", ""),
        ("Held = { a: u16 }", "Held = { a: u8 }", "u16 became u8"),
        ("Held = { a: u8 }", "Held = { a: i8 }", "u8 became i8"),
        ("Held = { a: u8 }", "Held = { a?: u8 }", ""),
        ("Held = { a: str }", "Held = { a: str @len(1, 5) }", "the constraints of Held.a changed"),
        ("Held = { a: str @len(1, 5) }", "Held = { a: str }", ""),
        ("Name = str\nHeld = [Name]", "Name = str @len(1, 5)\nHeld = [Name]", "the constraints of Name changed"),
        ("Held = [u8?]", "Held = [u8]", "null is no longer allowed inside"),
        ("Held = [u8]", "Held = [u8?]", ""),
        ("Held = [u8]", "Held = map<str, u8>", "a list became a map"),
        ("Held = map<str, u8>", "Held = map<uuid, u8>", "str became uuid"),
        ("Held = [u8]", "Held = json", ""),
        ("Held = json", "Held = [u8]", "json became a list"),
        ("Held = [money<USD>]", "Held = [money<EUR>]", "money<USD> became money<EUR>"),
        ("Held = [&User]", "Held = [&Node]", "&User became &Node"),
        ('C = "a" | "b"\nHeld = [C]', 'C = "a" | "b" | "c"\nHeld = [C]', ""),
        ('C = "a" | "b"\nHeld = [C]', 'C = "a" | "x"\nHeld = [C]', "C lost b"),
        ('C = "a" | "b" | ...\nHeld = [C]', 'C = "a" | "b"\nHeld = [C]', "C was closed"),
        ('C = "a" | "b"\nHeld = [C]', 'C = "a" | "x" | ...\nHeld = [C]', ""),
        ("A = { x: u8 }\nB = { y: u8 }\nHeld = A | B", "A = { x: u8 }\nC = { y: u8 }\nHeld = A | C", "Held lost b"),
        ("A = { x: u8 }\nB = { y: u8 }\nHeld = A | B", "Held = { x: u8 }", "Held became another kind of type"),
        ("Held = { next?: Held a: u8 }", "Held = { next?: Held a: u16 }", ""),
        ("Held = { next?: Held a: u16 }", "Held = { next?: Held a: u8 }", "u16 became u8"),
    ],
)
def test_what_can_be_read(old: str, new: str, problem: str, tmp_path: Path) -> None:
    before, after = program(tmp_path / "old", old), program(tmp_path / "new", new)
    assert compared(before, after).problems == ([problem] if problem else [])


def compared(old: Program, new: Program, *, back: bool = False) -> Embedded:
    return compare(
        old, old.struct("m.Holder").field("held").type, new, new.struct("m.Holder").field("held").type, back=back
    )


def way(**struct: Any) -> Any:
    return {"m.Held": struct}


@pytest.mark.parametrize(
    ("old", "new", "forward", "back"),
    [
        ("Held = { a: u8 b: u8 }", "Held = { b: u8 a: u8 }", {}, {}),
        ("Held = { a: u8 }", "Held = { a?: u8 }", {}, way(require=["a"])),
        ("Held = { a?: u8 }", "Held = { a: u8 }", way(require=["a"]), {}),
        ("Held = { a?: u8 }", "Held = { a: u8 = 4 }", way(fill={"a": 4}), {}),
        ("Held = { a?: u8 }", "Held = { a: u8? }", way(fill={"a": None}), {}),
        ("Held = { a: u8 }", 'Held = { b: u8 @was("a") }', way(rename={"a": "b"}), way(rename={"b": "a"})),
        ("Held = { a: u8 b: u8 }", '[reserved("b")]\nHeld = { a: u8 }', way(remove=["b"]), way(require=["b"])),
        ("Held = { a: u8 b?: u8 }", '[reserved("b")]\nHeld = { a: u8 }', way(remove=["b"]), {}),
        ("Held = { a: u8 b: u8 = 2 }", '[reserved("b")]\nHeld = { a: u8 }', way(remove=["b"]), way(fill={"b": 2})),
        ("Held = { a: u8 }", "Held = { a: u8 b?: u8 }", {}, way(clear={"b": None})),
        ("Held = { a: u8 }", "Held = { a: u8 b: u8? }", way(fill={"b": None}), way(clear={"b": None})),
        ("Held = { a: u8 }", "Held = { a: u8 b: u8 }", way(require=["b"]), way(clear={"b": None})),
        (
            "Held = { a: u8 }",
            'Held = { a: u8 b: decimal = 3 c: [money<USD>] = [1] d: bytes = "" }',
            way(fill={"b": "3", "c": ["1.00"], "d": ""}),
            way(clear={"b": "3", "c": ["1.00"], "d": ""}),
        ),
        ("Held = { a: u8 }", "Held = { a: u8 b: otime = now }", way(now={"b": "otime"}), way(clear={"b": None})),
    ],
)
def test_how_values_are_rewritten(old: str, new: str, forward: Any, back: Any, tmp_path: Path) -> None:
    before, after = program(tmp_path / "old", old), program(tmp_path / "new", new)
    there, home = compared(before, after), compared(after, before, back=True)
    assert (there.problems, there.types, home.problems, home.types) == ([], forward, [], back)
    assert (there.holds, home.holds) == ("m.Held" if forward else None, "m.Held" if back else None)


def test_only_what_leads_to_a_change_is_gone_into(tmp_path: Path) -> None:
    rest = """
        Still = { x: u8 }
        Box = { still: Still  leaves: map<str, [Leaf?]?>  shape: Shape  next?: Box }
        Shape = Leaf | Still
        Held = [Box]"""
    before = program(tmp_path / "old", f"Leaf = {{ x: u8 }}\n{rest}")
    after = program(tmp_path / "new", f'Leaf = {{ y: u8 @was("x") }}\n{rest}')
    found = compared(before, after)
    assert found.holds == {"each": "m.Box"}
    assert found.types == {
        "m.Box": {"holds": {"leaves": {"each": {"each": "m.Leaf"}}, "shape": "m.Shape", "next": "m.Box"}},
        "m.Leaf": {"rename": {"x": "y"}},
        "m.Shape": {"tag": "type", "members": {"leaf": "m.Leaf"}},
    }
