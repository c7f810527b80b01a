"""The two generated documents as one set of named types, whatever dialect of JSON Schema each is written in.

`openrpc.json` names a type `User` and refers to `#/components/schemas/User`, `schema.json` names it `shop.User` and
refers to `#/$defs/shop.User`. Here a type goes by the name that OpenRPC has for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Schema = Mapping[str, Any]

_COMPONENTS, _DEFINITIONS = "#/components/schemas/", "#/$defs/"


@dataclass(frozen=True)
class Documents:
    """`openrpc` is the complete document, `schema` the JSON Schema beside it."""

    openrpc: Mapping[str, Any]
    schema: Mapping[str, Any]

    @cached_property
    def declared(self) -> Mapping[str, str]:
        """Name of a declared type, group of errors or event → its qualified name."""
        return {self.name(qname): qname for qname in (*self.schema["$defs"], *self.schema["x-error-groups"])}

    def name(self, qname: str) -> str:
        """The name of a declared type, event or error."""
        found: str = self.schema.get("x-names", {}).get(qname) or qname.partition(".")[2]
        return found

    @cached_property
    def types(self) -> Mapping[str, Schema]:
        """Every type and event by name: those that are declared as `schema.json` has them, those of CRUD as OpenRPC."""
        components: Mapping[str, Schema] = self.openrpc["components"]["schemas"]
        return {**components, **{self.name(qname): schema for qname, schema in self.schema["$defs"].items()}}

    @cached_property
    def errors(self) -> Mapping[str, Schema]:
        """Declared and predeclared errors by the names that OpenRPC has for them."""
        return {self.name(qname): error for qname, error in self.schema["x-errors"].items()}

    def module_of(self, name: str) -> str | None:
        """The module that declares a type; None for the types that only CRUD has."""
        qname = self.declared.get(name)
        return None if qname is None else qname.partition(".")[0]

    def target(self, schema: Schema) -> str | None:
        """The name of the type that a schema stands for: a reference, alone or with something said beside it."""
        ref = schema.get("$ref")
        if ref is None:
            parts = schema.get("allOf", ())
            ref = parts[0].get("$ref") if len(parts) == 1 else None
        if ref is None or "/properties/" in ref:
            return None
        name = ref.removeprefix(_COMPONENTS)
        return name if name != ref else self.name(ref.removeprefix(_DEFINITIONS))

    def followed(self, schema: Schema) -> Schema:
        """The schema itself, or the field of another type that it refers to."""
        ref = schema.get("$ref", "")
        if "/properties/" not in ref:
            return schema
        name, _, field = ref.removeprefix(_COMPONENTS).partition("/properties/")
        found: Schema = self.types[name]["properties"][field]
        return found

    def chain(self, schema: Schema) -> Iterator[Schema]:
        """The schema, then what it refers to, down to one that refers to no other."""
        schema = self.followed(schema)
        yield schema
        while (name := self.target(without_null(schema)[0])) is not None:
            schema = self.types[name]
            yield schema

    def resolve(self, part: Schema) -> Schema:
        """What a reference within the OpenRPC document leads to; anything else itself."""
        while "$ref" in part:
            found: Any = self.openrpc
            for key in part["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            part = found
        return part


def without_null(schema: Schema) -> tuple[Schema, bool]:
    """The schema of the value itself, and whether null may stand in its place."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return {**schema, "type": kinds[0]}, True
    either = schema.get("anyOf")
    if either and len(either) == 2 and either[1] == {"type": "null"}:
        said = {key: value for key, value in schema.items() if key != "anyOf"}
        inner: Schema = either[0]
        return ({**inner, **said} if "$ref" not in inner else {"allOf": [inner], **said}), True
    return schema, False
