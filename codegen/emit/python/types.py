"""How generated Python spells the types and values of a schema."""

from codegen.emit.python.imports import Imports
from codegen.model.model import (
    INTEGER_BOUNDS,
    Enum,
    ErrorGroup,
    Json,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Primitive,
    Program,
    QName,
    Ref,
    Type,
)
from codegen.runtime.values.python_names import class_name, quoted

RUNTIME_TYPES = "codegen.runtime.values.types"
INPUT_NAMES = "codegen.runtime.values.input_names"

_PRIMITIVES = {
    "bool": "Bool",
    "bytes": "Bytes",
    "decimal": "Decimal",
    "money": "Money",
    "otime": "OTime",
    "datetime": "DateTime",
    "date": "Date",
    "duration": "Duration",
    "uuid": "Uuid",
    "sid": "Sid",
    **{name: name.upper() for name in ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64")},
}
"""Primitive → its name in `codegen.runtime.values.types`; `str` and `json` are Python's own."""


def python_type(program: Program, type_: Type, imports: Imports, *, nullable: bool = False) -> str:
    """The annotation of a value of `type_`, for type checkers and for pydantic alike (`list[UsageRecord] | None`).

    Structs, enums, unions and aliases are names of the models. Ranges and patterns of primitives come along (`I64`,
    `Sid`).
    """
    text = _spell(program, type_, imports)
    return f"{text} | None" if nullable and not text.endswith(" | None") else text


def runtime_name(type_: Primitive | Ref) -> str:
    """Its name in `codegen.runtime.values.types`; `str` and `json` have none there."""
    return "Sid" if isinstance(type_, Ref) else _PRIMITIVES[type_.name]


def _spell(program: Program, type_: Type, imports: Imports) -> str:
    match type_:
        case Primitive(name="str"):
            return "str"
        case Primitive(name="json"):
            return imports.name("typing", "Any")
        case Primitive() | Ref():
            return imports.name(RUNTIME_TYPES, runtime_name(type_))
        case Named(target=target):
            return model_name(program, target, imports)
        case ListOf(item=item):
            return f"list[{_spell(program, item, imports)}]"
        case MapOf(key=key, value=value):
            key_text = _spell(program, key, imports)
            base = program.base(key)
            if isinstance(base, Primitive) and base.name in INTEGER_BOUNDS:
                key_text = f"{imports.name('typing', 'Annotated')}[{key_text}, {imports.name(RUNTIME_TYPES, 'AsKey')}]"
            return f"dict[{key_text}, {_spell(program, value, imports)}]"
        case Nullable(inner=inner):
            return f"{_spell(program, inner, imports)} | None"


def model_name(program: Program, target: QName, imports: Imports) -> str:
    """Import a struct, enum, union or alias from the generated models, and say how to write it."""
    declared = program.types[target]
    assert not isinstance(declared, ErrorGroup), target  # errors are raised, never values
    origin = imports.origin(declared)
    return class_name(declared.name) if origin is None else imports.name(origin, class_name(declared.name))


def value_text(program: Program, type_: Type, value: Json, imports: Imports) -> str:
    """A Python expression of the value that `value` is in JSON (a default, say), with the type of `python_type`."""

    def text(inner: Type, part: Json) -> str:
        return value_text(program, inner, part, imports)

    if value is None:
        return "None"
    match program.base(type_):
        case Nullable(inner=inner):
            return text(inner, value)
        case ListOf(item=item) if isinstance(value, list):
            return f"[{', '.join(text(item, part) for part in value)}]"
        case MapOf(key=key, value=inner) if isinstance(value, dict):
            pairs = ((_key_value(program, key, name), part) for name, part in value.items())
            return f"{{{', '.join(f'{text(key, name)}: {text(inner, part)}' for name, part in pairs)}}}"
        case Named(target=target) if isinstance(enum := program.types[target], Enum) and not enum.open:
            return f"{model_name(program, target, imports)}({quoted(str(value))})"
        case Primitive(name="money"):
            return f"{imports.name(RUNTIME_TYPES, 'Money')}.parse({quoted(str(value))})"
        case Primitive(name="decimal"):
            return f"{imports.name('decimal', 'Decimal')}({quoted(str(value))})"
        case Primitive(name="uuid"):
            return f"{imports.name(RUNTIME_TYPES, 'Uuid')}({quoted(str(value))})"
        case Primitive(name="otime" | "datetime" | "date" | "duration" | "bytes" as name):
            return f"{imports.name(RUNTIME_TYPES, f'parse_{name}')}({quoted(str(value))})"
        case _:
            return quoted(value) if isinstance(value, str) else repr(value)


def _key_value(program: Program, key: Type, name: str) -> Json:
    """Keys of JSON objects are text; those of integer maps are integers."""
    base = program.base(key)
    return int(name) if isinstance(base, Primitive) and base.name in INTEGER_BOUNDS else name
