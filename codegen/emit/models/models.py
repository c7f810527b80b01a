"""Pydantic models of every module, written by datamodel-code-generator from JSON Schema.

It is given the schemas of `codegen.emit.schema` with the Python types named, all modules in one run. What JSON Schema
cannot say (bounds of money and times, typed defaults, maps with integer keys) goes in as a token, and the token is
replaced in the text that comes out. That text has a file for each module; it is divided into one for each schema file.
"""

from __future__ import annotations

from collections.abc import Iterable

from codegen.emit.models.feed import TOKEN_MODULE, Feed
from codegen.emit.models.known_values import with_known_values
from codegen.emit.models.split import field_names, split
from codegen.emit.output import Output
from codegen.emit.python.parts import parts_of
from codegen.emit.python.references import late_imports, values
from codegen.emit.schema.dialect import Schema
from codegen.model.model import Event, Program, Struct
from codegen.runtime.values.python_names import attribute_name, class_name


def emit(program: Program) -> Iterable[Output]:
    program = with_known_values(program)
    parts = parts_of(program)
    late = late_imports(program, parts, "models")
    feed = Feed(program, parts, late)
    texts = _generate(feed.definitions(), _renamed(program))
    for module in program.modules:
        if text := texts.get(module.name):
            yield from split(program, module, text, feed, parts, late)
    names: dict[str, list[str]] = {}
    circular: dict[str, list[str]] = {}
    for part in parts:
        if declared := values(part.module.types, part.module.events):
            names[part.name] = [class_name(each.name) for each in declared]
        if part.name in late:
            structs = [class_name(each.name) for each in declared if isinstance(each, Struct | Event)]
            circular.setdefault(part.module.name, []).extend(structs)
    yield from parts.doors("models", "Models", names, {module: _rebuilt(names) for module, names in circular.items()})


def _rebuilt(names: Iterable[str]) -> str:
    """Models of files that refer to each other are whole when all those files are."""
    return "".join(f"{name}.model_rebuild()\n" for name in names)


def _generate(definitions: dict[str, Schema], aliases: dict[str, str]) -> dict[str, str]:
    """Module name → text, as datamodel-code-generator writes it."""
    from datamodel_code_generator import InputFileType, PythonVersion, generate
    from datamodel_code_generator.enums import DataModelType

    if not definitions:
        return {}
    modules = generate(
        {"$defs": definitions},
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=PythonVersion.PY_311,
        formatters=[],  # ruff formats what is made of it
        disable_timestamp=True,
        base_class=f"{TOKEN_MODULE}.OSCHEMA_Struct",
        aliases=aliases,
        treat_dot_as_module=True,
        use_exact_imports=True,
        use_annotated=True,
        field_constraints=True,
        use_type_alias=True,
        strict_nullable=True,
        use_standard_collections=True,
        use_union_operator=True,
        use_double_quotes=True,
        use_specialized_enum=True,
        capitalise_enum_members=True,
        set_default_enum_member=True,
        use_one_literal_as_default=True,
        use_schema_description=True,
        use_field_description=True,
        use_single_line_docstring=True,
        custom_class_name_generator=str,
        field_extra_keys={"x-sensitive"},
    )
    assert isinstance(modules, dict)
    return {path[0].removesuffix(".py"): text for path, text in modules.items()}


def _renamed(program: Program) -> dict[str, str]:
    """Fields whose attribute has another name."""
    names = (name for module in program.modules for name in field_names(module))
    return {name: attribute for name in names if (attribute := attribute_name(name)) != name}
