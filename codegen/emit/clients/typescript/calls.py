"""The calls of a group, as a client offers them: `client.billing.plan_buy(…)`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from codegen.emit.calls.groups import SAFE_VERBS, Group
from codegen.emit.clients.typescript.declarations import Member, doc_of, member
from codegen.emit.clients.typescript.names import Types
from codegen.emit.clients.typescript.shapes import Shapes, members
from codegen.emit.schema.declarations import old_name
from codegen.model.model import CrudVerb, Method, Named, Struct


@dataclass(frozen=True, slots=True)
class Call:
    """`params` is the type of the parameters object, None where there are none; `wire`, `key`, `shape` are literals.

    `sent` is the shape of the parameters, where those have to be turned before they are sent.
    """

    name: str
    wire: str
    doc: str
    params: str | None
    required: bool
    result: str
    safe: bool
    key: str
    shape: str | None
    sent: str | None


@dataclass(frozen=True, slots=True)
class CallGroup:
    name: str
    doc: str
    calls: tuple[Call, ...]


def call_group(group: Group, types: Types, shapes: Shapes) -> CallGroup:
    crud = [_crud_call(group.root, verb, types, shapes) for verb in group.verbs if group.root is not None]
    methods = [_method_call(method, types, shapes) for method in group.methods]
    return CallGroup(group.identifier, group.doc, (*crud, *methods))


def _method_call(method: Method, types: Types, shapes: Shapes) -> Call:
    idempotent = method.idempotent
    given = [member(each, types, optional=not each.required or each.name == idempotent) for each in method.params]
    old = (f"`{param.name}`: {text}" for param in method.params if (text := old_name(param)))
    doc = "\n\n".join([doc_of(method), *old])
    if method.errors:
        doc += "\n\nThrows " + ", ".join(types.names[error] for error in method.errors) + "."
    return Call(
        method.name,
        json.dumps(method.wire),
        doc.strip(),
        _object(given),
        any(not each.optional for each in given),
        types.text(method.result, method.result_nullable) if method.result is not None else "null",
        method.safe,
        json.dumps(idempotent) if idempotent else "null",
        shapes.of(method.result) if method.result is not None else None,
        _sent({param.name: shapes.of(param.type) for param in method.params}, types),
    )


def _crud_call(root: Struct, verb: CrudVerb, types: Types, shapes: Shapes) -> Call:
    name = types.named(root)
    listed = types.names.derived(root.qname, "Listed") if any(field.sensitive for field in root.fields) else name
    given, patch, wanted = (types.names.derived(root.qname, suffix) for suffix in ("Input", "Patch", "Filter"))
    reason = "; reason?: string | null"
    more = reason if root.append_only else f"; rev?: {types.names.whole} | null{reason}"
    page = "{ limit?: number; cursor?: string | null }"
    one = shapes.of(Named(root.qname))
    many = members({"items": f"{{ each: {one} }}" if one else None})
    params, result, shape, doc = {
        "new": (f"{{ data: {given}{reason} }}", name, one, f"Store a new `{name}`."),
        "get": ("{ sid: string }", name, one, "The object with this sid."),
        "set": (f"{{ data: {given}{more} }}", name, one, "Replace an object, or store it where its sid is new."),
        "patch": (
            f"{{ sid: string; data: {patch}{more} }}",
            name,
            one,
            "Change some fields; what is absent stays.",
        ),
        "delete": (f"{{ sid: string{reason} }}", "null", None, "Remove the object."),
        "list": (page, types.page("string"), None, "The sids, a page at a time."),
        "list_full": (page, types.page(listed), many, "The objects, a page at a time."),
        "exists": ("{ sid: string }", "boolean", None, "Whether there is an object with this sid."),
        "find": (
            f"{{ filter: {wanted}; limit?: number; cursor?: string | null }}",
            types.page(listed),
            many,
            "The objects whose indexed fields have these values.",
        ),
    }[verb]
    return Call(
        verb,
        json.dumps(f"{root.wire}.{verb}"),
        doc,
        params,
        verb not in ("list", "list_full"),
        result,
        verb in SAFE_VERBS,
        "null",
        shape,
        _sent({"data": one, "rev": '"bigint"'} if verb in ("new", "set", "patch") else {"filter": one}, types),
    )


def _sent(of: Mapping[str, str | None], types: Types) -> str | None:
    """The shape of parameters; None where they are sent as they are given."""
    return members(of) if types.names.whole == "string" else None


def _object(given: list[Member]) -> str | None:
    if not given:
        return None
    return "{ " + "; ".join(f"{each.name}{'?' if each.optional else ''}: {each.type}" for each in given) + " }"
