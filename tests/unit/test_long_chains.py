"""Types that lead to each other in long chains, and many that stay the same, are planned without deep recursion."""

from pathlib import Path

from codegen.evolve.embedded import compare, unchanged
from codegen.model import load_program
from codegen.model.model import Named, Program
from codegen.source.diagnostics import Report

LENGTH = 400


def chain(folder: Path, last: str) -> Program:
    """`S0` holds `S1`, and so on; the last struct has the field `last`."""
    folder.mkdir()
    structs = [f"S{number} = {{ next?: S{number + 1} }}" for number in range(LENGTH)]
    (folder / "chain.oschema").write_text("\n".join(['module chain "1.0.0"', *structs, f"S{LENGTH} = {{ {last} }}\n"]))
    report = Report()
    program = load_program(folder, report)
    assert program is not None, [finding.message for finding in report.findings()]
    return program


def test_a_change_at_the_end_of_a_chain_is_found(tmp_path: Path) -> None:
    old, new = chain(tmp_path / "old", "size: i32"), chain(tmp_path / "new", "size: i32  color?: str")
    assert not unchanged(old, new)
    first = Named("chain.S0")
    found = compare(old, first, new, first, same=unchanged(old, new))
    assert found.steps == [f"add S{LENGTH}.color, empty in old rows"] and not found.problems


def test_types_that_stay_are_compared_once(tmp_path: Path) -> None:
    """Whatever else stands around them: places and doc lines do not count."""
    old, new = chain(tmp_path / "old", "size: i32"), chain(tmp_path / "new", "\n/// How much.\nsize: i32")
    assert unchanged(old, new) == frozenset(new.types)
    found = compare(old, Named("chain.S0"), new, Named("chain.S0"), same=unchanged(old, new))
    assert not found.types and not found.steps
