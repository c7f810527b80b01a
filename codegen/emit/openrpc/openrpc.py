"""Turn the checked model into `openrpc.json`: every method of the server as an OpenRPC 1.3 document.

What several methods have in common is said once and referred to: errors, parameters of CRUD, examples, primitives, and
the fields that inputs share with their object. What OpenRPC has a default for (`paramStructure`) or is false (`x-safe`)
is left out; the errors that all methods of a scope may answer stand in `x-usual-errors`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from codegen.emit.calls.catalogue import Catalogue, Section, catalogue
from codegen.emit.header import header
from codegen.emit.json_text import json_text
from codegen.emit.openrpc.components import Primitives, Schemas, SharedExamples
from codegen.emit.openrpc.methods import SHARED_PARAMS, Methods
from codegen.emit.output import Output
from codegen.emit.schema.declarations import object_schema
from codegen.emit.schema.dialect import OPENRPC, Dialect, Schema
from codegen.model.model import SCOPES, Error, Program

_INVALID_PARAMS: Schema = {
    "code": -32602,
    "message": "Invalid params",
    "data": {
        "type": "object",
        "required": ["errors"],
        "properties": {
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["path", "message", "rule"],
                    "properties": {
                        "path": {"type": "string", "description": "The wrong parameter, with dots: `data.name`."},
                        "message": {"type": "string"},
                        "rule": {"type": "string", "description": "A word for the rule that does not hold."},
                    },
                },
            },
            "count": {"type": "integer", "description": "How many there are, where not all of them are listed."},
        },
    },
}
_INTERNAL_ERROR: Schema = {
    "code": -32603,
    "message": "Internal error",
    "data": {
        "type": "object",
        "required": ["ref"],
        "properties": {"ref": {"type": "string", "description": "Stands in the server's log beside the cause."}},
    },
}
_PREDEFINED = {"rpc.InvalidParams": _INVALID_PARAMS, "rpc.InternalError": _INTERNAL_ERROR}
_DISCOVER: Schema = {
    "name": "rpc.discover",
    "summary": "This document, as far as the caller may use it.",
    "params": [],
    "x-auth": "public",
    "x-safe": True,
    "result": {
        "name": "document",
        "required": True,
        "schema": {
            "title": "OpenRPC document",
            "type": "object",
            "required": ["openrpc", "info", "methods"],
            "properties": {
                "openrpc": {"type": "string"},
                "info": {"type": "object"},
                "methods": {"type": "array", "items": {"type": "object"}},
                "components": {"type": "object"},
            },
        },
    },
}


def emit(program: Program) -> Iterable[Output]:
    sources = [file for module in program.modules for file in module.files]
    yield Output("openrpc.json", json_text({"x-generated": header(sources, "").strip(), **document(program)}))


def document(program: Program) -> dict[str, Any]:
    """The whole document; a server shows each caller the methods of its scope."""
    calls = catalogue(program)
    primitives = Primitives()
    dialect = replace(OPENRPC, rename=calls.names.__getitem__, leaf=primitives.leaf, named=True)
    examples = SharedExamples(calls)
    methods = Methods(calls, dialect, examples)
    written = [method for section in calls.sections for method in methods.section(section)]
    shared = {name: methods.param(param) for name, param in SHARED_PARAMS.items() if name in methods.shared}
    errors = {calls.names[error.qname]: _error(calls, error, dialect) for error in calls.program.errors.values()}
    schemas = Schemas(calls, dialect).definitions()
    predefined = [{"$ref": f"#/components/errors/{name}"} for name in _PREDEFINED]
    return {
        "openrpc": "1.3.2",
        "info": _info(program),
        "servers": [{"name": "server", "url": "http://localhost/rpc", "description": "Wherever this server listens."}],
        "methods": [*written, _DISCOVER],
        "x-usual-errors": {scope: [*methods.usual_errors(scope), *predefined] for scope in SCOPES},
        "components": {
            "schemas": {**dict(sorted(primitives.used.items())), **schemas},
            "contentDescriptors": shared,
            "errors": {**errors, **_PREDEFINED},
            "examples": examples.kept,
            "tags": {section.group.name: _tag(calls, section) for section in calls.sections},
        },
    }


def _info(program: Program) -> dict[str, str]:
    """Of the last module, which is the one that imports the others; the rest is named in the description."""
    usual = "Beside its own errors any method may answer those that `x-usual-errors` has for its scope."
    main = program.modules[-1] if program.modules else None
    if main is None:
        return {"title": "empty", "version": "1.0"}
    others = ", ".join(f"{module.name} {module.version}" for module in program.modules[:-1])
    description = f"With {others}. {usual}" if others else usual
    return {"title": main.name, "version": main.version, "description": description}


def _tag(calls: Catalogue, section: Section) -> dict[str, Any]:
    """The methods behind one prefix: what they are about, the object and the services that they belong to."""
    group = section.group
    tag: dict[str, Any] = {"name": group.name}
    if group.doc:
        tag["description"] = group.doc
    if group.root is not None:
        tag |= {"x-object": calls.names[group.root.qname], "x-crud": list(group.root.crud)}
    if group.services:
        tag["x-services"] = [f"{service.name} {service.version}" for service in group.services]
    return tag


def _error(calls: Catalogue, error: Error, dialect: Dialect) -> Schema:
    required = ["error", *(field.name for field in error.fields if not field.optional)]
    data = object_schema(calls.program, error.fields, required, dialect)
    data["properties"] = {"error": {"const": error.slug}, **data["properties"]}
    return {"code": error.code, "message": error.message, "data": data}
