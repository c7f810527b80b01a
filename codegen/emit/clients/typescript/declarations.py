"""The types, constants and errors that a schema file declares, and what calls read of its root objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from codegen.emit.calls.groups import find_fields, input_fields, listed_fields, patch_fields
from codegen.emit.clients.typescript.names import Names, Types
from codegen.emit.clients.typescript.shapes import Shapes, key
from codegen.emit.schema.declarations import old_name
from codegen.model.model import (
    Alias,
    Enum,
    Error,
    Field,
    Method,
    Named,
    Param,
    Primitive,
    Ref,
    Struct,
    TypeDecl,
    Union,
)


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    type: str
    optional: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """An interface where `fields` is given, else a type alias."""

    name: str
    doc: str
    fields: tuple[Member, ...] | None = None
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Constants:
    """`entries` are pairs of literals: a key and its value."""

    name: str
    entries: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DeclaredError:
    name: str
    slug: str
    doc: str
    fields: tuple[Member, ...]
    kinds: str
    """What `typeof` says of each field that must be there, as an object literal."""
    shape: str | None


def constants(enum: Enum, names: Names) -> Constants:
    """The known values of an enum, for programs that compare with them: of an open one the type holds any string."""
    entries = [(key(value.constant or value.name), json.dumps(value.name)) for value in enum.values]
    return Constants(names[enum.qname], entries)


def declaration(declared: TypeDecl, types: Types) -> Iterator[Declaration]:
    name = types.names[declared.qname]
    match declared:
        case Struct():
            tag = (Member(declared.union_tag[0], json.dumps(declared.union_tag[1])),) if declared.union_tag else ()
            sent = bool(declared.ignored)  # never answered: what has a default may be left out
            fields = tuple(
                member(field, types, optional=not field.required if sent else field.optional)
                for field in declared.fields
            )
            yield Declaration(name, doc_of(declared), tag + fields)
        case Enum():
            values = [json.dumps(value.name) for value in declared.values]
            # `string & {}` keeps an open enum's known values in completion lists.
            yield Declaration(name, doc_of(declared), alias=" | ".join([*values, *(["(string & {})"] * declared.open)]))
        case Union():
            spelled = (types.named(types.program.types[each]) for each in declared.members)
            yield Declaration(name, doc_of(declared), alias=" | ".join(spelled))
        case Alias():
            yield Declaration(name, doc_of(declared), alias=types.text(declared.type, declared.nullable))


def inputs(root: Struct, types: Types) -> Iterator[Declaration]:
    """`UserInput` for `new` and `set`, `UserPatch`, `UserFilter`; `UserListed` where something is left out of lists."""
    name = types.names[root.qname]

    def derived(suffix: str) -> str:
        return types.names.derived(root.qname, suffix)

    if {"new", "set"} & set(root.crud):
        yield Declaration(
            derived("Input"),
            f"What `{root.wire}.new` reads.",
            tuple(member(field, types, optional=not field.required) for field in input_fields(root)),
        )
    if "patch" in root.crud:
        yield Declaration(
            derived("Patch"),
            f"What `{root.wire}.patch` may change; what is absent stays.",
            tuple(member(field, types, optional=True) for field in patch_fields(root)),
        )
    if "find" in root.crud:
        yield Declaration(
            derived("Filter"),
            f"What `{root.wire}.find` may ask for.",
            tuple(member(field, types, optional=True) for field in find_fields(root)),
        )
    if {"list_full", "find"} & set(root.crud) and any(field.sensitive for field in root.fields):
        yield Declaration(
            derived("Listed"),
            f"`{name}` as lists give it: without what is sensitive.",
            tuple(member(field, types, optional=field.optional) for field in listed_fields(root)),
        )


def declared_error(error: Error, types: Types, shapes: Shapes) -> DeclaredError:
    doc = f"{error.message} (code {error.code}, HTTP {error.status})" + (f"\n\n{error.doc}" if error.doc else "")
    return DeclaredError(
        types.names[error.qname],
        json.dumps(error.slug),
        doc,
        tuple(member(field, types, optional=field.optional) for field in error.fields),
        "{ " + ", ".join(f"{key(field.name)}: {json.dumps(_kinds(field, types))}" for field in error.fields) + " }"
        if error.fields
        else "{}",
        shapes.of_fields(error.fields),
    )


def _kinds(field: Field, types: Types) -> list[str]:
    """What `typeof` may say of a field's value."""
    match base := types.program.base(field.type):
        case Primitive("json"):
            return []
        case Primitive():
            kind = types.text(base)
        case Ref():
            kind = "string"
        case Named(target):
            kind = "string" if isinstance(types.program.types[target], Enum) else "object"
        case _:
            kind = "object"
    nullable = field.nullable or any(alias.nullable for alias in types.program.aliases_of(field.type))
    return [kind, *(["null"] if nullable else []), *(["undefined"] if field.optional else [])]


def member(field: Field | Param, types: Types, *, optional: bool) -> Member:
    """What may be absent may be null as well, where null is a value of it at all."""
    deprecated = f"@deprecated {field.deprecated.reason}" if field.deprecated else ""
    doc = "\n".join(part for part in (field.doc, old_name(field), deprecated) if part)
    return Member(field.name, types.text(field.type, field.nullable), optional, doc)


def doc_of(declared: TypeDecl | Method) -> str:
    deprecated = f"@deprecated {declared.deprecated.reason}" if declared.deprecated else ""
    return "\n\n".join(part for part in (declared.doc, deprecated) if part)
