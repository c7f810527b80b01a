"""Services, interfaces and webhooks: methods, inferred parameters, errors, auth and wire names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codegen.model.casing import is_snake, snake, to_snake
from codegen.model.defaults import read_default
from codegen.model.fields import check_type
from codegen.model.laws import read_laws
from codegen.model.model import (
    Error,
    ErrorGroup,
    Interface,
    Json,
    Method,
    Nullable,
    Param,
    Primitive,
    QName,
    Service,
    Type,
    Webhook,
)
from codegen.model.model import Scope as AuthScope
from codegen.model.modules import is_version
from codegen.model.names import ERROR_KINDS, Scope, Symbol, a
from codegen.model.notes import argument_text, common, json_of, read_notes
from codegen.model.structs import read_scope, read_wire
from codegen.model.types import Space, outer, resolve_type
from codegen.source.catalog_names import (
    BAD_CASE,
    BAD_VERSION,
    DUPLICATE_MEMBER,
    DUPLICATE_NAME,
    NOT_AN_ERROR,
    RESERVED_NAME,
)
from codegen.source.catalog_services import UNKNOWN_PARAM, UNTYPED_PARAM, WEBHOOK_ROUTE
from codegen.source.diagnostics import Related
from codegen.source.nearest import nearest
from codegen.source.span import Span
from codegen.syntax import tree

DEFAULT_SERVICE_VERSION = "1.0"
_SUFFIXES = {
    "_sid": Primitive("sid"),
    "_cents": Primitive("i64"),
    "_at": Primitive("otime"),
    "_count": Primitive("u32"),
}
Groups = Mapping[QName, ErrorGroup]


def build_service(space: Space, scope: Scope, node: tree.Service, groups: Groups) -> Service:
    notes = read_notes(space.report, node.brackets, "service")
    given = notes.text("version")
    version = DEFAULT_SERVICE_VERSION if given is None else given
    if not is_version(version):
        space.report.add(BAD_VERSION, notes.span("version"), version=version)
        version = DEFAULT_SERVICE_VERSION
    auth = read_scope(space, notes) or "admin"
    name = node.name.text
    wire = read_wire(space, notes) or snake(name.removesuffix("Service") or name)
    if wire == "rpc" and "wire" not in notes:
        space.report.add(
            RESERVED_NAME,
            node.name.span,
            name=name,
            what="a service",
            reason="JSON-RPC keeps the wire prefix `rpc` for itself",
        )
    major = int(version.split(".")[0])
    if major >= 2:
        wire = f"{wire}.v{major}"
    methods = build_methods(space, scope, node.methods, groups, wire=wire, auth=auth)
    return Service(
        name=name,
        module=scope.module.name,
        span=node.name.span,
        methods=methods,
        wire=wire,
        version=version,
        auth=auth,
        **common(notes, node.docs),
    )


def build_interface(space: Space, symbol: Symbol, groups: Groups) -> Interface:
    node = symbol.node
    assert isinstance(node, tree.Interface)
    notes = read_notes(space.report, node.brackets, "interface")
    methods = build_methods(space, symbol.scope, node.methods, groups, wire="", auth="admin")
    return Interface(
        name=symbol.name, module=symbol.scope.module.name, span=symbol.span, methods=methods, **common(notes, node.docs)
    )


def build_methods(
    space: Space, scope: Scope, nodes: Sequence[tree.Method], groups: Groups, *, wire: str, auth: AuthScope
) -> tuple[Method, ...]:
    """The methods of a service, or of an interface where `wire` is empty."""
    methods: dict[str, Method] = {}
    for node in nodes:
        name = node.name.text
        _check_snake(space, node.name, "the method")
        method = _method(space, scope, node, groups, wire=wire, auth=auth)
        if name in methods:
            space.report.add(
                DUPLICATE_NAME,
                node.name.span,
                name=name,
                related=[Related(methods[name].span, "the first method of this name")],
            )
        methods.setdefault(name, method)
    return tuple(methods.values())


def _check_snake(space: Space, name: tree.Name, what: str) -> None:
    if not is_snake(name.text):
        space.report.add(BAD_CASE, name.span, what=what, name=name.text, style="snake_case", near=to_snake(name.text))


def _method(space: Space, scope: Scope, node: tree.Method, groups: Groups, *, wire: str, auth: AuthScope) -> Method:
    notes = read_notes(space.report, node.notes, "method" if wire else "interface method")
    result, result_nullable = _result(space, scope, node.result)
    params = _params(space, scope, node.params, result)
    idempotent = notes.text("idempotent")
    names = [param.name.text for param in node.params]
    if idempotent is not None and idempotent not in names:
        space.report.add(
            UNKNOWN_PARAM,
            notes.span("idempotent"),
            method=node.name.text,
            name=idempotent,
            near=nearest(idempotent, names),
        )
    return Method(
        name=node.name.text,
        span=node.name.span,
        params=params,
        result=result,
        result_nullable=result_nullable,
        errors=read_errors(space, scope, node.errors, groups),
        wire=f"{wire}.{node.name.text}" if wire else "",
        auth=read_scope(space, notes) or auth,
        safe="safe" in notes,
        idempotent=idempotent,
        audit="audit" in notes,
        **read_laws(space, node.name.text, notes, params, result),
        **common(notes, node.docs),
    )


def _result(space: Space, scope: Scope, expr: tree.TypeExpr | None) -> tuple[Type | None, bool]:
    if expr is None:
        return None, False
    inner, nullable = outer(expr)
    type_ = resolve_type(space.names, scope, inner)
    if type_ is None:
        return None, False
    check_type(space, type_, inner.span)
    base = space.base(type_)
    return type_, nullable or (base is not None and base.nullable)


def _params(space: Space, scope: Scope, nodes: Sequence[tree.Param], result: Type | None) -> tuple[Param, ...]:
    params: dict[str, Param] = {}
    seen: dict[str, Span] = {}
    for node in nodes:
        name = node.name.text
        _check_snake(space, node.name, "the parameter")
        if name in seen:
            space.report.add(
                DUPLICATE_NAME,
                node.name.span,
                name=name,
                related=[Related(seen[name], "the first parameter of this name")],
            )
            continue
        seen[name] = node.name.span
        param = _param(space, scope, node, result)
        if param is not None:
            params[name] = param
    return tuple(params.values())


def _param(space: Space, scope: Scope, node: tree.Param, result: Type | None) -> Param | None:
    name = node.name.text
    if node.type is not None:
        expr, nullable = outer(node.type)
        type_ = resolve_type(space.names, scope, expr)
        if type_ is None:
            return None
        check_type(space, type_, expr.span)
    else:
        inferred = infer(space, name, result)
        if inferred is None:
            space.report.add(UNTYPED_PARAM, node.name.span, name=name)
            return None
        type_, nullable = inferred
    base = space.base(type_)
    nullable = node.optional or nullable or (base is not None and base.nullable)
    default = read_default(space, name, node.default, type_, nullable, base) if node.default is not None else None
    return Param(
        name=name,
        span=node.name.span,
        type=type_,
        optional=node.optional,
        nullable=nullable,
        default=default,
        **common(read_notes(space.report, node.notes, "parameter"), []),
    )


def infer(space: Space, name: str, result: Type | None) -> tuple[Type, bool] | None:
    """Type and nullability of a parameter written without one; None where nothing tells it.

    `sid` is a sid; a field of the same name in the result type gives its type (null is allowed where the field is
    `f: T?`, while whether the parameter may be left out is its own matter); then the suffixes `_sid`, `_cents`,
    `_at`, `_count` decide.
    """
    if name == "sid":
        return Primitive("sid"), False
    base = space.base(result) if result is not None else None
    struct = space.struct(base.type.inner if isinstance(base.type, Nullable) else base.type) if base else None
    for field in struct.fields if struct else ():
        if field.name == name:
            return field.type, field.nullable and not field.optional
    for suffix, type_ in _SUFFIXES.items():
        if name.endswith(suffix):
            return type_, False
    return None


def read_errors(space: Space, scope: Scope, paths: Sequence[tree.Path], groups: Groups) -> tuple[QName, ...]:
    """What may stand after `!`, flat and in written order; an error that comes through two groups counts once."""
    flat: dict[QName, None] = {}
    written: dict[QName, Span] = {}
    for path in paths:
        found = space.names.error_symbol(scope, path)
        if found is None:
            continue
        if isinstance(found, Symbol) and found.kind not in ERROR_KINDS:
            space.report.add(NOT_AN_ERROR, path.span, name=path.text, kind=a(found.kind))
            continue
        if found.qname in written:
            space.report.add(
                DUPLICATE_MEMBER, path.span, name=path.text, related=[Related(written[found.qname], "the first one")]
            )
        written[found.qname] = path.span
        if isinstance(found, Error) or found.kind == "error":
            flat[found.qname] = None
        elif found.qname in groups:
            flat.update(dict.fromkeys(groups[found.qname].errors))
    return tuple(flat)


def build_webhook(space: Space, scope: Scope, node: tree.Webhook, groups: Groups) -> Webhook:
    notes = read_notes(space.report, (*node.brackets, *node.notes), "webhook")
    _check_snake(space, node.name, "the webhook")
    if not _is_route(node.route.value):
        space.report.add(WEBHOOK_ROUTE, node.route.span, route=node.route.value, name=to_snake(node.name.text))
    result, result_nullable = _result(space, scope, node.result)
    signed = notes.get("signed")
    arguments: dict[str, Json] = {}
    if signed is not None:
        arguments = {arg.name.text: json_of(arg.value) for arg in signed.args if arg.name is not None}
        plain = [json_of(arg.value) for arg in signed.args[1:] if arg.name is None]
        if plain:
            arguments["args"] = plain
    return Webhook(
        name=node.name.text,
        module=scope.module.name,
        span=node.name.span,
        route=node.route.value,
        result=result,
        result_nullable=result_nullable,
        errors=read_errors(space, scope, node.errors, groups),
        scheme=argument_text(signed.args[0]) if signed else None,
        signed=arguments,
        **common(notes, node.docs),
    )


def _is_route(route: str) -> bool:
    """`/a/b.c`: segments of unreserved URL characters, none empty, none `.` or `..`."""
    segments = route.split("/")
    return (
        len(segments) > 1
        and segments[0] == ""
        and all(
            segment.isascii() and segment.strip(".") != "" and all(sign.isalnum() or sign in "_-.~" for sign in segment)
            for segment in segments[1:]
        )
    )
