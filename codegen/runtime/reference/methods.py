"""The methods of the OpenRPC document in the groups that they are shown in, and an example of each.

CRUD has examples of `get`, `new` and `patch` only; those of the other verbs follow from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codegen.runtime.reference.documents import Documents, Schema
from codegen.runtime.values.python_names import group_name

Json = Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One method. `params` are its parameters, `result` is the schema of its result, `errors` are names.

    `crud`: it is a verb of a stored object; `name` is the last word of `wire`.
    """

    wire: str
    name: str
    doc: str
    params: Sequence[Schema]
    result: Schema
    errors: Sequence[str]
    auth: str
    safe: bool
    idempotent: str | None
    audit: bool
    since: str | None
    deprecated: bool
    crud: bool


@dataclass(frozen=True, slots=True)
class Example:
    params: Mapping[str, Json]
    result: Json


@dataclass(frozen=True)
class Section:
    """All methods behind one prefix. `object` is the type that is stored, `services` are names with versions."""

    name: str
    doc: str
    object: str | None
    services: Sequence[str]
    operations: Sequence[Operation]
    examples: Mapping[str, Example]
    """By the name of the method."""

    @property
    def page(self) -> str:
        return f"methods-{self.name}.html"

    @property
    def client(self) -> str:
        """The attribute of a client that has these methods."""
        return group_name(self.name)


def sections(documents: Documents) -> list[Section]:
    """In the order of the document."""
    by_tag: dict[str, list[Mapping[str, Any]]] = {}
    for method in documents.openrpc["methods"]:
        for tag in method.get("tags", ()):
            by_tag.setdefault(documents.resolve(tag)["name"], []).append(method)
    return [_section(documents, documents.openrpc["components"]["tags"][name], by_tag[name]) for name in by_tag]


def _section(documents: Documents, tag: Mapping[str, Any], methods: Sequence[Mapping[str, Any]]) -> Section:
    operations = [_operation(documents, method, tag.get("x-crud", ())) for method in methods]
    given = {
        operation.name: example
        for operation, method in zip(operations, methods, strict=True)
        if (example := _given(documents, method)) is not None
    }
    derived = dict(_derived(documents, operations, given))
    return Section(
        tag["name"],
        tag.get("description", ""),
        tag.get("x-object"),
        tag.get("x-services", ()),
        operations,
        {**derived, **given},
    )


def _operation(documents: Documents, method: Mapping[str, Any], crud: Sequence[str]) -> Operation:
    name = method["name"].rpartition(".")[2]
    usual = documents.openrpc["x-usual-errors"][method["x-auth"]]
    errors = [error["$ref"].rpartition("/")[2] for error in (*method["errors"], *usual)]
    return Operation(
        wire=method["name"],
        name=name,
        doc=method.get("description") or method.get("summary", ""),
        params=[documents.resolve(param) for param in method["params"]],
        result=method["result"]["schema"],
        errors=[error for error in errors if error in documents.errors],
        auth=method["x-auth"],
        safe=method.get("x-safe", False),
        idempotent=method.get("x-idempotent"),
        audit=method.get("x-audit", False),
        since=method.get("x-since"),
        deprecated=method.get("deprecated", False),
        crud=name in crud,
    )


def _given(documents: Documents, method: Mapping[str, Any]) -> Example | None:
    """The example that the document has."""
    if not method.get("examples"):
        return None
    example = method["examples"][0]
    names = [documents.resolve(param)["name"] for param in method["params"]]
    parts = [documents.resolve(part) for part in example["params"]]
    values = {part["name"]: part["value"] for part in parts}
    return Example(
        {name: values[name] for name in names if name in values}, documents.resolve(example["result"])["value"]
    )


def _derived(
    documents: Documents, operations: Sequence[Operation], given: Mapping[str, Example]
) -> Iterator[tuple[str, Example]]:
    """Examples of the verbs that have none, from those of the same object."""
    shown = next((given[verb].result for verb in ("get", "new", "patch", "set") if verb in given), None)
    if shown is None:
        return
    for operation in operations:
        if operation.crud and operation.name not in given:
            example = _verb(documents, operation, shown, given)
            if example is not None:
                yield operation.name, example


def _verb(
    documents: Documents, operation: Operation, shown: Mapping[str, Json], given: Mapping[str, Example]
) -> Example | None:
    sid, page = {"sid": shown["sid"]}, {"limit": 100}
    match operation.name:
        case "set" if "new" in given:
            rev = {"rev": shown["rev"]} if "rev" in shown else {}
            return Example({**given["new"].params, **rev}, shown)
        case "delete":
            return Example(sid, None)
        case "exists":
            return Example(sid, True)
        case "list":
            return Example(page, {"items": [shown["sid"]], "next_cursor": None})
        case "list_full" | "find":
            item = _item(documents, operation.result)
            listed = {name: value for name, value in shown.items() if name in item}
            answer = {"items": [listed], "next_cursor": None}
            if operation.name == "list_full":
                return Example(page, answer)
            asked = documents.types[documents.target(operation.params[0]["schema"]) or ""]["properties"]
            first = next(((name, shown[name]) for name in asked if name in shown), None)
            return Example({"filter": dict([first] if first else []), **page}, answer)
    return None


def _item(documents: Documents, page: Schema) -> Mapping[str, Schema]:
    """The fields of what a page lists."""
    listed = documents.types[documents.target(page) or ""]["properties"]["items"]["items"]
    fields: Mapping[str, Schema] = documents.types[documents.target(listed) or ""]["properties"]
    return fields
