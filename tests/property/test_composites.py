"""Models, stores, JSON Schema and TypeScript agree on the values of random types: lists, maps and what may be null."""

import copy
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from codegen.emit.run.generate import emit_kinds
from codegen.model import load_program
from codegen.runtime.context import ADMIN, Context
from codegen.runtime.rpc import crud
from codegen.runtime.storage.database import Database
from codegen.source.diagnostics import Report
from tests.npm import compile_types

KINDS = ("schema", "models", "tables", "clients")
TEXTS = st.text("abc é", max_size=4)
JUNK: tuple[Any, ...] = (1.5, True, None, "?", [None], {"q": {"x": "no int"}}, {"q": None})

DECLARED = """\
module shop "1.0.0"
Color = "red" | "blue"
Mood = "good" | "bad" | ...
B = { x: i32  y?: map<str,B> }
P = { on: bool }
Q = { list: [B?]? }
U = P | Q
"""


@dataclass(frozen=True)
class Shape:
    """A type as the schema spells it, and the JSON values that it takes."""

    text: str
    values: st.SearchStrategy[Any]
    nullable: bool = False


B_VALUES = st.fixed_dictionaries({"x": st.integers(-9, 9)}, optional={"y": st.just({"k": {"x": 1}}) | st.none()})
UNIONS = st.fixed_dictionaries({"type": st.just("p"), "on": st.booleans()}) | st.fixed_dictionaries(
    {"type": st.just("q"), "list": st.none() | st.lists(st.none() | B_VALUES, max_size=2)}
)
LEAVES = (
    Shape("i32", st.integers(-(2**31), 2**31 - 1)),
    Shape("bool", st.booleans()),
    Shape("str", TEXTS),
    Shape("money<USD>", st.sampled_from(["0.00", "-1.5", "12.345678901"])),
    Shape("otime", st.just("2026-05-20T22:03:14Z")),
    Shape("sid", st.just("abcd1234")),
    Shape("Color", st.sampled_from(["red", "blue"])),
    Shape("Mood", st.sampled_from(["good", "other"])),
    Shape("B", B_VALUES),
    Shape("U", UNIONS),
)
KEYS = (
    Shape("str", TEXTS),
    Shape("sid", st.sampled_from(["abcd1234", "xyz9"])),
    Shape("Color", st.sampled_from(["red", "blue"])),
    Shape("i16", st.integers(-99, 99).map(str)),
)


def _nullable(shape: Shape) -> Shape:
    return Shape(f"{shape.text}?", st.none() | shape.values, nullable=True)


