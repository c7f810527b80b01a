"""How the pages write types, constraints and doc lines, with links to where each type stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markupsafe import Markup, escape

from codegen.runtime.reference.documents import Documents, Schema, without_null
from codegen.runtime.values.types import BASE64_PATTERN, OTIME_PATTERN, SID_PATTERN

_OLD = '<span class="badge old">deprecated</span>'
_CODE = re.compile(r"`([^`\n]+)`")
_INTEGERS: Mapping[tuple[int, int], str] = {
    **{(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1): f"i{bits}" for bits in (8, 16, 32, 64)},
    **{(0, 2**bits - 1): f"u{bits}" for bits in (8, 16, 32, 64)},
}
_LOWEST = {low for low, _ in _INTEGERS if low < 0}
_HIGHEST = {high for _, high in _INTEGERS}
_PATTERNS = {SID_PATTERN: "sid", OTIME_PATTERN: "otime", BASE64_PATTERN: "bytes"}
"""Patterns that a type brings along, and that say nothing more than its name does."""
_FORMATS = {"decimal": "decimal", "date": "date", "duration": "duration", "uuid": "uuid", "money": "money"}
CRUD_PAGE = "types-crud.html"
"""The page of the types that only CRUD has."""


class Text:
    """Writes HTML; links lead from one page of the reference to another, which all stand in one folder."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._errors = {error["slug"]: error for error in documents.errors.values()}
        self._error_links = {name: f"errors.html#{error['slug']}" for name, error in documents.errors.items()}

    # --- types ------------------------------------------------------------------------------------------------

    def type(self, schema: Schema, *, optional: bool = False) -> Markup:
        """What a value looks like; of an optional one it goes without saying that it may be null."""
        if schema.get("type") == "null":
            return Markup('<span class="type plain">null</span>')
        inner, nullable = without_null(self._documents.followed(schema))
        return Markup(self._type(inner) + " or null" * (nullable and not optional))

    def _type(self, schema: Schema) -> str:
        """Names of a schema are letters, digits and underscores: nothing to escape."""
        name = self._documents.target(schema)
        if name is not None:
            return self.link(name)
        if "x-ref" in schema:
            return f"sid of {self.link(self._documents.name(schema['x-ref']))}"
        match schema.get("type"):
            case "array":
                return f"list of {self.type(schema['items'])}"
            case "object" if isinstance(schema.get("additionalProperties"), dict):
                return f"map of {self._key(schema)} to {self.type(schema['additionalProperties'])}"
        return f'<a class="type plain" href="index.html#values">{primitive(schema)}</a>'

    def _key(self, schema: Schema) -> str:
        names = schema.get("propertyNames", {"type": "string"})
        return self._type({"type": "integer"} if "type" not in names and "pattern" in names else names)

    def link(self, name: str) -> Markup:
        """To the type of that name; to the table of values for a primitive."""
        if name[:1].islower() and name not in self._documents.declared:
            return Markup(f'<a class="type plain" href="index.html#values">{name.replace(".", " ")}</a>')
        return Markup(f'<a class="type" href="{self.page_of(name)}#{name}">{name}</a>')

    def page_of(self, name: str) -> str:
        module = self._documents.module_of(name)
        return f"types-{module}.html" if module is not None else CRUD_PAGE

    # --- texts ------------------------------------------------------------------------------------------------

    def doc(self, text: str | None) -> Markup:
        """Paragraphs, with `names` as code; a name of a type or an error becomes a link."""
        parts = re.split(r"\n\s*\n", text) if text else ()
        return Markup("\n".join(f"<p>{self.line(part)}</p>" for part in parts if part.strip()))

    def line(self, text: str) -> Markup:
        parts = _CODE.split(str(escape(text.replace("\n", " "))))
        return Markup("".join(self._code(part) if at % 2 else part for at, part in enumerate(parts)))

    def _code(self, name: str) -> str:
        """`name` is escaped already; one that needs it is no type's."""
        known = name[:1].isupper() and (name in self._documents.types or name in self._documents.declared)
        link = f"{self.page_of(name)}#{name}" if known else self._error_links.get(name)
        return f'<a href="{link}"><code>{name}</code></a>' if link else f"<code>{name}</code>"

    # --- members ----------------------------------------------------------------------------------------------

    def fields(self, schema: Schema) -> Markup:
        """The fields of a struct, an event or an error."""
        required = schema.get("required", ())
        return self._list(self._member(name, part, name in required) for name, part in own_fields(schema))

    def params(self, params: Iterable[Schema]) -> Markup:
        """Parameters: which must be given, and the fields of those that are structs."""
        return self._list(
            self._member(
                param["name"],
                {**param["schema"], **{k: param[k] for k in ("description", "deprecated") if k in param}},
                param.get("required", False),
                given=True,
                nested=True,
            )
            for param in params
        )

    def _list(self, members: Iterable[str]) -> Markup:
        return Markup(f'<ul class="members">{"".join(members)}</ul>')

    def _member(self, name: str, schema: Schema, required: bool, *, given: bool = False, nested: bool = False) -> str:
        """`given`: say that it must be, in input; `nested`: with the fields of a struct."""
        schema = self._documents.followed(schema)
        optional = not required and "default" not in schema and "x-default" not in schema
        head = f'<code class="name">{name}</code> <span class="of">{self.type(schema, optional=optional)}</span>'
        if given and required:
            head += ' <span class="must">required</span>'
        elif optional:
            head += ' <span class="may">optional</span>'
        old = f" {_OLD}" if schema.get("deprecated") else ""
        parts = [f'<p class="member">{head}{old}</p>', str(self.doc(self._about(schema)))]
        if rules := list(self.rules(schema)):
            parts.append(f'<p class="rules">{"".join(f"<span>{escape(rule)}</span>" for rule in rules)}</p>')
        if nested and (inner := self._struct(schema)) is not None and (members := own_fields(inner)):
            need = inner.get("required", ())
            listed = self._list(self._member(field, part, field in need, given=True) for field, part in members)
            count = f"{len(members)} field{'s' * (len(members) != 1)}"
            parts.append(f'<details class="inner"><summary>{count}</summary>{listed}</details>')
        return f"<li>{''.join(parts)}</li>"

    def _about(self, schema: Schema) -> str | None:
        """Its doc, or that of its type where it has none and the type is but a name for another."""
        if "description" in schema:
            text: str = schema["description"]
            return text
        name = self._documents.target(without_null(schema)[0])
        declared = self._documents.types[name] if name is not None else {}
        return None if "properties" in declared or "oneOf" in declared else declared.get("description")

    def _struct(self, schema: Schema) -> Schema | None:
        """The struct that a value is, or that its items are."""
        *_, last = self._documents.chain(schema)
        last, _ = without_null(last)
        if last.get("type") == "array":
            *_, last = self._documents.chain(last["items"])
        return last if "properties" in last else None

    def rules(self, schema: Schema) -> Iterator[str]:
        """What else holds for a value, in a few words each."""
        for part in self._documents.chain(schema):
            inner, _ = without_null(part)
            yield from limits(inner)
            known = inner.get("enum") or inner.get("x-enum-open")
            if known:
                yield " | ".join([*known[:8], *["…"] * (len(known) > 8 or "x-enum-open" in inner)])
        flags = {
            "x-unique": "unique",
            "x-immutable": "immutable",
            "x-sensitive": "sensitive",
            "x-computed": "computed",
            "x-set-once": "set once",
            "x-index": "indexed",
        }
        yield from (word for key, word in flags.items() if schema.get(key))
        if schema.get("readOnly") and not schema.get("x-computed"):
            yield "set by the server"
        if "default" in schema or "x-default" in schema:
            yield f"default {schema['x-default'] if 'x-default' in schema else default(schema['default'])}"

    # --- errors -----------------------------------------------------------------------------------------------

    def errors(self, names: Iterable[str]) -> Markup:
        return Markup(f'<ul class="errors">{"".join(map(self._error, names))}</ul>')

    def _error(self, name: str) -> str:
        error = self._documents.errors[name]
        return (
            f'<li><span class="number">{error["code"]}</span> <a href="errors.html#{error["slug"]}"><code>'
            f'{error["slug"]}</code></a> <span class="message">{escape(error["message"])}</span> '
            f'<span class="status">HTTP {error["status"]}</span></li>'
        )

    def error_link(self, name: str) -> Markup:
        error = self._documents.errors[name]
        return Markup('<a href="errors.html#{0}"><code>{0}</code></a> <span class="of">{1}</span>').format(
            error["slug"], error["message"]
        )


