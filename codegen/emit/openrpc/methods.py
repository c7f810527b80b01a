"""The methods of the OpenRPC document."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from codegen.emit.calls.catalogue import Catalogue, Section
from codegen.emit.calls.crud import CURSOR, LIMIT, REASON, REV
from codegen.emit.calls.operation import Operation, usual_errors
from codegen.emit.openrpc.components import SharedExamples
from codegen.emit.openrpc.scalars import NoExample
from codegen.emit.schema.declarations import description
from codegen.emit.schema.dialect import Dialect, Schema
from codegen.emit.schema.types import type_schema
from codegen.model.model import CrudVerb, Error, Json, Param, Primitive, Scope

_SID = Param(name="sid", type=Primitive("sid"), doc="Of the object.")
SHARED_PARAMS: Mapping[str, Param] = {param.name: param for param in (_SID, LIMIT, CURSOR, REV, REASON)}
"""The parameters that CRUD has everywhere."""


class Methods:
    """Writes methods. `shared` are the names of the shared parameters that were used."""

    def __init__(self, calls: Catalogue, dialect: Dialect, examples: SharedExamples) -> None:
        self._calls, self._dialect, self._examples = calls, dialect, examples
        self.shared: set[str] = set()

    def section(self, section: Section) -> Iterator[dict[str, Any]]:
        tags = [{"$ref": f"#/components/tags/{section.group.name}"}]
        telling = _telling(section.group.verbs)
        for operation in section.operations:
            yield {"name": operation.wire, "tags": tags, **self._method(operation, telling)}

    def _method(self, operation: Operation, telling: Collection[CrudVerb]) -> dict[str, Any]:
        summary, _, rest = operation.doc.partition("\n")
        found: dict[str, Any] = {
            **({"summary": summary} if summary else {}),
            **({"description": operation.doc} if rest.strip() else {}),
            "params": [self._param(operation, param) for param in operation.params],
            "result": {"name": "result", "schema": self._result(operation)},
            "errors": [self._error(error) for error in operation.errors if error not in usual_errors(operation.auth)],
            "x-auth": operation.auth,
            **({"x-safe": True} if operation.safe else {}),
            **({"x-idempotent": operation.idempotent} if operation.idempotent else {}),
            **({"x-audit": True} if operation.audit else {}),
            **({"x-since": operation.since} if operation.since else {}),
        }
        if operation.deprecated:
            found["deprecated"] = True
            found["x-deprecated"] = operation.deprecated.reason
        example = self._example(operation, telling)
        return {**found, **({"examples": [example]} if example else {}), **_extensions(operation.extensions)}

    def usual_errors(self, auth: Scope) -> list[dict[str, str]]:
        """Of the methods of a scope: what they do not repeat."""
        return [self._error(error) for error in usual_errors(auth)]

    def _error(self, error: Error) -> dict[str, str]:
        return {"$ref": f"#/components/errors/{self._calls.names[error.qname]}"}

    def _param(self, operation: Operation, param: Param) -> dict[str, Any]:
        if operation.verb is not None and param.name in SHARED_PARAMS:
            self.shared.add(param.name)
            return {"$ref": f"#/components/contentDescriptors/{param.name}"}
        return self.param(param)

    def param(self, param: Param) -> dict[str, Any]:
        """A parameter; its doc stands beside its schema."""
        schema = type_schema(self._calls.program, param.type, self._dialect, nullable=param.nullable)
        if param.default is not None and not param.default.now:
            schema = {**({"allOf": [schema]} if "$ref" in schema else schema), "default": param.default.value}
        return {
            "name": param.name,
            **({"description": text} if (text := description(param)) else {}),
            **({"required": True} if param.required else {}),
            "schema": schema,
            **({"deprecated": True} if param.deprecated else {}),
            **({"x-was": param.was} if param.was else {}),
            **_extensions(param.extensions),
        }

    def _result(self, operation: Operation) -> Schema:
        if operation.result is None:
            return {"type": "null"}
        return type_schema(self._calls.program, operation.result, self._dialect, nullable=operation.result_nullable)

    def _example(self, operation: Operation, telling: Collection[CrudVerb]) -> dict[str, Any] | None:
        """None where no value is found. Of CRUD one example of an object, an input and a patch says all."""
        if operation.verb is not None and operation.verb not in telling:
            return None
        try:
            # Most callers are no operators, whose reason would be refused.
            params = self._examples.values.params([param for param in operation.params if param is not REASON])
            result = self._examples.values.result(operation.result, operation.result_nullable)
        except NoExample:
            return None
        types = {param.name: param.type for param in operation.params}
        return {
            "name": operation.name,
            "params": [self._examples.of(name, types[name], value) for name, value in params.items()],
            "result": self._examples.of("result", operation.result, result),
        }


def _telling(verbs: Sequence[CrudVerb]) -> Collection[CrudVerb]:
    """The verbs whose examples are given; those of the others follow from them."""
    telling = [verb for verb in verbs if verb in ("get", "new", "patch") or (verb == "set" and "new" not in verbs)]
    return telling or verbs


def _extensions(notes: Mapping[str, Json]) -> dict[str, Json]:
    """`x_rate_limit` is `x-rate-limit` here: OpenRPC asks for the dash."""
    return {name.replace("_", "-"): value for name, value in notes.items()}
