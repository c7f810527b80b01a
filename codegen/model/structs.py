"""Structs and root objects: implied fields, storage notes, indexes, CRUD and owners."""

from __future__ import annotations

from dataclasses import replace

from codegen.model.casing import is_snake, snake, to_snake
from codegen.model.fields import MAX_NAME, build_fields, check_indexable
from codegen.model.model import CRUD_VERBS, SCOPES, CrudVerb, Field, Index, Primitive, QName, Ref, Scope, Struct
from codegen.model.names import Symbol
from codegen.model.notes import Notes, argument_text, common, read_notes
from codegen.model.types import Space
from codegen.runtime.storage.own_tables import NAMES
from codegen.source.catalog_names import BAD_CASE, DUPLICATE_MEMBER, NAME_TOO_LONG, RESERVED_NAME, REV_FIELD, SID_FIELD
from codegen.source.catalog_notes import (
    APPEND_ONLY_VERB,
    BAD_OWNER,
    DUPLICATE_INDEX,
    NEEDS_ROOTOBJECT,
    NO_OWNER,
    NO_PRINCIPAL,
    NOT_INDEXABLE,
    RESERVED_FIELD,
    SECOND_PRINCIPAL,
    UNKNOWN_FIELD,
    UNKNOWN_SCOPE,
    UNKNOWN_VERB,
)
from codegen.source.diagnostics import Related
from codegen.source.nearest import nearest
from codegen.source.span import Span
from codegen.syntax import tree

_STORED_ONLY = ("principal", "append_only", "crud", "index", "unique", "auth", "table")
_CHANGING: frozenset[CrudVerb] = frozenset({"set", "patch", "delete"})
_SID = Primitive("sid")


def find_principal(space: Space) -> None:
    """The one root object marked `principal`; needs only the symbols."""
    first: Symbol | None = None
    for symbol in space.names.symbols("root object"):
        note = next((note for note in symbol.node.brackets if note.name.text == "principal"), None)
        if note is not None and first is not None:
            space.report.add(
                SECOND_PRINCIPAL,
                note.span,
                name=first.name,
                related=[Related(first.span, f"{first.name} is declared here")],
            )
        first = first or (symbol if note else None)
    space.principal = first.qname if first else None


def build_struct(space: Space, symbol: Symbol) -> Struct:
    node = symbol.node
    assert isinstance(node, tree.TypeDef) and isinstance(node.body, tree.Struct)
    notes = read_notes(space.report, node.brackets, "struct")
    rootobject = symbol.kind == "root object"
    fields = build_fields(space, symbol.scope, node.body.fields, "field", struct=symbol.name, rootobject=rootobject)
    reserved = _reserved(space, notes, node.body.fields)
    wire = read_wire(space, notes) or snake(symbol.name)
    if rootobject and wire == "rpc" and "wire" not in notes:
        space.report.add(
            RESERVED_NAME,
            symbol.span,
            name=symbol.name,
            what="a root object",
            reason="JSON-RPC keeps the wire prefix `rpc` for itself",
        )
    struct = Struct(
        name=symbol.name,
        module=symbol.scope.module.name,
        span=symbol.span,
        fields=fields,
        wire=wire,
        reserved=reserved,
        union_tag=space.union_tags.get(symbol.qname),
        **common(notes, node.docs),
    )
    if not rootobject:
        for name in _STORED_ONLY:
            if name in notes:
                space.report.add(NEEDS_ROOTOBJECT, notes.span(name), name=name, struct=symbol.name)
        return struct
    return _rootobject(space, symbol, notes, struct)


