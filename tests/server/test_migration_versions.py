"""Any version of a schema leads to any other, and the lock between them comes back whole."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from codegen.evolve import lock
from codegen.model import Module
from codegen.model.storage import tables
from codegen.runtime.storage import migrations
from tests.server.migration_project import ENUM, OPEN, Databases, Project, catalogue, fresh, insert, read, root

# --- any version to any other -----------------------------------------------------------------------------------

# The types a field may have in a version, each with the values of two rows.
POOL: dict[str, dict[str, tuple[Any, Any]]] = {
    "a": {"u8": (255, 3), "u16 @max(300)": (300, 4), "u32": (70_000, 5), "u64": (2**64 - 1, 6), "i64 @index": (-5, 7)},
    "b": {
        "str": ("abcdef", "abcdef"),
        "str @len(0, 5)": ("ABC", ""),
        "str @unique": ("1", "2"),
        'str @regex("^[a-z]*$")': ("abc", "abc"),
    },
    "c": {"Color": ("red", "blue"), "Shade": ("dark", "light")},
    "d": {"&User": ("ann0", "ann0"), "&User @index": ("ann0", "ann1"), "&Node": (None, None)},
    "e": {"decimal": ("-3", "10.50"), 'decimal @min("0.1")': ("0.1", "2"), "decimal @index": ("0", "0")},
    "f": {"[str]": (["x"], []), "map<str, i32>": ({"x": 1}, {})},
    "g": {"otime": (0, 2**32 - 1), "date": ("2026-05-20", "0001-01-01"), "duration": ("PT1S", "-P1D")},
}
FIELDS = st.fixed_dictionaries({}, optional={name: st.sampled_from(sorted(types)) for name, types in POOL.items()})
TYPES = st.tuples(FIELDS, FIELDS, st.booleans(), st.booleans(), st.sampled_from([ENUM, OPEN]))
ROWS = st.lists(st.sets(st.sampled_from(sorted(POOL))), max_size=2)


def version(fields: dict[str, str], others: dict[str, str], append_only: bool, second: bool, colors: str) -> str:
    """Schemas whose fields are all optional, so that versions can follow each other; what is gone is reserved."""

    def body(found: dict[str, str]) -> tuple[str, str]:
        gone = ", ".join(f'"{name}"' for name in "abcdefg" if name not in found)
        return " ".join(f"{name}?: {type_}" for name, type_ in found.items()), f", reserved({gone})" if gone else ""

    first, lost = body(fields)
    other, lost_too = body({name: type_.replace("&Node", "&User") for name, type_ in others.items()} if second else {})
    notes = f"rootobject{', append_only' if append_only else ''}{lost}"
    node = root(other, f"rootobject{lost_too}", "Node")
    return f'{root(first, notes)}\n{node}\n{colors}Shade = "dark" | "light"\n'


def same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Whether rows of two versions agree in what both have; `rev` counts changes, and comes and goes."""
    return all(two.get(name, value) == value for name, value in one.items() if name != "rev")


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(one=TYPES, two=TYPES, filled=ROWS)
def test_any_version_leads_to_any_other(
    dialect: str,
    one: Any,
    two: Any,
    filled: list[set[str]],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("versions")
    databases, project = Databases(dialect, request, path), Project(path / "schemas")
    old, new = version(*one), version(*two)
    try:
        database = databases()
        assert not project.plan(old).findings()
        migrations.apply(database, project.migrations)
        program = project.program(old)
        types = one[0]
        rows = [
            {"sid": f"ann{place}", **{name: POOL[name][types[name]][place] for name in sorted(chosen & types.keys())}}
            for place, chosen in enumerate(filled)
        ]
        insert(database, program, {"user": rows})
        shape, before = catalogue(database), read(database, program)["user"]
        codes = {finding.rule.code for finding in project.plan(new)}
        assert codes <= {"OS721", "OS723"}  # a reserved name that comes again, a type that changed
        if codes:
            event("refused")
            return
        assert not project.plan(new).findings()
        following = project.program(new)
        try:
            migrations.apply(database, project.migrations)
        except migrations.MigrationError:
            event("stopped by rows")
            assert rows
            assert (catalogue(database), read(database, program)["user"]) == (shape, before)
            return
        assert catalogue(database) == fresh(databases(), following)
        after = read(database, following)["user"]
        assert all(same(*pair) for pair in zip(before, after, strict=True))
        try:
            migrations.apply(database, project.migrations, 1)
        except migrations.MigrationError:
            event("stopped by rows on the way back")
            assert rows
            assert (catalogue(database), read(database, following)["user"]) == (fresh(databases(), following), after)
            return
        event("there and back")
        assert catalogue(database) == shape
        assert all(same(*pair) for pair in zip(after, read(database, program)["user"], strict=True))
        if not rows:
            migrations.apply(database, project.migrations, 0)
            assert catalogue(database) == []
    finally:
        databases.close()


# --- the lock ---------------------------------------------------------------------------------------------------


@given(TYPES)
def test_the_lock_comes_back_whole(tmp_path_factory: pytest.TempPathFactory, one: Any) -> None:
    program = Project(tmp_path_factory.mktemp("lock") / "schemas").program(version(*one))
    text = lock.dump(program)
    assert lock.dump(lock.load(text)) == text
    assert sorted(tables(lock.load(text)), key=repr) == sorted(tables(program), key=repr)


def test_moving_declarations_does_not_change_the_lock(tmp_path: Path) -> None:
    project = Project(tmp_path / "schemas")
    one, two = root("name: str"), root("host: str", name="Node")
    assert lock.dump(project.program(f"{one}\n{two}")) == lock.dump(project.program(f"/// A machine.\n{two}\n\n{one}"))


MODULE = '{"format": 1, "modules": [{"name": "m", "version": "1.0.0", "imports": [], "types": [%s]}]}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "restore it from version control"),
        ("[]", "restore it"),
        ('{"format": 2}', "has format 2.*reads format 1"),
        ('{"format": 1, "modules": [{"name": "m"}]}', "edited or cut"),
        (MODULE % '{"kind": "alias", "name": "A", "type": "[u8"}', "edited or cut"),
        (MODULE % '{"kind": "alias", "name": "A", "typo": "u8"}', "edited or cut"),
    ],
)
def test_a_lock_that_is_none_is_explained(text: str, message: str) -> None:
    with pytest.raises(lock.LockError, match=re.compile(message)):
        lock.load(text)


