"""Names of a schema as names in Python, clear of keywords and of what the place needs itself.

The generator writes them, and the reference pages show them.
"""

import json
import keyword

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
        "trusted",
        "update_forward_refs",
        "validate",
    }
)
"""What the base of models has, and the built-in names that the annotations beside a field may use."""

_ANNOTATING = frozenset({"bool", "dict", "int", "list", "str"})
"""Built-in names in the annotations of generated code."""

_RESERVED_CLASSES = frozenset({"Annotated", "Field", "Literal", "StrEnum", "TypeAliasType"})
"""What the models' files import under these very names."""

_CALLED = frozenset({"builtins", "cast", "without_none"})
"""What the body of a call uses: no parameter may hide it."""

_CLIENT_NAMES = frozenset({"close", "constructor", "transport"})
"""What a client has beside its groups."""


def class_name(name: str) -> str:
    """A type's name in Python: one that models' files need for themselves gets a `_` behind it."""
    return f"{name}_" if name in _RESERVED_CLASSES else name


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


def client_method(name: str) -> str:
    """A call's name in a Python client: `list` stays, and annotations beside it say `builtins.list`."""
    return name if name == "list" else method_name(name)


def client_argument(name: str) -> str:
    """A parameter's name in a Python client."""
    return f"{name}_" if name in _CALLED else argument_name(method_name(name))


def group_name(name: str) -> str:
    """The name of a group of calls: of its module in Python, and of its attribute of a client in both languages."""
    return f"{name}_" if name in _CLIENT_NAMES else argument_name(name)
