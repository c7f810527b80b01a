"""The type of a parameter that has none, as far as its file alone tells."""

from codegen.syntax import tree
from codegen.syntax.spelling import type_text

SUFFIXES = {"_sid": "sid", "_cents": "i64", "_at": "otime", "_count": "u32"}
PRIMITIVES = frozenset(
    (
        "bool",
        "str",
        "bytes",
        "i8",
        "i16",
        "i32",
        "i64",
        "u8",
        "u16",
        "u32",
        "u64",
        "f32",
        "f64",
        "decimal",
        "money",
        "otime",
        "datetime",
        "date",
        "duration",
        "uuid",
        "sid",
        "json",
        "any",
    )
)


def inferred_type(name: str, result: tree.TypeExpr | None, structs: dict[str, tree.Struct]) -> str | None:
    """The type by the rules of the language: `sid`, a field of the result type, the suffix; None where unknown.

    A result type that this file does not declare may hold a field of the name, so nothing is concluded then.
    """
    if name == "sid":
        return "sid"
    if isinstance(result, tree.OptionalType):
        result = result.inner
    if isinstance(result, tree.NamedType) and result.path.text not in PRIMITIVES:
        struct = structs.get(result.path.text)
        if struct is None:
            return None
        for field in struct.fields:
            if field.name.text == name:
                return _of_field(field, structs)
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)


def _of_field(field: tree.Field, structs: dict[str, tree.Struct]) -> str | None:
    """The field's type; of one that may be absent without the null that this means, where the type has none itself."""
    if not field.optional:
        return type_text(field.type)
    kind = field.type.inner if isinstance(field.type, tree.OptionalType) else field.type
    if isinstance(kind, tree.NamedType) and kind.path.text not in PRIMITIVES and kind.path.text not in structs:
        return None  # an alias may be null
    return type_text(kind)
