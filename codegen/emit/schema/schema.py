"""JSON Schema 2020-12 of every type and event, and what else the schemas declare (`schema.json`).

A definition is named by its qualified name (`shop.User`) and describes an object as it is read: fields that the
server fills are there. Beyond the standard: `x-ref` (the root object a sid refers to), `x-currency`, `x-enum-open`
(known values of an open enum), `x-minimum` and `x-maximum` (bounds of values that travel as text), `x-sensitive`,
`x-immutable` and other notes on storage, and each `x_*` note with dashes. `x-modules`, `x-events`, `x-errors`,
`x-error-groups`, `x-webhooks` and `x-interfaces` hold what is no type, `x-names` the names that OpenRPC has for types
whose own name is not unique; with `openrpc.json` they are all that the
reference pages are made from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from codegen.emit.calls.catalogue import catalogue
from codegen.emit.header import header
from codegen.emit.json_text import json_text
from codegen.emit.output import Output
from codegen.emit.schema.declarations import definitions, description, field_schema
from codegen.emit.schema.dialect import Schema
from codegen.emit.schema.types import type_schema
from codegen.model.model import (
    Error,
    ErrorGroup,
    Interface,
    Member,
    Method,
    Param,
    Program,
    Type,
    Webhook,
)


def emit(program: Program) -> Iterable[Output]:
    yield Output("schema.json", json_text(document(program)))


def document(program: Program) -> dict[str, Any]:
    """The whole document. Errors go by their qualified names, predeclared ones as `runtime.NotFound`."""
    modules = program.modules
    sources = [file for module in modules for file in module.files]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": header(sources, "").strip(),
        "$defs": definitions(program),
        **({"x-names": renamed} if (renamed := _renamed(program)) else {}),
        "x-modules": {module.name: module.version for module in modules},
        "x-events": [event.qname for module in modules for event in module.events],
        "x-errors": {error.qname: _error(program, error) for error in program.errors.values()},
        "x-error-groups": {
            group.qname: {**_said(group), "errors": list(group.errors)}
            for group in program.types.values()
            if isinstance(group, ErrorGroup)
        },
        "x-webhooks": [_webhook(program, webhook) for module in modules for webhook in module.webhooks],
        "x-interfaces": [_interface(program, each) for module in modules for each in module.interfaces],
    }


def _renamed(program: Program) -> dict[str, str]:
    """The names that OpenRPC has for types, events and errors, where they are not their own."""
    events = (event.qname for module in program.modules for event in module.events)
    declared = {*program.types, *program.errors, *events}
    names = catalogue(program).names.items()
    return {qname: name for qname, name in names if qname in declared and name != qname.partition(".")[2]}


def _said(member: Member) -> Schema:
    """What is said about a thing that has no schema of its own."""
    text = description(member)
    return {
        **({"description": text} if text else {}),
        **({"deprecated": True} if member.deprecated else {}),
        **({"since": member.since} if member.since else {}),
    }


def _error(program: Program, error: Error) -> Schema:
    return {
        "code": error.code,
        "slug": error.slug,
        "status": error.status,
        "message": error.message,
        **_said(error),
        **({"data": {field.name: field_schema(program, field) for field in error.fields}} if error.fields else {}),
        **({"required": [field.name for field in error.fields if not field.optional]} if error.fields else {}),
    }


def _result(program: Program, result: Type | None, nullable: bool) -> Schema:
    return {} if result is None else {"result": type_schema(program, result, nullable=nullable)}


def _webhook(program: Program, webhook: Webhook) -> Schema:
    return {
        "name": webhook.name,
        "path": webhook.route,
        **_said(webhook),
        **({"signed": {"scheme": webhook.scheme, **webhook.signed}} if webhook.scheme else {}),
        **_result(program, webhook.result, webhook.result_nullable),
        "errors": list(webhook.errors),
    }


def _interface(program: Program, interface: Interface) -> Schema:
    return {
        "name": interface.name,
        "module": interface.module,
        **_said(interface),
        "methods": [_method(program, method) for method in interface.methods],
    }


def _method(program: Program, method: Method) -> Schema:
    return {
        "name": method.name,
        **_said(method),
        "params": [_param(program, param) for param in method.params],
        **_result(program, method.result, method.result_nullable),
        "errors": list(method.errors),
    }


def _param(program: Program, param: Param) -> Schema:
    return {
        "name": param.name,
        **({"required": True} if param.required else {}),
        "schema": field_schema(program, param),
    }
