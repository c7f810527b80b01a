"""What stands in `components` of the OpenRPC document: schemas that lean on each other, and examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from codegen.emit.calls.catalogue import Catalogue
from codegen.emit.openrpc.examples import Examples
from codegen.emit.schema.declarations import declaration_schema, definitions
from codegen.emit.schema.dialect import OPENRPC, Dialect, Schema, primitive_schema
from codegen.model.model import Json, Named, Primitive, QName, Ref, Type

_ANSWERED = ("default", "readOnly")
"""Keywords that a field has for those who send it; in an answer they say nothing."""
_SHORT = 60
"""Characters of an example that is not worth a name of its own."""


class Primitives:
    """Definitions of the primitives that take more room than a reference to them; `used` are those that were met."""

    def __init__(self) -> None:
        self.used: dict[str, Schema] = {}

    def leaf(self, type_: Primitive | Ref) -> Schema:
        schema = primitive_schema(type_)
        if isinstance(type_, Ref) or ("pattern" not in schema and "minimum" not in schema):
            return schema
        name = f"{type_.name}.{type_.currency}" if type_.currency else type_.name
        self.used[name] = schema
        return {"$ref": f"{OPENRPC.refs}{name}"}


class Schemas:
    """Of all types. A type of CRUD refers to the fields of its object where they are the same, and that is shorter."""

    def __init__(self, calls: Catalogue, dialect: Dialect) -> None:
        self._calls, self._dialect = calls, dialect
        self._fields: dict[QName, Mapping[str, Schema]] = {}

    def definitions(self) -> dict[str, Schema]:
        found = definitions(self._calls.program, self._dialect)
        for qname, root in self._calls.derived.items():
            own = found[self._calls.names[qname]]
            own["properties"] = self._derived(own["properties"], root, answered=qname.endswith("Listed"))
        return found

    def _derived(self, own: Mapping[str, Schema], root: QName, *, answered: bool) -> dict[str, Schema]:
        theirs = self._fields_of(root)
        return {
            name: self._shorter(schema, self._dialect.ref(root), name, theirs[name], answered)
            if name in theirs
            else schema
            for name, schema in own.items()
        }

    def _fields_of(self, root: QName) -> Mapping[str, Schema]:
        if root not in self._fields:
            struct = self._calls.program.struct(root)
            self._fields[root] = declaration_schema(self._calls.program, struct, self._dialect)["properties"]
        return self._fields[root]

    def _shorter(self, schema: Schema, ref: str, name: str, theirs: Schema, answered: bool) -> Schema:
        same = {key: value for key, value in theirs.items() if not answered or key not in _ANSWERED}
        pointer = {"$ref": f"{ref}/properties/{name}"}
        return pointer if same == schema and len(to_json(pointer)) < len(to_json(schema)) else schema


class SharedExamples:
    """Examples of params and results; one that is long stands in `components` once, for all methods that have it."""

    def __init__(self, calls: Catalogue) -> None:
        self.values = Examples(calls.program)
        self.kept: dict[str, dict[str, Any]] = {}
        self._names = calls.names

    def of(self, name: str, type_: Type | None, value: Json) -> dict[str, Any]:
        """An example object of that name, or a reference to it."""
        example = {"name": name, "value": value}
        if not isinstance(type_, Named) or len(to_json(value)) <= _SHORT:
            return example
        key = self._names[type_.target]
        if self.kept.setdefault(key, example) != example:
            return example
        return {"$ref": f"#/components/examples/{key}"}