def _rootobject(space: Space, symbol: Symbol, notes: Notes, struct: Struct) -> Struct:
    append_only = "append_only" in notes
    fields = _implied(space, struct, append_only)
    table = notes.text("table") or snake(symbol.name)
    if "table" in notes and not is_snake(table):
        space.report.add(
            BAD_CASE, notes.span("table"), what="the table", name=table, style="snake_case", near=to_snake(table)
        )
    elif table in NAMES or table.startswith(("sqlite_", "pg_")):
        space.report.add(
            RESERVED_NAME,
            notes.span("table") if "table" in notes else symbol.span,
            name=table,
            what="a table",
            reason="the database keeps it for itself",
        )
    if len(table) > MAX_NAME:
        space.report.add(
            NAME_TOO_LONG, notes.span("table") if "table" in notes else symbol.span, name=table, limit=MAX_NAME
        )
    auth = read_scope(space, notes) or "admin"
    struct = replace(
        struct,
        fields=fields,
        rootobject=True,
        principal=symbol.qname == space.principal,
        append_only=append_only,
        table=table,
        crud=_crud(space, notes, append_only),
        auth=auth,
    )
    written = {field.name.text for field in _node_fields(symbol)}
    return replace(struct, indexes=_indexes(space, notes, struct, written), owner=_owner(space, notes, struct, written))


def _node_fields(symbol: Symbol) -> tuple[tree.Field, ...]:
    assert isinstance(symbol.node, tree.TypeDef) and isinstance(symbol.node.body, tree.Struct)
    return symbol.node.body.fields


def _implied(space: Space, struct: Struct, append_only: bool) -> tuple[Field, ...]:
    """`sid` first, written or not, and `rev` last unless rows never change."""
    sid = next((field for field in struct.fields if field.name == "sid"), None)
    rest = [field for field in struct.fields if field is not sid]
    if sid is None:
        sid = Field(name="sid", span=struct.span, type=_SID, implied=True)
    elif sid.type != _SID or sid.nullable or sid.default is not None or sid.computed:
        space.report.add(SID_FIELD, sid.span)
    if append_only:
        return (sid, *rest)
    for field in rest:
        if field.name == "rev":
            space.report.add(REV_FIELD, field.span)
    rev = Field(
        name="rev",
        span=struct.span,
        type=Primitive("u64"),
        server=True,
        implied=True,
        doc="Counts the changes of the object; a change that names another `rev` is refused.",
    )
    return (sid, *(field for field in rest if field.name != "rev"), rev)


def _reserved(space: Space, notes: Notes, fields: tuple[tree.Field, ...]) -> tuple[str, ...]:
    reserved: dict[str, Span] = {}
    for note in notes.all("reserved"):
        for arg in note.args:
            name = argument_text(arg)
            if name in reserved:
                space.report.add(DUPLICATE_MEMBER, arg.span, name=name)
            reserved[name] = arg.span
    for field in fields:
        if field.name.text in reserved:
            space.report.add(
                RESERVED_FIELD,
                field.name.span,
                name=field.name.text,
                related=[Related(reserved[field.name.text], "reserved here")],
            )
    return tuple(reserved)


def read_wire(space: Space, notes: Notes) -> str | None:
    """The name of `wire("name")`."""
    wire = notes.text("wire")
    if wire is None:
        return None
    if not is_snake(wire):
        space.report.add(
            BAD_CASE, notes.span("wire"), what="the wire name", name=wire, style="snake_case", near=to_snake(wire)
        )
    elif wire == "rpc":
        space.report.add(
            RESERVED_NAME, notes.span("wire"), name=wire, what="a wire name", reason="JSON-RPC keeps it for itself"
        )
    return wire


def read_scope(space: Space, notes: Notes) -> Scope | None:
    """The scope of `auth(scope)`."""
    scope = notes.text("auth")
    if scope is None:
        return None
    if scope not in SCOPES:
        space.report.add(UNKNOWN_SCOPE, notes.span("auth"), name=scope, near=nearest(scope, SCOPES))
        return None
    if scope == "own" and space.principal is None:
        space.report.add(NO_PRINCIPAL, notes.span("auth"))
        return None
    return scope