def own_fields(schema: Schema) -> list[tuple[str, Schema]]:
    """The fields of a struct without the tag of a union and the word of an error."""
    return [(name, part) for name, part in schema.get("properties", {}).items() if "const" not in part]


def primitive(schema: Schema) -> str:
    """The name of a basic type in the schema language."""
    kind, form = schema.get("type"), schema.get("format")
    if kind == "string":
        if form == "date-time":
            return "otime" if schema.get("pattern") == OTIME_PATTERN else "datetime"
        if schema.get("contentEncoding") == "base64":
            return "bytes"
        name = _FORMATS.get(str(form)) or _PATTERNS.get(schema.get("pattern", ""), "str")
        return f"{name} {schema['x-currency']}" if "x-currency" in schema else name
    if kind == "integer":
        named = {"int64": "i64", "uint64": "u64"}.get(str(form), "integer")
        return _INTEGERS.get((schema.get("minimum", 0), schema.get("maximum", 0)), named)
    return {"boolean": "bool", "number": "number", "null": "null"}.get(str(kind), "json")


def limits(schema: Schema) -> Iterator[str]:
    """The constraints that a type does not have by itself."""
    low, high = schema.get("minimum", schema.get("x-minimum")), schema.get("maximum", schema.get("x-maximum"))
    if schema.get("type") == "integer":
        if (low, high) in _INTEGERS:
            low = high = None
        low, high = None if low in _LOWEST else low, None if high in _HIGHEST else high
    if schema.get("type") == "number" and isinstance(high, float) and high > 3.4e38:
        low = high = None
    if low is not None and high is not None:
        yield f"{low} to {high}"
    elif low is not None:
        yield f"at least {low}"
    elif high is not None:
        yield f"at most {high}"
    if schema.get("contentEncoding") != "base64":
        yield from _lengths(schema)
    pattern = schema.get("pattern")
    if pattern is not None and "format" not in schema and pattern not in _PATTERNS:
        yield f"matches {_inside(pattern)}"


def _lengths(schema: Schema) -> Iterator[str]:
    for noun in ("Length", "Items", "Properties"):
        short, long = schema.get(f"min{noun}"), schema.get(f"max{noun}")
        if short is not None and long is not None:
            yield f"length {short} to {long}" if short != long else f"length {short}"
        elif short is not None:
            yield f"length at least {short}"
        elif long is not None:
            yield f"length at most {long}"


def _inside(pattern: str) -> str:
    """Without the anchors that every pattern has in JSON Schema."""
    for start, end in (("^(?:", ")$"), ("^", "$")):
        if pattern.startswith(start) and pattern.endswith(end):
            return pattern[len(start) : len(pattern) - len(end)]
    return pattern


def default(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
