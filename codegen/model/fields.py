"""Fields of structs, errors and events."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.model.aliases import check_depth
from codegen.model.casing import is_snake, to_snake
from codegen.model.constraints import read_constraints
from codegen.model.defaults import read_default
from codegen.model.model import Field, ListOf, MapOf, Named, Primitive, Type
from codegen.model.names import Scope
from codegen.model.note_table import Place
from codegen.model.notes import Notes, common, read_notes
from codegen.model.types import Base, Space, check_map_keys, outer, resolve_type, show
from codegen.source.catalog_names import BAD_CASE, DUPLICATE_NAME, NAME_TOO_LONG
from codegen.source.catalog_notes import NEEDS_ROOTOBJECT, NOT_INDEXABLE, NOTES_EXCLUDE, SET_ONCE_REQUIRED
from codegen.source.diagnostics import Related
from codegen.source.span import Span
from codegen.syntax import tree

MAX_NAME = 63
"""PostgreSQL cuts longer identifiers off."""
_EXCLUSIVE = (
    ("computed", "index"),
    ("computed", "unique"),
    ("computed", "set_once"),
    ("computed", "owner"),
    ("immutable", "set_once"),
)


def build_fields(
    space: Space, scope: Scope, nodes: Sequence[tree.Field], place: Place, *, struct: str = "", rootobject: bool = False
) -> tuple[Field, ...]:
    """The fields whose types have a meaning; findings for all that is wrong with any."""
    fields: list[Field] = []
    seen: dict[str, Span] = {}
    for node in nodes:
        name = node.name.text
        if not is_snake(name):
            space.report.add(
                BAD_CASE, node.name.span, what="the field", name=name, style="snake_case", near=to_snake(name)
            )
        elif len(name) > MAX_NAME:
            space.report.add(NAME_TOO_LONG, node.name.span, name=name, limit=MAX_NAME)
        notes = read_notes(space.report, node.notes, place)
        if place == "field" and notes.by_name:
            _check_notes(space, node, notes, struct, rootobject)
        field = _field(space, scope, node, notes)
        if name in seen:
            space.report.add(
                DUPLICATE_NAME, node.name.span, name=name, related=[Related(seen[name], "the first field of this name")]
            )
        elif field is not None:
            fields.append(field)
        seen.setdefault(name, node.name.span)
    return tuple(fields)


def _field(space: Space, scope: Scope, node: tree.Field, notes: Notes) -> Field | None:
    expr, question = outer(node.type)
    type_ = resolve_type(space.names, scope, expr)
    if type_ is None:
        return None
    check_type(space, type_, expr.span)
    constraints, base = read_constraints(space, notes, type_)
    nullable = node.optional or question or (base is not None and base.nullable)
    if "set_once" in notes and not nullable and base is not None:
        space.report.add(SET_ONCE_REQUIRED, notes.span("set_once"), name=node.name.text)
    for name in ("index", "unique"):
        if name in notes and "computed" not in notes:
            check_indexable(space, node.name.text, base, notes.span(name))
    default = None
    if node.default is not None:
        default = read_default(space, node.name.text, node.default, type_, nullable, base)
    return Field(
        name=node.name.text,
        span=node.name.span,
        type=type_,
        optional=node.optional,
        nullable=nullable,
        default=default,
        constraints=constraints,
        index="index" in notes,
        unique="unique" in notes,
        immutable="immutable" in notes,
        set_once="set_once" in notes,
        server="server" in notes,
        computed="computed" in notes,
        sensitive="sensitive" in notes,
        owner="owner" in notes,
        **common(notes, node.docs),
    )


def _check_notes(space: Space, node: tree.Field, notes: Notes, struct: str, rootobject: bool) -> None:
    for one, other in _EXCLUSIVE:
        if one in notes and other in notes:
            space.report.add(
                NOTES_EXCLUDE,
                notes.span(other),
                name=f"@{one}",
                other=f"@{other}",
                related=[Related(notes.span(one), f"@{one} stands here")],
            )
    if not rootobject:
        for name in ("index", "unique", "owner"):
            if name in notes:
                space.report.add(NEEDS_ROOTOBJECT, notes.span(name), name=f"@{name}", struct=struct)


def check_type(space: Space, type_: Type, span: Span) -> None:
    """What can only be said of a type when all aliases and enums are known."""
    if isinstance(type_, Named | ListOf | MapOf):
        check_map_keys(space, type_, span)
        check_depth(space, type_, span)


def check_indexable(space: Space, name: str, base: Base | None, span: Span) -> bool:
    """Whether a database can index values of a type; a finding where it cannot."""
    if base is None:
        return True
    stored_as_json = (
        isinstance(base.type, ListOf | MapOf)
        or base.type == Primitive("json")
        or (isinstance(base.type, Named) and space.enum(base.type) is None)
    )
    if stored_as_json:
        space.report.add(NOT_INDEXABLE, span, name=name, reason=f"{show(base.type)} is stored as JSON")
    return not stored_as_json