def test_a_lock_of_all_declarations_comes_back_whole(tmp_path: Path) -> None:
    text = """
Color = "red" | "blue" @deprecated("faded") | ...
Name = str @len(1, 9) @regex("^[a-z]+$")
A = { x: map<str, [money<USD>?]>  y?: json = {}  color: Color = red }
B = { n: i8 = -3 @min(-5)  at: datetime = now }
[tag("kind")]
Shape = A | B
error Gone(1001, 410) "it is gone" { name: Name }
error Full(1002) "no room"
Trouble = Gone | Full
[rootobject, principal, reserved("old"), was("Person")]
User = { sid: sid  name: Name @unique @immutable @sensitive  @was("title")  shape?: Shape }
[rootobject, append_only, crud(get, list), index(user, at), auth(own), deprecated("soon", since="1.2")]
Log = { sid: sid  user: &User @owner  at: otime @server }
[version("2.1"), auth(user)]
service LogService {
    write(user: &User, text: str, level?: i32 = 1) -> Log ! Trouble | NotFound  @auth(admin) @idempotent(text) @audit
    read(sid: sid) -> [Log?]?  @safe @x_cost(3)
}
interface Sink { put(text: str) ! Gone }
event Written { sid: sid  user: &User }
webhook hook("/hooks/log") -> Log ! Gone @signed(hmac_sha256, header="X-Sign", tolerance=300)
"""
    program = Project(tmp_path / "schemas").program(text)
    again = lock.load(lock.dump(program))
    assert lock.dump(again) == lock.dump(program)

    def bare(value: Any) -> Any:
        """Without what the lock leaves out, and sorted as it is."""
        if isinstance(value, tuple):
            return tuple(bare(item) for item in value)
        if not is_dataclass(value) or isinstance(value, type):
            return value
        known = {
            f.name: bare(getattr(value, f.name))
            for f in fields(value)
            if f.name not in ("span", "doc", "path", "files")
        }
        if isinstance(value, Module):
            known = {
                name: tuple(sorted(part, key=repr)) if isinstance(part, tuple) else part for name, part in known.items()
            }
        return type(value).__name__, tuple(known.items())

    assert bare(again.modules) == bare(program.modules)
