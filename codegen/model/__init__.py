"""From schema files to the checked model: `load_program(root, report)` gives the `Program` all later stages read."""

from codegen.model.load import Sources, load_program, load_sources
from codegen.model.model import (
    CRUD_VERBS,
    INTEGER_BOUNDS,
    RUNTIME_ERRORS,
    Alias,
    Constraints,
    CrudVerb,
    Declared,
    Default,
    Deprecated,
    Enum,
    EnumValue,
    Error,
    ErrorGroup,
    Event,
    Field,
    Index,
    Interface,
    Json,
    ListOf,
    MapOf,
    Member,
    Method,
    Module,
    Named,
    Nullable,
    Param,
    Primitive,
    PrimitiveName,
    Program,
    QName,
    Ref,
    Scope,
    Service,
    Struct,
    Type,
    TypeDecl,
    Union,
    Webhook,
)
from codegen.model.resolve import resolve
from codegen.model.types import named_in

__all__ = [
    "CRUD_VERBS", "INTEGER_BOUNDS", "RUNTIME_ERRORS", "Alias", "Constraints", "CrudVerb", "Declared", "Default",
    "Deprecated", "Enum", "EnumValue", "Error", "ErrorGroup", "Event", "Field", "Index", "Interface", "Json", "ListOf",
    "MapOf", "Member", "Method", "Module", "Named", "Nullable", "Param", "Primitive", "PrimitiveName", "Program",
    "QName", "Ref", "Scope", "Service", "Sources", "Struct", "Type", "TypeDecl", "Union", "Webhook", "load_program",
    "load_sources", "named_in", "resolve",
]
