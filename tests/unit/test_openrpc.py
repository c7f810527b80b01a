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
from codegen.model.model import CRUD_VERBS, Field, ListOf, Method, Module, Named, Primitive, Program, Service, Struct
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


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to, and anything else itself."""
    while isinstance(part.get("$ref"), str):
        found: Any = document
        for key in part["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        part = found
    return part


def params(document: dict[str, Any], method: dict[str, Any]) -> list[dict[str, Any]]:
    return [resolved(document, param) for param in method["params"]]


def schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from document["components"]["schemas"].values()
    yield from (error["data"] for error in document["components"]["errors"].values())
    for method in document["methods"]:
        yield from (param["schema"] for param in params(document, method))
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
            assert inner["$ref"].startswith("#/components/"), inner
            assert resolved(document, inner), inner


def test_what_is_shared_is_used(document: dict[str, Any]) -> None:
    """Nothing stands in `components` that is said nowhere; types and errors that are declared always do."""
    used = {inner["$ref"] for inner in objects(document) if isinstance(inner.get("$ref"), str)}
    for section in ("contentDescriptors", "examples", "tags"):
        for name in document["components"][section]:
            assert f"#/components/{section}/{name}" in used, name


def test_methods_are_unique_and_whole(document: dict[str, Any]) -> None:
    names = [method["name"] for method in document["methods"]]
    assert len(names) == len(set(names))
    assert "rpc.discover" in names
    for method in document["methods"]:
        assert method["x-auth"] in ("public", "user", "own", "node", "admin")
        assert method.get("x-safe") in (None, True)
        assert "paramStructure" not in method  # that is `either`
        found = params(document, method)
        assert len({param["name"] for param in found}) == len(found)
    assert document["x-usual-errors"].keys() == {"public", "user", "own", "node", "admin"}


def test_examples_keep_their_schemas(document: dict[str, Any]) -> None:
    without = 0
    for method in document["methods"]:
        params_of = {param["name"]: param for param in params(document, method)}
        for example in method.get("examples", ()):
            parts = [resolved(document, part) for part in example["params"]]
            given = {part["name"]: part["value"] for part in parts}
            required = {name for name, param in params_of.items() if param.get("required")}
            assert required <= given.keys() <= params_of.keys()
            for name, value in given.items():
                validator(document, params_of[name]["schema"]).validate(value)
            result = resolved(document, example["result"])
            validator(document, method["result"]["schema"]).validate(result["value"])
        verb = method["name"].rpartition(".")[2]
        if verb not in ("set", "delete", "list", "list_full", "exists", "find", "discover"):
            without += "examples" not in method
    assert without <= 0.05 * len(document["methods"])


def test_each_service_method_and_crud_verb_is_there() -> None:
    program = load(SCHEMAS["product"])
    (output,) = openrpc.emit(program)
    document = json.loads(output.text)
    methods = {method["name"]: method for method in document["methods"]}
    expected = {f"{root.wire}.{verb}" for root in program.rootobjects for verb in root.crud}
    expected |= {method.wire for service in program.services for method in service.methods}
    assert methods.keys() == expected | {"rpc.discover"}
    assert [param["name"] for param in params(document, methods["user.find"])] == ["filter", "limit", "cursor"]
    assert [param["name"] for param in params(document, methods["billing.plan_buy"])] == ["plan_id", "form_token"]
    assert {"$ref": "#/components/errors/PlanActive"} in methods["billing.plan_buy"]["errors"]


def test_two_runs_are_equal() -> None:
    assert list(openrpc.emit(load(SCHEMAS["product"]))) == list(openrpc.emit(load(SCHEMAS["product"])))


def test_crud_parameters_by_verb() -> None:
    shapes = {
        "new": ["data", "reason"],
        "get": ["sid"],
        "set": ["data", "rev", "reason"],
        "patch": ["sid", "data", "rev", "reason"],
        "delete": ["sid", "reason"],
        "list": ["limit", "cursor"],
        "list_full": ["limit", "cursor"],
        "exists": ["sid"],
        "find": ["filter", "limit", "cursor"],
    }
    program = load(CASES / "crud/in")
    document = openrpc.document(program)
    methods = {method["name"]: method for method in document["methods"]}
    for verb in CRUD_VERBS:
        method = methods[f"note.{verb}"]
        assert [param["name"] for param in params(document, method)] == shapes[verb]
        assert method.get("x-safe", False) == (verb in ("get", "list", "list_full", "exists", "find"))


def test_structs_that_hold_others_twice_take_no_longer_and_have_no_example_when_it_is_large() -> None:
    structs = tuple(
        Struct(
            name=f"Level{n}",
            module="big",
            fields=tuple(
                Field(name=name, type=Named(f"big.Level{n + 1}") if n < 40 else Primitive("str")) for name in "ab"
            ),
        )
        for n in range(41)
    )
    service = Service(
        name="DeepService",
        module="big",
        wire="deep",
        methods=tuple(
            Method(name=f"get{n}", wire=f"deep.get{n}", params=(), result=Named(f"big.Level{n}")) for n in (0, 38)
        ),
    )
    module = Module(
        name="big", version="1.0", path=".", files=("big.oschema",), imports=(), types=structs, services=(service,)
    )
    started = time.process_time()
    document = openrpc.document(Program(modules=(module,)))
    assert time.process_time() - started < 2
    methods = {method["name"]: method for method in document["methods"]}
    assert "examples" not in methods["deep.get0"]
    assert "examples" in methods["deep.get38"]


def test_a_long_chain_of_structs_is_no_fault() -> None:
    structs = tuple(
        Struct(
            name=f"Link{n}",
            module="big",
            fields=(Field(name="next", type=Named(f"big.Link{n + 1}") if n < 1000 else Primitive("str")),),
        )
        for n in range(1001)
    )
    method = Method(name="get", wire="deep.get", params=(), result=Named("big.Link0"))
    service = Service(name="DeepService", module="big", wire="deep", methods=(method,))
    module = Module(
        name="big", version="1.0", path=".", files=("big.oschema",), imports=(), types=structs, services=(service,)
    )
    assert "examples" not in openrpc.document(Program(modules=(module,)))["methods"][0]


def test_it_is_no_more_than_ten_times_its_schemas() -> None:
    (output,) = openrpc.emit(load(SCHEMAS["product"]))
    size = sum(path.stat().st_size for path in SCHEMAS["product"].rglob("*.oschema"))
    assert len(output.text.encode()) < 10 * size


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
    assert large < 10 * small


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda path: path.name)
def test_case(case: Path, update: bool) -> None:
    (output,) = openrpc.emit(load(case / "in"))
    expected = case / "expected/openrpc.json"
    if update:
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(output.text)
    assert output.text == expected.read_text()
