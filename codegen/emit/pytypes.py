"""How generated Python spells the types of a schema, and the imports that its spelling needs."""

import json
import keyword
import re
from collections.abc import Iterable

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

RUNTIME_TYPES = "codegen.runtime.values.types"

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

_RESERVED = frozenset(
    {
        "construct",
        "copy",
        "dict",
        "from_orm",
        "json",
        "list",
        "model_computed_fields",
        "model_config",
        "model_construct",
        "model_copy",
        "model_dump",
        "model_dump_json",
        "model_extra",
        "model_fields",
        "model_fields_set",
        "model_json_schema",
        "model_parametrized_name",
        "model_post_init",
        "model_rebuild",
        "model_validate",
        "model_validate_json",
        "model_validate_strings",
        "parse_file",
        "parse_obj",
        "parse_raw",
        "schema",
        "schema_json",
        "str",
        "update_forward_refs",
        "validate",
    }
)
"""What pydantic's `BaseModel` has, and the built-in names that the annotations beside a field may use."""

_ANNOTATING = frozenset({"bool", "dict", "int", "list", "str"})
"""Built-in names in the annotations of generated code."""

_RESERVED_CLASSES = frozenset({"Annotated", "Field", "Literal", "StrEnum", "TypeAliasType"})
"""What the models' files import under these very names."""

_STANDARD = frozenset(
    {
        "__future__",
        "abc",
        "base64",
        "builtins",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "itertools",
        "json",
        "math",
        "os",
        "pathlib",
        "re",
        "sys",
        "time",
        "typing",
        "uuid",
    }
)
_FIRST_PARTY = frozenset({"codegen", "generated", "handlers", "providers"})


class Imports:
    """The imports of one generated file: names are asked for while it is written, lines are read at the end.

    `taken` are the names the file defines itself. A name that is already taken from elsewhere gets an alias, so the
    answer of `name` is what to write.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._local: dict[str, tuple[str, str] | None] = dict.fromkeys(taken)
        self._names: dict[tuple[str, str], str] = {}
        self._modules: set[str] = set()

    def name(self, module: str, name: str) -> str:
        """Import `name` from `module` (`..models.shop` for a sibling package) and say how to write it here."""
        key = (module, name)
        if key not in self._names:
            local = name
            if local in self._local:
                origin = module.strip(".").rpartition(".")[2]
                local = origin.title().replace("_", "") + name if name[:1].isupper() else f"{origin}_{name}"
                while local in self._local:
                    local += "_"
            self._local[local] = key
            self._names[key] = local
        return self._names[key]

    def bind(self, module: str, name: str, local: str) -> None:
        """Import `name` from `module` under the name that the file already uses for it."""
        self._local[local] = (module, name)
        self._names[module, name] = local

    def module(self, module: str) -> str:
        """Import a whole module: `import re`."""
        self._modules.add(module)
        return module

    def text(self) -> str:
        """The import lines as ruff sorts them, without a newline at the end; empty where nothing is imported."""
        sections: dict[int, list[str]] = {}
        for module in sorted(self._modules):
            sections.setdefault(_section(module), []).append(f"import {module}")
        by_module: dict[str, list[tuple[str, str]]] = {}
        for (module, name), local in self._names.items():
            by_module.setdefault(module, []).append((name, local))
        for module in sorted(by_module, key=_module_key):
            sections.setdefault(_section(module), []).extend(_from_lines(module, by_module[module]))
        return "\n\n".join("\n".join(sections[section]) for section in sorted(sections))


def _section(module: str) -> int:
    root = module.partition(".")[0]
    if root == "__future__":
        return 0
    if root in _STANDARD:
        return 1
    if not root:
        return 4
    return 3 if root in _FIRST_PARTY else 2


def _module_key(module: str) -> tuple[int, str]:
    """Relative imports: farther ones first, as ruff has it."""
    return (-(len(module) - len(module.lstrip("."))), module)


def _name_key(name: str) -> tuple[int, list[str | int], str]:
    """Constants, then classes, then the rest, as ruff's `order-by-type` has it; numbers in names count as numbers."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    parts = re.split(r"(\d+)", name)
    return (kind, [int(part) if at % 2 else part.lower() for at, part in enumerate(parts)], name)


