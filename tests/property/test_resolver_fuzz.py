"""The resolver and the linter say what is wrong with any schema, and never fail over one."""

import os
import random
import time
from pathlib import Path
from posixpath import dirname

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codegen.model import Program, resolve
from codegen.rules import Subject, lint
from codegen.source import catalog_lint
from codegen.source.diagnostics import Report
from codegen.source.files import SourceFile
from codegen.syntax import parse, tree

CASES = Path(__file__).parents[1] / "cases"
PROJECTS = [
    {path.relative_to(case).as_posix(): path.read_text() for path in sorted(case.rglob("*.oschema"))}
    for case in sorted((CASES / "check").iterdir())
]
"""Texts by path, of one module or several."""
SECONDS = float(os.environ.get("HERO_FUZZ_SECONDS", "3"))


def check(project: dict[str, str]) -> Program | None:
    """Resolve and lint; a program is given exactly where there is no error, and findings have places in the files."""
    report = Report()
    trees: dict[str, list[tree.File]] = {}
    for path, text in project.items():
        trees.setdefault(dirname(path) or ".", []).append(parse(SourceFile(path, text), report))
    program = resolve(trees, report)
    assert (program is None) == report.has_errors
    if program is not None:
        lint(Subject(program, trees), report)
        assert all(
            found.rule in vars(catalog_lint).values() for found in report.findings() if found.rule.severity == "error"
        )
    for finding in report.findings():
        assert 1 <= finding.span.line <= project[finding.span.path].count("\n") + 1
    return program


def words(text: str) -> list[str]:
    """The words of a schema with the space before each; joined they are the text again."""
    found: list[str] = []
    for line in text.split("\n"):
        rest = line
        while rest:
            size = next((at for at in range(1, len(rest)) if rest[at].isalnum() != rest[at - 1].isalnum()), len(rest))
            found.append(rest[:size])
            rest = rest[size:]
        found.append("\n")
    return found


WORDS = sorted({word for project in PROJECTS for text in project.values() for word in words(text)})


def mutate(project: dict[str, str], pick: random.Random) -> dict[str, str]:
    """The project with one file changed."""
    path = pick.choice(sorted(project))
    return {**project, path: mutate_text(project[path], pick)}


def mutate_text(text: str, pick: random.Random) -> str:
    """Drop, double, swap or replace a few words of a schema."""
    parts = words(text)
    for _ in range(pick.randint(1, 6)):
        at = pick.randrange(len(parts))
        match pick.randrange(5):
            case 0:
                del parts[at]
            case 1:
                parts.insert(at, parts[at])
            case 2:
                other = pick.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
            case 3:
                parts[at] = pick.choice(WORDS)
            case _:
                parts[at] = pick.choice(parts)
        if not parts:
            return ""
    return "".join(parts)


@given(st.sampled_from(PROJECTS), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_schemas_never_raise(project: dict[str, str], pick: random.Random) -> None:
    check(mutate(project, pick))


def test_mutation_for_a_while() -> None:
    """HERO_FUZZ_SECONDS of mutations, far more than Hypothesis tries."""
    pick = random.Random(int.from_bytes(os.urandom(4), "big") if "HERO_FUZZ_SECONDS" in os.environ else 7)
    end = time.monotonic() + SECONDS
    valid = invalid = 0
    while time.monotonic() < end or not (valid and invalid):
        project = mutate(pick.choice(PROJECTS), pick)
        try:
            program = check(project)
        except Exception as error:
            raise AssertionError(f"the resolver failed over:\n{project}") from error
        valid, invalid = valid + (program is not None), invalid + (program is None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("\n".join(f"A{i} = A{i + 1}" for i in range(5_000)) + "\nA5000 = str", "OS236"),
        ("\n".join(f"A{i} = A{i + 1}" for i in range(5_000)) + "\nA5000 = A0", "OS222"),
        ("\n".join(f"S{i} = {{ s: S{i + 1} }}" for i in range(5_000)) + "\nS5000 = { a: str }", None),
        ("\n".join(f"S{i} = {{ s: S{i + 1} }}" for i in range(5_000)) + "\nS5000 = { s: S0 }", "OS221"),
        ("\n".join(f"A{i} = [A{i + 1}]" for i in range(2_000)) + "\nA2000 = str", "OS218"),
        (
            "error E(1001)\n" + "\n".join(f"G{i} = G{i + 1} | NotFound" for i in range(500)) + "\nG500 = E | NotFound",
            None,
        ),
        ("".join(f"Thing{i} = {{ a: Thang{i} }}\n" for i in range(3_000)), "OS201"),
    ],
    ids=["alias chain", "alias circle", "struct chain", "struct circle", "list chain", "group chain", "unknown types"],
)
def test_long_chains(text: str, code: str | None) -> None:
    """Deep and wide programs are walked without recursion, in time that grows with their size."""
    report = Report()
    trees: dict[str, list[tree.File]] = {"m": [parse(SourceFile("m/a.oschema", text), report)]}
    start = time.process_time()
    resolve(trees, report)
    assert time.process_time() - start < 10
    assert {finding.rule.code for finding in report} == ({code} if code else set())


def test_time_grows_with_size() -> None:
    """Eight times the types take about eight times as long, not 64 times: nothing looks at all types for each.

    Both are timed in turn, so that a machine that becomes busy in between slows both down.
    """

    def trees_of(size: int) -> dict[str, list[tree.File]]:
        text = "".join(
            f"[rootobject] T{i} = {{ a: str @len(1, 9)  b?: E{i}  c: &T{max(0, i - 1)}  d: u8 = 3 }}\n"
            f'E{i} = "a" | "b"\n'
            for i in range(size)
        )
        report = Report()
        trees = {"m": [parse(SourceFile("m/a.oschema", text), report)]}
        assert not report.has_errors
        return trees

    small, large = trees_of(200), trees_of(1600)
    rounds = [(_timed(small), _timed(large)) for _ in range(4)]
    assert min(after for _, after in rounds) < 8 * 3 * min(before for before, _ in rounds)


def _timed(trees: dict[str, list[tree.File]]) -> float:
    start = time.process_time()
    assert resolve(trees, Report()) is not None
    return time.process_time() - start
