"""Names of a schema as names in Python, clear of keywords and of what the place needs itself."""

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