def _from_lines(module: str, names: list[tuple[str, str]]) -> list[str]:
    parts = [
        name if name == local else f"{name} as {local}"
        for name, local in sorted(names, key=lambda pair: _name_key(pair[0]))
    ]
    plain = [part for part in parts if " as " not in part]
    lines = [f"from {module} import {part}" for part in parts if " as " in part]
    if plain:
        line = f"from {module} import {', '.join(plain)}"
        if len(line) > 120:
            line = f"from {module} import (\n" + "".join(f"    {part},\n" for part in plain) + ")"
        lines.append(line)
        lines.sort(key=lambda text: _name_key(text.partition(" import ")[2].lstrip("(\n ").split(" ")[0].rstrip(",")))
    return lines


def python_type(
    program: Program,
    type_: Type,
    imports: Imports,
    *,
    nullable: bool = False,
    models: str = "..models",
    here: str | None = None,
) -> str:
    """The annotation of a value of `type_`, for type checkers and for pydantic alike (`list[UsageRecord] | None`).

    Struct, enums, unions and aliases are names of `models.<module>`; in a file of module `here` that is itself the
    models' they need no import. Ranges and patterns of primitives come along (`I64`, `Sid`).
    """
    text = _spell(program, type_, imports, models, here)
    return f"{text} | None" if nullable and not text.endswith(" | None") else text


def runtime_name(type_: Primitive | Ref) -> str:
    """Its name in `codegen.runtime.values.types`; `str` and `json` have none there."""
    return "Sid" if isinstance(type_, Ref) else _PRIMITIVES[type_.name]


def _spell(program: Program, type_: Type, imports: Imports, models: str, here: str | None) -> str:
    match type_:
        case Primitive(name="str"):
            return "str"
        case Primitive(name="json"):
            return imports.name("typing", "Any")
        case Primitive() | Ref():
            return imports.name(RUNTIME_TYPES, runtime_name(type_))
        case Named(target=target):
            return model_name(program, target, imports, models=models, here=here)
        case ListOf(item=item):
            return f"list[{_spell(program, item, imports, models, here)}]"
        case MapOf(key=key, value=value):
            key_text = _spell(program, key, imports, models, here)
            base = program.base(key)
            if isinstance(base, Primitive) and base.name in INTEGER_BOUNDS:
                key_text = f"{imports.name('typing', 'Annotated')}[{key_text}, {imports.name(RUNTIME_TYPES, 'AsKey')}]"
            return f"dict[{key_text}, {_spell(program, value, imports, models, here)}]"
        case Nullable(inner=inner):
            return f"{_spell(program, inner, imports, models, here)} | None"


def model_name(
    program: Program, target: QName, imports: Imports, *, models: str = "..models", here: str | None = None
) -> str:
    """Import a struct, enum, union or alias from the generated models, and say how to write it."""
    declared = program.types[target]
    assert not isinstance(declared, ErrorGroup), target  # errors are raised, never values
    if declared.module == here:
        return class_name(declared.name)
    return imports.name(f"{models}.{declared.module}", class_name(declared.name))


def class_name(name: str) -> str:
    """A type's name in Python: one that models' files need for themselves gets a `_` behind it."""
    return f"{name}_" if name in _RESERVED_CLASSES else name


def value_text(
    program: Program, type_: Type, value: Json, imports: Imports, *, models: str = "..models", here: str | None = None
) -> str:
    """A Python expression of the value that `value` is in JSON (a default, say), with the type of `python_type`."""

    def text(inner: Type, part: Json) -> str:
        return value_text(program, inner, part, imports, models=models, here=here)

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
            return f"{model_name(program, target, imports, models=models, here=here)}({quoted(str(value))})"
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


def quoted(text: str) -> str:
    """A string literal in double quotes."""
    return json.dumps(text)


def attribute_name(name: str) -> str:
    """A field's name as an attribute of a model: a keyword, or a name that the model needs, gets a `_` behind it."""
    return f"{name}_" if name in _RESERVED else argument_name(name, method=False)


def method_name(name: str) -> str:
    """A method's name in Python: a keyword, and a built-in name that annotations beside it use, get a `_` behind."""
    return f"{name}_" if keyword.iskeyword(name) or name in _ANNOTATING else name


def argument_name(name: str, *, method: bool = True) -> str:
    """A name in Python: a keyword, `l` (linters take it for a 1), and `self` in a method, get a `_` behind them."""
    return f"{name}_" if keyword.iskeyword(name) or name == "l" or (method and name == "self") else name
