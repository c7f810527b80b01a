"""`openrpc.json` is valid by the official meta-schema, and its references, schemas and examples hold together."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from codegen.emit.openrpc import openrpc
from codegen.model.load import load_program
from codegen.model.model import CRUD_VERBS, Field, ListOf, Module, Named, Primitive, Program, Struct
from codegen.source.diagnostics import Report

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests/data/openrpc"
CASES = ROOT / "tests/cases/openrpc"
SCHEMAS = {
    "product": ROOT / "schemas",
    "library": ROOT / "docs/examples/library/schemas",
    "weather": ROOT / "docs/examples/weather/schemas",
    **{case.name: case / "in" for case in sorted(CASES.iterdir())},
}


def load(root: Path) -> Program:
    report = Report()
    program = load_program(root, report)
    assert program is not None, list(report)
    return program


@pytest.fixture(scope="module", params=sorted(SCHEMAS))
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    (output,) = openrpc.emit(load(SCHEMAS[request.param]))
    read: dict[str, Any] = json.loads(output.text)
    return read


def meta_validator() -> Draft7Validator:
    meta = json.loads((DATA / "openrpc-1.3-schema.json").read_text())
    base = DRAFT7.create_resource(json.loads((DATA / "json-schema-tools-schema.json").read_text()))
    registry: Registry[Any] = Registry()
    registry = registry.with_resources(
        [
            ("https://meta.json-schema.tools", base),
            ("https://meta.json-schema.tools/", base),
            ("https://meta.open-rpc.org/", DRAFT7.create_resource(meta)),
        ]
    )
    return Draft7Validator(meta, registry=registry)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


def schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from document["components"]["schemas"].values()
    yield from (error["data"] for error in document["components"]["errors"].values())
    for method in document["methods"]:
        yield from (param["schema"] for param in method["params"])
        yield method["result"]["schema"]


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft7Validator:
    return Draft7Validator(
        {**schema, "components": document["components"]}
        if "$ref" not in schema
        else {"allOf": [schema], "components": document["components"]}
    )


def test_meta_schema(document: dict[str, Any]) -> None:
    errors = sorted(f"{error.json_path}: {error.message[:200]}" for error in meta_validator().iter_errors(document))
    assert errors == []
    assert document["openrpc"].startswith("1.3.")


def test_users_need_not_name_themselves_as_owner() -> None:
    (output,) = openrpc.emit(load(ROOT / "tests/cases/store/shop"))
    schemas = json.loads(output.text)["components"]["schemas"]
    assert schemas["OrderInput"]["required"] == ["number", "tag"]
    assert schemas["LogLineInput"]["required"] == ["key", "user_sid", "quantity"]  # an admin writes those


def test_the_meta_schema_finds_faults(document: dict[str, Any]) -> None:
    method = {key: value for key, value in document["methods"][0].items() if key != "params"}
    assert list(meta_validator().iter_errors({**document, "methods": [method]}))


def test_schemas_are_draft_07_and_arrays_have_items(document: dict[str, Any]) -> None:
    for schema in schemas(document):
        Draft7Validator.check_schema(schema)
        for inner in objects(schema):
            if inner.get("type") == "array":
                assert "items" in inner
            if "$ref" in inner:
                assert set(inner) == {"$ref"}, "draft-07 ignores what stands beside a $ref"
            if "properties" in inner and isinstance(inner.get("required"), list):
                assert set(inner["required"]) <= set(inner["properties"])


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    for inner in objects(document):
        if isinstance(inner.get("$ref"), str):
            parts = inner["$ref"].split("/")
            assert parts[:2] == ["#", "components"], inner
            assert parts[3] in document["components"][parts[2]], inner


def test_methods_are_unique_and_whole(document: dict[str, Any]) -> None:
    names = [method["name"] for method in document["methods"]]
    assert len(names) == len(set(names))
    assert "rpc.discover" in names
    for method in document["methods"]:
        assert method["x-auth"] in ("public", "user", "own", "node", "admin")
        assert isinstance(method["x-safe"], bool)
        assert method["paramStructure"] == "either"
        required = [param.get("required", False) for param in method["params"]]
        assert len({param["name"] for param in method["params"]}) == len(required)


def test_examples_keep_their_schemas(document: dict[str, Any]) -> None:
    with_examples = 0
    for method in document["methods"]:
        params = {param["name"]: param for param in method["params"]}
        for example in method.get("examples", ()):
            with_examples += 1
            given = {part["name"]: part["value"] for part in example["params"]}
            assert {name for name, param in params.items() if param["required"]} <= given.keys() <= params.keys()
            for name, value in given.items():
                validator(document, params[name]["schema"]).validate(value)
            validator(document, method["result"]["schema"]).validate(example["result"]["value"])
    assert with_examples >= 0.95 * (len(document["methods"]) - 1)


def test_each_service_method_and_crud_verb_is_there() -> None:
    program = load(SCHEMAS["product"])
    (output,) = openrpc.emit(program)
    methods = {method["name"]: method for method in json.loads(output.text)["methods"]}
    expected = {f"{root.wire}.{verb}" for root in program.rootobjects for verb in root.crud}
    expected |= {method.wire for service in program.services for method in service.methods}
    assert methods.keys() == expected | {"rpc.discover"}
    assert [param["name"] for param in methods["user.find"]["params"]] == ["filter", "limit", "cursor"]
    assert [param["name"] for param in methods["billing.plan_buy"]["params"]] == ["plan_id", "form_token"]
    assert {"$ref": "#/components/errors/PlanActive"} in methods["billing.plan_buy"]["errors"]


def test_two_runs_are_equal() -> None:
    assert list(openrpc.emit(load(SCHEMAS["product"]))) == list(openrpc.emit(load(SCHEMAS["product"])))


def test_crud_parameters_by_verb() -> None:
    shapes = {
        "new": ["data"],
        "get": ["sid"],
        "set": ["data", "rev"],
        "patch": ["sid", "data", "rev"],
        "delete": ["sid"],
        "list": ["limit", "cursor"],
        "list_full": ["limit", "cursor"],
        "exists": ["sid"],
        "find": ["filter", "limit", "cursor"],
    }
    program = load(CASES / "crud/in")
    methods = {method["name"]: method for method in openrpc.document(program)["methods"]}
    for verb in CRUD_VERBS:
        method = methods[f"note.{verb}"]
        assert [param["name"] for param in method["params"]] == shapes[verb]
        assert method["x-safe"] == (verb in ("get", "list", "list_full", "exists", "find"))


def many(count: int) -> Program:
    """`count` structs, each a list of the one before; every fourth is stored and has CRUD."""
    structs = tuple(
        Struct(
            name=f"Type{n}",
            module="big",
            rootobject=n % 4 == 0,
            wire=f"type{n}" if n % 4 == 0 else "",
            crud=CRUD_VERBS if n % 4 == 0 else (),
            fields=(
                Field(name="sid", type=Primitive("sid")),
                Field(name="name", type=Primitive("str"), index=True),
                Field(name="amount", type=Primitive("money", "USD")),
                Field(name="at", type=Primitive("otime")),
                *((Field(name="before", type=ListOf(Named(f"big.Type{n - 1}"))),) if n % 4 not in (0, 1) else ()),
            ),
        )
        for n in range(count)
    )
    module = Module(name="big", version="1.0", path=".", files=("big.oschema",), imports=(), types=structs)
    return Program(modules=(replace(module),))


def test_time_grows_with_the_number_of_types() -> None:
    def measure(count: int) -> float:
        program = many(count)
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            list(openrpc.emit(program))
            best = min(best, time.process_time() - started)
        return best

    small, large = measure(250), measure(1000)
    assert large < 1.0
    assert large < 10 * small


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda path: path.name)
def test_case(case: Path, update: bool) -> None:
    (output,) = openrpc.emit(load(case / "in"))
    expected = case / "expected/openrpc.json"
    if update:
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(output.text)
    assert output.text == expected.read_text()
