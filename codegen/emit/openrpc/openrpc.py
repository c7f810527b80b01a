"""Turn the checked model into `openrpc.json`: every method of the server as an OpenRPC 1.3 document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import to_json

from codegen.emit.calls.operations import Catalogue, Operation, Section, catalogue
from codegen.emit.openrpc.examples import Examples, NoExample
from codegen.emit.output import Output
from codegen.emit.schema.schema import OPENRPC, Schema, definitions, object_schema, type_schema
from codegen.model.model import Error, Json, Member, Param, Program, QName

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
            }
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
_DISCOVER: Schema = {
    "name": "rpc.discover",
    "summary": "This document, as far as the caller may use it.",
    "params": [],
    "paramStructure": "either",
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
    yield Output("openrpc.json", to_json(document(program), indent=2).decode() + "\n")


def document(program: Program) -> dict[str, Any]:
    """The whole document; a server shows each caller the methods of its scope."""
    calls = catalogue(program)
    writer = _Writer(calls)
    methods = [method for section in calls.sections for method in writer.section(section)]
    return {
        "openrpc": "1.3.2",
        "info": _info(program),
        "servers": [{"name": "server", "url": "http://localhost/rpc", "description": "Wherever this server listens."}],
        "methods": [*methods, _DISCOVER],
        "components": {
            "schemas": definitions(calls.program, writer.dialect),
            "errors": {
                **{calls.names[error.qname]: writer.error(error) for error in calls.program.errors.values()},
                "rpc.InvalidParams": _INVALID_PARAMS,
                "rpc.InternalError": _INTERNAL_ERROR,
            },
            "tags": {section.group.name: _tag(section) for section in calls.sections},
        },
    }


def _info(program: Program) -> dict[str, str]:
    """Of the last module, which is the one that imports the others; the rest is named in the description."""
    main = program.modules[-1] if program.modules else None
    if main is None:
        return {"title": "empty", "version": "1.0"}
    others = ", ".join(f"{module.name} {module.version}" for module in program.modules[:-1])
    return {"title": main.name, "version": main.version, **({"description": f"With {others}."} if others else {})}


def _tag(section: Section) -> dict[str, str]:
    return {"name": section.group.name, **({"description": section.group.doc} if section.group.doc else {})}


class _Writer:
    def __init__(self, calls: Catalogue) -> None:
        self.names: Mapping[QName, str] = calls.names
        self.program = calls.program
        self.dialect = replace(OPENRPC, rename=calls.names.__getitem__)
        self.examples = Examples(calls.program)

    def section(self, section: Section) -> Iterable[dict[str, Any]]:
        tags = [{"$ref": f"#/components/tags/{section.group.name}"}]
        for operation in section.operations:
            yield {"name": operation.wire, "tags": tags, **self.method(operation)}

    def method(self, operation: Operation) -> dict[str, Any]:
        summary, _, rest = operation.doc.partition("\n")
        errors = [self.names[error.qname] for error in operation.errors]
        standard = ["rpc.InvalidParams"] * bool(operation.params) + ["rpc.InternalError"]
        found: dict[str, Any] = {
            **({"summary": summary} if summary else {}),
            **({"description": operation.doc} if rest.strip() else {}),
            "params": [
                {
                    "name": param.name,
                    **_doc(param),
                    "required": param.required,
                    "schema": self.param(param),
                    **({"deprecated": True} if param.deprecated else {}),
                    **_extensions(param.extensions),
                }
                for param in operation.params
            ],
            "result": self.result(operation),
            "errors": [{"$ref": f"#/components/errors/{name}"} for name in (*errors, *standard)],
            "paramStructure": "either",
            "x-auth": operation.auth,
            "x-safe": operation.safe,
        }
        if operation.idempotent:
            found["x-idempotent"] = operation.idempotent
        if operation.audit:
            found["x-audit"] = True
        if operation.since:
            found["x-since"] = operation.since
        if operation.deprecated:
            found["deprecated"] = True
            found["x-deprecated"] = operation.deprecated.reason
        example = self.example(operation)
        return {**found, **({"examples": [example]} if example else {}), **_extensions(operation.extensions)}

    def param(self, param: Param) -> Schema:
        """Without its doc, which stands beside the schema."""
        schema = type_schema(self.program, param.type, self.dialect, nullable=param.nullable)
        if param.default is None or param.default.now:
            return schema
        return {**({"allOf": [schema]} if "$ref" in schema else schema), "default": param.default.value}

    def result(self, operation: Operation) -> dict[str, Any]:
        schema: Schema = (
            {"type": "null"}
            if operation.result is None
            else type_schema(self.program, operation.result, self.dialect, nullable=operation.result_nullable)
        )
        return {"name": "result", "required": True, "schema": schema}

    def example(self, operation: Operation) -> dict[str, Any] | None:
        try:
            params = self.examples.params(operation.params)
            result = self.examples.result(operation.result, operation.result_nullable)
        except NoExample:
            return None
        return {
            "name": operation.name,
            "params": [{"name": name, "value": value} for name, value in params.items()],
            "result": {"name": "result", "value": result},
        }

    def error(self, error: Error) -> dict[str, Any]:
        data = object_schema(
            self.program, error.fields, ["error", *(f.name for f in error.fields if not f.optional)], self.dialect
        )
        data["properties"] = {"error": {"const": error.slug}, **data["properties"]}
        return {"code": error.code, "message": error.message, "data": data}


def _extensions(notes: Mapping[str, Json]) -> dict[str, Json]:
    """`x_rate_limit` is `x-rate-limit` here: OpenRPC asks for the dash."""
    return {name.replace("_", "-"): value for name, value in notes.items()}


def _doc(member: Member) -> dict[str, str]:
    return {"description": member.doc} if member.doc else {}
