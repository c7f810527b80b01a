"""Generated models, strategies and JSON Schema of the golden schemas agree with one another."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from codegen.emit.run.generate import emit_kinds
from codegen.model import load_program
from codegen.model.casing import snake
from codegen.model.model import Enum, ErrorGroup, Module, Program
from codegen.runtime.values.python_names import class_name
from codegen.source.diagnostics import Report

CASES = Path(__file__).parents[1] / "cases" / "generate"


@pytest.fixture(scope="module", params=sorted(path.name for path in CASES.iterdir()))
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, str, Any]:
    """The program of a case, the package that was generated from it, and its JSON Schema."""
    program = load_program(CASES / request.param / "schemas", Report())
    assert program is not None
    root = tmp_path_factory.mktemp("generated")
    package = f"generated_case_{request.param}"
    for path, want in emit_kinds(program, ("schema", "models", "strategies")).items():
        (root / package / path).parent.mkdir(parents=True, exist_ok=True)
        (root / package / path).write_bytes(want.data)
    sys.path.insert(0, str(root))
    request.addfinalizer(lambda: sys.path.remove(str(root)))
    return program, package, json.loads((root / package / "schema.json").read_text())


def with_types(program: Program) -> list[Module]:
    """The modules that have models."""
    return [module for module in program.modules if module.types or module.events]


def strategies(package: str, module: str) -> ModuleType:
    return importlib.import_module(f"{package}.strategies.{module}")


def test_values_survive_json_and_fit_the_schema(generated: tuple[Program, str, Any]) -> None:
    """From a strategy: written and read it is equal, from JSON bytes and from parsed JSON, and the schema takes it."""
    program, package, document = generated
    for module in with_types(program):
        made = strategies(package, module.name)
        for declared in (*module.types, *module.events):
            if isinstance(declared, ErrorGroup):
                continue
            any_value = getattr(made, f"any_{snake(declared.name)}")
            hint = any_value.__annotations__["return"].removeprefix("st.SearchStrategy[").removesuffix("]")
            models = importlib.import_module(f"{package}.models.{module.name}")
            adapter = TypeAdapter(eval(hint, vars(models) | vars(made)))
            schema = jsonschema.Draft202012Validator(
                {**document, "$ref": f"#/$defs/{declared.qname}"}, format_checker=jsonschema.FormatChecker()
            )
            assert_agree(any_value(), adapter, schema)


def assert_agree(
    values: SearchStrategy[Any], adapter: TypeAdapter[Any], schema: jsonschema.Draft202012Validator
) -> None:
    @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(values)
    def check(value: Any) -> None:
        data = adapter.dump_json(value)
        assert adapter.validate_json(data) == value
        assert adapter.validate_python(from_json(data)) == value
        schema.validate(json.loads(data))

    check()


def test_unknown_fields_and_wrong_types_are_errors(generated: tuple[Program, str, Any]) -> None:
    program, package, document = generated
    for module in with_types(program):
        models = importlib.import_module(f"{package}.models.{module.name}")
        for struct in module.structs:
            model = vars(models)[class_name(struct.name)]
            schema = jsonschema.Draft202012Validator({**document, "$ref": f"#/$defs/{struct.qname}"})
            mistyped: tuple[object, ...] = ({"surely_unknown": 1}, [], "text", None)
            for wrong in mistyped:
                assert not schema.is_valid(wrong)
                with pytest.raises(ValidationError):
                    model.model_validate_json(json.dumps(wrong))


def test_closed_enums_refuse_other_values_and_open_ones_keep_them(generated: tuple[Program, str, Any]) -> None:
    program, package, document = generated
    for module in with_types(program):
        models = importlib.import_module(f"{package}.models.{module.name}")
        for enum in (each for each in module.types if isinstance(each, Enum)):
            adapter = TypeAdapter(vars(models)[class_name(enum.name)])
            for value in enum.values:
                assert adapter.validate_json(json.dumps(value.name)) == value.name
            schema = jsonschema.Draft202012Validator({**document, "$ref": f"#/$defs/{enum.qname}"})
            assert schema.is_valid("no such value") == enum.open
            if enum.open:
                assert adapter.validate_json('"no such value"') == "no such value"
            else:
                with pytest.raises(ValidationError):
                    adapter.validate_json('"no such value"')
