"""The code beside each method in the reference: curl, Python, TypeScript and the answer, coloured without a script."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from markupsafe import Markup

from codegen.emit.calls.catalogue import Catalogue, Section
from codegen.emit.calls.operation import Operation
from codegen.emit.clients.python.python_client import client_argument, client_method
from codegen.emit.openrpc.examples import Examples
from codegen.emit.openrpc.scalars import NoExample
from codegen.emit.plugins.plugins import default_text
from codegen.emit.python.names import attribute_name, class_name
from codegen.model.model import Alias, Enum, Json, ListOf, MapOf, Named, Nullable, Param, Primitive, Struct, Type, Union

_WIDTH = 58
_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*")|(?P<comment>(?:^|(?<=\s))(?:#|//) .*$)'
    r"|(?P<number>(?<![\w./:-])-?\d+(?:\.\d+)?\b(?![-.\w]))"
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
    flat = _flat(node)
    if not node.items or len(flat) + indent + used <= _WIDTH:
        return flat
    pad = " " * (indent + 2)
    lines = [f"{pad}{prefix}{_written(item, indent + 2, len(prefix))}" for prefix, item in node.items]
    return f"{node.opening}\n" + ",\n".join(lines) + f"\n{' ' * indent}{node.closing}"


def _flat(node: _Node) -> str:
    if isinstance(node, str):
        return node
    inner = ", ".join(prefix + _flat(item) for prefix, item in node.items)
    return f"{node.opening}{node.space}{inner}{node.space}{node.closing}" if inner else node.opening + node.closing


class Code:
    """Writes snippets from the examples of a catalogue."""

    def __init__(self, calls: Catalogue) -> None:
        self._program = calls.program
        self._examples = Examples(calls.program)
        self._answers: dict[tuple[Type | None, bool], Markup] = {}

    def snippets(self, section: Section, operation: Operation) -> Snippets | None:
        try:
            params = self._examples.params(operation.params)
            result = self._examples.result(operation.result, operation.result_nullable)
        except NoExample:
            return None
        group = f"client.{section.group.identifier}"
        return Snippets(
            coloured(self._curl(operation, params)),
            coloured(self._python(f"{group}.{client_method(operation.name)}", operation, params)),
            coloured(_written(_typescript(f"{group}.{operation.name}", params))),
            self._answer((operation.result, operation.result_nullable), result),
        )

    def value(self, type_: Type) -> Markup | None:
        """An example value, as JSON."""
        try:
            return coloured(_written(_json(self._examples.result(type_))))
        except NoExample:
            return None

    def _curl(self, operation: Operation, params: dict[str, Json]) -> str:
        request: dict[str, Json] = {"jsonrpc": "2.0", "id": 1, "method": operation.wire}
        if params:
            request["params"] = params
        body = _written(_json(request)).replace("'", "'\\''")
        auth = "" if operation.auth == "public" else '  -H "$AUTH" \\\n'
        return f'curl "$RPC_URL" \\\n{auth}  -H "Content-Type: application/json" \\\n  -d \'{body}\''

    def _answer(self, of: tuple[Type | None, bool], result: Json) -> Markup:
        if of not in self._answers:  # the methods of one root object mostly answer the same
            self._answers[of] = coloured(_written(_json({"jsonrpc": "2.0", "id": 1, "result": result})))
        return self._answers[of]

    def _python(self, call: str, operation: Operation, params: dict[str, Json]) -> str:
        items: list[tuple[str, _Node]] = []
        given = [param for param in operation.params if param.name in params]
        plain = [param for param in given if not _by_name(operation, param, default_text(self._program, param))]
        for param in (*plain, *(param for param in given if param not in plain)):
            value = self._literal(param.type, params[param.name], record=operation.verb is not None)
            items.append(("" if param in plain else f"{client_argument(param.name)}=", value))
        return _written(_Group(f"{call}(", tuple(items), ")"))

    def _literal(self, type_: Type, value: Json, *, record: bool = False) -> _Node:
        """A value as Python has it. `record`: a struct is a TypedDict rather than a model, as inputs of CRUD are."""
        if value is None:
            return "None"
        match type_:
            case Nullable(inner):
                return self._literal(inner, value)
            case ListOf(item) if isinstance(value, list):
                return _Group("[", tuple(("", self._literal(item, part)) for part in value), "]")
            case MapOf(_, item) if isinstance(value, dict):
                return _Group("{", tuple((f"{json.dumps(k)}: ", self._literal(item, v)) for k, v in value.items()), "}")
            case Named(target):
                declared = self._program.types[target]
                if isinstance(declared, Alias):
                    return self._literal(declared.type, value)
                if isinstance(declared, Enum) and not declared.open:
                    return f"{class_name(declared.name)}({json.dumps(value)})"
                if isinstance(declared, Union) and isinstance(value, dict):
                    tag = value[declared.tag]
                    members = zip(declared.members, declared.tags, strict=True)
                    declared = next(self._program.struct(name) for name, own in members if own == tag)
                if isinstance(declared, Struct) and isinstance(value, dict):
                    return self._struct(declared, value, record)
        return _python_primitive(type_, value) if isinstance(type_, Primitive) else json.dumps(value)

    def _struct(self, struct: Struct, value: dict[str, Json], record: bool) -> _Node:
        fields = [(f.name, self._literal(f.type, value[f.name])) for f in struct.fields if f.name in value]
        if record:
            return _Group("{", tuple((f'"{name}": ', node) for name, node in fields), "}")
        return _Group(f"{class_name(struct.name)}(", tuple((f"{attribute_name(n)}=", node) for n, node in fields), ")")


def _by_name(operation: Operation, param: Param, default: str | None) -> bool:
    """Whether the Python client takes a parameter by name only."""
    return not param.required or param.name == operation.idempotent or default is not None


def _python_primitive(type_: Primitive, value: Json) -> str:
    match type_.name, value:
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


def _javascript(value: Json) -> _Node:
    if isinstance(value, dict):
        return _Group("{", tuple((f"{_key(name)}: ", _javascript(part)) for name, part in value.items()), "}", " ")
    if isinstance(value, list):
        return _Group("[", tuple(("", _javascript(part)) for part in value), "]")
    return _quoted(value)


def _typescript(call: str, params: dict[str, Json]) -> _Node:
    if not params:
        return f"await {call}()"
    items = tuple((f"{_key(name)}: ", _javascript(value)) for name, value in params.items())
    return _Group(f"await {call}({{", items, "})", " ")


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) else _quoted(name)


def _quoted(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
