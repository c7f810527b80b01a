"""What a JSON column holds by old schemas, and whether new ones can read it."""

from pathlib import Path

import pytest

from codegen.evolve.embedded import unreadable
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


@pytest.mark.parametrize(("old", "new", "problem"), [
    ("Held = { a: u8 }", "Held = { a: u8 b?: str c: i32 = 1 }", ""),
    ("Held = { a: u8 b: [i32] }", "Held = { b: [i64] a: u16 }", ""),
    ("Held = { a: u16 }", "Held = { a: u8 }", "u16 became u8"),
    ("Held = { a: u8 }", "Held = { a: i8 }", "u8 became i8"),
    ("Held = { a: u8 }", "Held = { b: u8 @was(\"a\") }", "Held.a became b"),
    ("Held = { a: u8 b: u8 }", "Held = { a: u8 }", "Held.b was deleted"),
    ("Held = { a?: u8 }", "Held = { a: u8 }", "Held.a became required"),
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
    ("A = { x: u8 }\nB = { y: u8 }\nHeld = A | B", "A = { x: u8 }\nB = { y: u8 z: u8 }\nHeld = A | B",
     "B.z is new and required"),
    ("A = { x: u8 }\nB = { y: u8 }\nHeld = A | B", "A = { x: u8 }\nC = { y: u8 }\nHeld = A | C", "Held lost b"),
    ("A = { x: u8 }\nB = { y: u8 }\nHeld = A | B", "Held = { x: u8 }", "Held became another kind of type"),
    ("Held = { next?: Held a: u8 }", "Held = { next?: Held a: u16 }", ""),
    ("Held = { next?: Held a: u16 }", "Held = { next?: Held a: u8 }", "u16 became u8"),
])
def test_what_can_be_read(old: str, new: str, problem: str, tmp_path: Path) -> None:
    before, after = program(tmp_path / "old", old), program(tmp_path / "new", new)
    found = unreadable(before, before.struct("m.Holder").field("held").type,
                       after, after.struct("m.Holder").field("held").type)
    assert found == ((problem,) if problem else ())