def _extended(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    maps = st.builds(
        lambda key, value: Shape(
            f"map<{key.text},{value.text}>", st.dictionaries(key.values, value.values, max_size=3)
        ),
        st.sampled_from(KEYS),
        inner,
    )
    lists = inner.map(lambda item: Shape(f"[{item.text}]", st.lists(item.values, max_size=3)))
    return maps | lists | (maps | lists).map(_nullable) | st.sampled_from(LEAVES).map(_nullable)


SHAPES = st.recursive(st.sampled_from(LEAVES), _extended, max_leaves=4)


@st.composite
def schemas(draw: Callable[..., Any]) -> tuple[str, st.SearchStrategy[dict[str, Any]]]:
    """A root object `Root` with fields of random types, some through aliases, and the values it takes."""
    lines, aliases, required, optional = [], [], {}, {}
    for number in range(8):
        shape = draw(SHAPES)
        if draw(st.booleans()):
            aliases.append(f"A{number} = {shape.text}")
            shape = Shape(f"A{number}", shape.values, shape.nullable)
            if draw(st.booleans()):  # once more through a list or a map of it
                wrapped = draw(_extended(st.just(shape)))
                shape = wrapped
        bounded = draw(st.booleans()) and shape.text.startswith(("map<", "["))
        note_text = " @len(0, 3)" if bounded else ""
        if draw(st.booleans()):
            lines.append(f"    f{number}?: {shape.text}{note_text}")
            optional[f"f{number}"] = st.none() | shape.values
        else:
            lines.append(f"    f{number}: {shape.text}{note_text}")
            required[f"f{number}"] = shape.values
    fields = "\n".join(lines)
    text = DECLARED + "\n".join(aliases) + f"\n[rootobject, auth(public)]\nRoot = {{\n{fields}\n}}\n"
    return text, st.fixed_dictionaries(required, optional=optional)


numbers = count()


@dataclass(frozen=True)
class Generated:
    """What comes of one schema: the ways in which a value is judged."""

    folder: Path
    model: TypeAdapter[Any]
    stored: Any
    schema: jsonschema.Draft202012Validator
    shape: jsonschema.Draft202012Validator
    """As TypeScript has types: no ranges, lengths, patterns of texts or keys, and whole numbers like any."""


def generate(root: Path, text: str) -> Generated:
    package = f"composites_{next(numbers)}"
    (root / package).mkdir()
    (root / package / "shop.oschema").write_text(text)
    report = Report()
    program = load_program(root / package, report)
    assert program is not None, [finding.message for finding in report.findings()]
    for path, want in emit_kinds(program, KINDS).items():
        (root / package / path).parent.mkdir(parents=True, exist_ok=True)
        (root / package / path).write_bytes(want.data)
    importlib.invalidate_caches()
    tables = importlib.import_module(f"{package}.tables.shop")
    models = importlib.import_module(f"{package}.models.shop")
    document = json.loads((root / package / "schema.json").read_text())
    definition = document["$defs"]["shop.Root"]
    for implied in ("sid", "rev"):
        definition["required"].remove(implied)
        del definition["properties"][implied]
    whole = {**document, "$ref": "#/$defs/shop.Root"}
    return Generated(
        root / package,
        TypeAdapter(models.Root),
        tables.ROOT,
        jsonschema.Draft202012Validator(whole),
        jsonschema.Draft202012Validator(shape(whole)),
    )


UNTYPED = {"pattern", "format", "minimum", "maximum", "propertyNames", "minItems", "maxItems", "minProperties"}
UNTYPED |= {"maxProperties", "minLength", "maxLength"}


def shape(schema: Any) -> Any:
    """A JSON Schema of the types alone."""
    if isinstance(schema, list):
        return [shape(each) for each in schema]
    if not isinstance(schema, dict):
        return "number" if schema == "integer" else schema
    return {name: shape(part) for name, part in schema.items() if name not in UNTYPED}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("composites")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """All values inside a value, with the way to each."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in parts:
        yield (*path, key), inner
        yield from places(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    changed = copy.deepcopy(value)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    return changed


def test_all_agree_on_what_is_valid(root: Path) -> None:
    @settings(
        max_examples=3,  # each costs seconds; a run tries others than the last
        deadline=None,
        database=None,
        phases=[Phase.generate],  # each try generates a program and compiles it: shrinking would take minutes
        suppress_health_check=list(HealthCheck),
    )
    @given(schemas(), st.data())
    def check(schema: tuple[str, st.SearchStrategy[dict[str, Any]]], data: st.DataObject) -> None:
        text, values = schema
        note(text)
        pick = data.draw(st.randoms())
        made = generate(root, text)
        database = Database.open("sqlite:///:memory:")
        database.execute_script((made.folder / "tables/sqlite.sql").read_text())
        methods = {method.name: method for method in crud.methods([made.stored], database)}
        context = Context(ADMIN, Clock(), database, "id")
        script = ['import type { RootInput } from "./client";']

        def judge(value: Any) -> bool:
            """Whether a value is valid; all must say the same."""
            verdicts = {"schema": made.schema.is_valid(value)}
            try:
                made.model.validate_python({**value, "sid": "abcd", "rev": 1})
                verdicts["model"] = True
            except ValidationError:
                verdicts["model"] = False
            try:
                params = methods["root.new"].params.validate_python({"data": value})
                verdicts["store"] = True
            except ValidationError:
                verdicts["store"] = False
            assert len(set(verdicts.values())) == 1, (verdicts, value)
            if verdicts["store"]:
                kept = from_json(methods["root.new"].encode(methods["root.new"].call(context, params)))
                got = from_json(methods["root.get"].encode(methods["root.get"].call(context, {"sid": kept["sid"]})))
                assert got == kept
                made.schema.validate({name: item for name, item in got.items() if name not in ("sid", "rev")})
            return verdicts["schema"]

        for number in range(4):
            value = data.draw(values)
            assert judge(value), value
            script.append(f"export const valid{number}: RootInput = {json.dumps(value)};")
            found = list(places(value))
            for at in range(min(len(found), 8)):
                path, _ = pick.choice(found)
                new = pick.choice(JUNK)
                changed = replaced(value, path, new)
                typed = made.shape.is_valid(changed)
                assert not judge(changed) or typed
                if not isinstance(new, dict):  # TypeScript forbids unknown members in some places only
                    expect = "" if typed else "// @ts-expect-error\n"
                    script.append(f"{expect}export const v{number}_{at}: RootInput = {json.dumps(changed)};")
        database.close()
        (made.folder / "clients/typescript/values.ts").write_text("\n".join(script))
        done = compile_types(made.folder / "clients/typescript/values.ts")
        assert done.returncode == 0, done.stdout

    check()


def test_a_map_that_may_be_null_is_checked(root: Path) -> None:
    """Each way to write it; a value of another type is refused."""
    made = generate(
        root,
        DECLARED
        + """\
X = map<str,i32>?
Later = map<sid, Wide>
[rootobject, auth(public)]
Root = { m?: map<str,B>  n: map<str,X>?  k: [map<str,X>?]  x: X  z?: X
         l?: map<str,i32> @len(1, 2)  a: X @len(1, 2)  w: Later }
Wide = { later?: Later }
""",
    )
    good: dict[str, Any] = {"n": None, "k": [None, {"q": None}], "x": None, "a": None, "w": {"abcd": {"later": {}}}}
    made.model.validate_python({**good, "sid": "abcd", "rev": 1})
    made.schema.validate(good)
    wrong: dict[str, Any] = {
        "m": {"q": {"x": "no int"}},
        "n": {"q": {"q": "no int"}},
        "k": [{"q": {"q": "no int"}}],
        "x": {"q": "no int"},
        "z": {"q": "no int"},
        "l": {},
        "a": {"a": 1, "b": 2, "c": 3},
        "w": {"abcd": {"later": {"abcd": {"later": 1}}}},
    }
    for name, value in wrong.items():
        assert not made.schema.is_valid({**good, name: value}), name
        with pytest.raises(ValidationError, match=name):
            made.model.validate_python({**good, name: value, "sid": "abcd", "rev": 1})