def _crud(space: Space, notes: Notes, append_only: bool) -> tuple[CrudVerb, ...]:
    note = notes.get("crud")
    offered = tuple(verb for verb in CRUD_VERBS if not (append_only and verb in _CHANGING))
    if note is None:
        return offered
    chosen: dict[str, Span] = {}
    for arg in note.args:
        verb = argument_text(arg)
        if verb == "none" and len(note.args) == 1:
            return ()
        if verb not in CRUD_VERBS:
            space.report.add(UNKNOWN_VERB, arg.span, name=verb, near=nearest(verb, CRUD_VERBS))
        elif verb in chosen:
            space.report.add(DUPLICATE_MEMBER, arg.span, name=verb)
        elif append_only and verb in _CHANGING:
            space.report.add(APPEND_ONLY_VERB, arg.span, name=verb)
        chosen[verb] = arg.span
    return tuple(verb for verb in CRUD_VERBS if verb in chosen)


def _indexes(space: Space, notes: Notes, struct: Struct, written: set[str]) -> tuple[Index, ...]:
    """Those of fields in field order, then those of the declaration; each set of fields once."""
    indexes: dict[tuple[str, ...], Index] = {}
    primary = Index(("sid",), unique=True, span=struct.span)
    for field in struct.fields:
        if field.index or field.unique:
            _add_index(space, indexes, primary, Index((field.name,), field.unique, field.span))
    declared = sorted((*notes.all("index"), *notes.all("unique")), key=lambda note: (note.span.line, note.span.column))
    for note in declared:
        names = tuple(argument_text(arg) for arg in note.args)
        if _check_index(space, note, struct, written):
            _add_index(space, indexes, primary, Index(names, note.name.text == "unique", note.span))
    return tuple(indexes.values())


def _add_index(space: Space, indexes: dict[tuple[str, ...], Index], primary: Index, index: Index) -> None:
    other = primary if index.fields == primary.fields else indexes.setdefault(index.fields, index)
    if other is not index:
        space.report.add(
            DUPLICATE_INDEX,
            index.span,
            fields=", ".join(index.fields),
            related=[Related(other.span, "the first index on them")],
        )


def _check_index(space: Space, note: tree.Note, struct: Struct, written: set[str]) -> bool:
    by_name = {field.name: field for field in struct.fields}
    fine = True
    seen: set[str] = set()
    for arg in note.args:
        name = argument_text(arg)
        field = by_name.get(name)
        if name in seen:
            space.report.add(DUPLICATE_MEMBER, arg.span, name=name)
            fine = False
        elif field is None:
            fine = False
            if name not in written:  # else its type is wrong, which is reported
                space.report.add(UNKNOWN_FIELD, arg.span, struct=struct.name, name=name, near=nearest(name, by_name))
        elif field.computed:
            fine = False
            space.report.add(NOT_INDEXABLE, arg.span, name=name, reason="it is computed, not stored")
        else:
            fine = check_indexable(space, name, space.base(field.type), arg.span) and fine
        seen.add(name)
    return fine


def _owner(space: Space, notes: Notes, struct: Struct, written: set[str]) -> str | None:
    """The field that refers to the principal: marked, or the only one."""
    to_principal = [field for field in struct.fields if _refers(space, field, space.principal)]
    marked = [field for field in struct.fields if field.owner]
    for field in marked:
        if field not in to_principal or field.nullable:
            space.report.add(BAD_OWNER, field.span, reason=f"{field.name!r} is no required reference to the principal")
    for field in marked[1:]:
        space.report.add(
            BAD_OWNER,
            field.span,
            reason=f"{marked[0].name!r} is marked @owner already",
            related=[Related(marked[0].span, "the first one")],
        )
    if struct.principal:
        return "sid"
    if marked:
        return marked[0].name
    if len(to_principal) == 1:
        return to_principal[0].name
    if struct.auth == "own" and written <= {field.name for field in struct.fields}:  # else one's type is wrong
        several = ", ".join(repr(field.name) for field in to_principal)
        reason = f"several fields refer to the principal: {several}" if several else "no field refers to the principal"
        principal = (space.principal or "").rpartition(".")[2]
        space.report.add(NO_OWNER, notes.span("auth"), struct=struct.name, reason=reason, principal=principal)
    return None


def _refers(space: Space, field: Field, target: QName | None) -> bool:
    base = space.base(field.type)
    return base is not None and target is not None and base.type == Ref(target) and not field.computed
