"""The code beside each method in the reference: curl, Python, TypeScript and the answer, coloured without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from codegen.runtime.reference.documents import Documents, Schema, without_null
from codegen.runtime.reference.methods import Example, Operation
from codegen.runtime.reference.text import primitive
from codegen.runtime.values.python_names import attribute_name, class_name, client_argument, client_method

Json = Any
_WIDTH = 58
_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*")|(?P<comment>(?:^|(?<=\s))(?:#|//) .*$)'
    r"|(?P<number>(?<![\w./:-])-?\d+(?:\.\d+|n)?\b(?![-.\w]))"
    r"|(?P<word>\b(?:await|class|const|curl|def|false|from|import|new|null|true|with|as|None|True|False)\b)",
    re.MULTILINE,
)


_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def coloured(text: str) -> Markup:
    """Escaped text with `<span>`s around keys, strings, numbers, words of the language and comments."""
    return Markup(_TOKEN.sub(_span, text.translate(_ESCAPES)))


def _span(match: re.Match[str]) -> str:
    return f'<span class="t-{match.lastgroup}">{match.group()}</span>'


@dataclass(frozen=True, slots=True)
class Snippets:
    """Of one method."""

    curl: Markup
    python: Markup
    typescript: Markup
    answer: Markup


@dataclass(frozen=True, slots=True)
class _Group:
    """Something in brackets: written on one line where it fits, else a line for each item."""

    opening: str
    items: tuple[tuple[str, _Node], ...]
    closing: str
    space: str = ""


_Node = _Group | str


def _written(node: _Node, indent: int = 0, used: int = 0) -> str:
    if isinstance(node, str):
        return node
    flat = _flat(node, _WIDTH - indent - used)
    if flat is not None:
        return flat
    pad = " " * (indent + 2)
    lines = [f"{pad}{prefix}{_written(item, indent + 2, len(prefix))}" for prefix, item in node.items]
    return f"{node.opening}\n" + ",\n".join(lines) + f"\n{' ' * indent}{node.closing}"


def _flat(node: _Node, room: int) -> str | None:
    """The node on one line; None where that is longer than `room`: it gives up at the first item that goes over."""
    if isinstance(node, str):
        return node if len(node) <= room else None
    if not node.items:
        return node.opening + node.closing
    room -= len(node.opening) + len(node.closing) + 2 * len(node.space)
    parts: list[str] = []
    for prefix, item in node.items:
        room -= len(prefix) + (2 if parts else 0)
        part = _flat(item, room)
        if part is None:
            return None
        room -= len(part)
        parts.append(prefix + part)
    return f"{node.opening}{node.space}{', '.join(parts)}{node.space}{node.closing}" if room >= 0 else None


class Code:
    """Writes snippets from examples."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def snippets(self, group: str, operation: Operation, example: Example) -> Snippets:
        """`group` is the attribute of a client that has the method."""
        call = f"client.{group}"
        answer = {"jsonrpc": "2.0", "id": 1, "result": example.result}
        return Snippets(
            coloured(self._curl(operation, example.params)),
            coloured(self._python(f"{call}.{client_method(operation.name)}", operation, example.params)),
            coloured(_written(self._typescript(f"{call}.{operation.name}", operation, example.params))),
            coloured(_written(_json(answer))),
        )

    def value(self, value: Json) -> Markup:
        """An example value, as JSON."""
        return coloured(_written(_json(value)))

    def _curl(self, operation: Operation, params: Mapping[str, Json]) -> str:
        request: dict[str, Json] = {"jsonrpc": "2.0", "id": 1, "method": operation.wire}
        if params:
            request["params"] = params
        body = _written(_json(request)).replace("'", "'\\''")
        auth = "" if operation.auth == "public" else '  -H "$AUTH" \\\n'
        return f'curl "$RPC_URL" \\\n{auth}  -H "Content-Type: application/json" \\\n  -d \'{body}\''

    def _python(self, call: str, operation: Operation, params: Mapping[str, Json]) -> str:
        """What must be given stands first, without its name."""
        items: list[tuple[str, _Node]] = []
        given = [param for param in operation.params if param["name"] in params]
        plain = [p for p in given if p.get("required") and p["name"] != operation.idempotent]
        for param in (*plain, *(param for param in given if param not in plain)):
            value = self._literal(param["schema"], params[param["name"]], record=operation.crud)
            items.append(("" if param in plain else f"{client_argument(param['name'])}=", value))
        return _written(_Group(f"{call}(", tuple(items), ")"))

    def _typescript(self, call: str, operation: Operation, params: Mapping[str, Json]) -> _Node:
        if not params:
            return f"await {call}()"
        schemas = {param["name"]: param["schema"] for param in operation.params}
        items = tuple((f"{_key(name)}: ", self._script(schemas[name], value)) for name, value in params.items())
        return _Group(f"await {call}({{", items, "})", " ")

    def _script(self, schema: Schema, value: Json) -> _Node:
        """A value as TypeScript has it: whole numbers of 64 bits are `bigint`."""
        schema, _ = without_null(self._documents.followed(schema))
        name = self._documents.target(schema)
        if name is not None and value is not None:
            schema = self._documents.types[name]
            if "discriminator" in schema:
                chosen = schema["discriminator"]
                return self._script({"$ref": chosen["mapping"][value[chosen["propertyName"]]]}, value)
        if isinstance(value, dict):
            fields, others = schema.get("properties", {}), schema.get("additionalProperties")
            inner = {key: fields.get(key, others if isinstance(others, dict) else {}) for key in value}
            items = tuple((f"{_key(key)}: ", self._script(inner[key], part)) for key, part in value.items())
            return _Group("{", items, "}", " ")
        if isinstance(value, list):
            return _Group("[", tuple(("", self._script(schema.get("items", {}), part)) for part in value), "]")
        whole = type(value) is int and primitive(schema).partition(" ")[0] in ("i64", "u64")
        return f"{value}n" if whole else _quoted(value)

    def _literal(self, schema: Schema, value: Json, *, record: bool = False) -> _Node:
        """A value as Python has it. `record`: a struct is a TypedDict rather than a model, as inputs of CRUD are."""
        if value is None:
            return "None"
        schema, _ = without_null(self._documents.followed(schema))
        name = self._documents.target(schema)
        if name is not None:
            return self._named(name, value, record)
        if isinstance(value, list):
            return _Group("[", tuple(("", self._literal(schema["items"], part)) for part in value), "]")
        inner = schema.get("additionalProperties")
        if isinstance(value, dict) and isinstance(inner, dict):
            return _Group("{", tuple((f"{_quoted(k)}: ", self._literal(inner, v)) for k, v in value.items()), "}")
        return _python_primitive(primitive(schema).partition(" ")[0], value)

    def _named(self, name: str, value: Json, record: bool) -> _Node:
        schema = self._documents.types[name]
        python = class_name(self._documents.declared.get(name, name).rpartition(".")[2])
        if "enum" in schema:
            return f"{python}({json.dumps(value)})"
        if "discriminator" in schema:
            chosen = schema["discriminator"]
            ref = chosen["mapping"][value[chosen["propertyName"]]]
            return self._literal({"$ref": ref}, value)
        if "properties" not in schema or not isinstance(value, dict):
            return self._literal({key: part for key, part in schema.items() if key != "description"}, value)
        own = ((field, part) for field, part in schema["properties"].items() if "const" not in part)
        fields = [(field, self._literal(part, value[field])) for field, part in own if field in value]
        if record:
            return _Group("{", tuple((f'"{field}": ', node) for field, node in fields), "}")
        return _Group(f"{python}(", tuple((f"{attribute_name(field)}=", node) for field, node in fields), ")")


def _python_primitive(name: str, value: Json) -> str:
    match name, value:
        case "money", str():
            return f"Money.parse({json.dumps(value)})"
        case "decimal", str():
            return f"Decimal({json.dumps(value)})"
        case "uuid", str():
            return f"UUID({json.dumps(value)})"
        case "otime" | "datetime", str():
            return f"datetime.fromisoformat({json.dumps(value)})"
        case "date", str():
            return f"date.fromisoformat({json.dumps(value)})"
        case "duration", str():
            return "timedelta(hours=1, minutes=30)"
        case "bytes", str():
            return f"b64decode({json.dumps(value)})"
        case "json", _:
            return repr(value)
    return repr(value) if isinstance(value, bool | int | float) else json.dumps(value, ensure_ascii=False)


def _json(value: Json) -> _Node:
    if isinstance(value, dict):
        return _Group("{", tuple((f"{_quoted(name)}: ", _json(part)) for name, part in value.items()), "}")
    if isinstance(value, list):
        return _Group("[", tuple(("", _json(part)) for part in value), "]")
    return _quoted(value)


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) else _quoted(name)


def _quoted(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
