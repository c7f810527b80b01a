"""The OpenRPC document as each kind of caller may see it, prepared once and served as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import SchemaValidator, core_schema, to_json

from codegen.runtime.context import Context
from codegen.runtime.rpc.dispatch import allowed
from codegen.runtime.rpc.method import DISCOVER, Method, Place

_PREFIX = "#/components/"


class Discovery:
    """The documents by the caller's scope. Each lists what is routed, and of that what the scope may call."""

    def __init__(self, document: Mapping[str, Any], methods: Iterable[Method], url: str | None = None) -> None:
        """`document` is the generated, complete one. Methods of the program that are not routed are left out.

        `url` is where callers reach the program; without one its `servers` stay as they are.
        """
        routed = tuple(methods)
        if url is not None:
            document = {**document, "servers": [{"name": "server", "url": url}]}
        self.documents: Mapping[str, bytes] = {
            scope: to_json(
                _visible(
                    document,
                    frozenset(
                        method.name
                        for method in routed
                        if scope == "admin" or allowed(method.auth, method.principal, scope)
                    ),
                )
            )
            for scope in ("public", "user", "node", "admin")
        }

    def method(self) -> Method:
        """`rpc.discover`, which anybody may call."""
        return Method(
            name=DISCOVER,
            params=SchemaValidator(core_schema.typed_dict_schema({}, extra_behavior="forbid")),
            param_names=(),
            auth="public",
            call=self._discover,
            encode=_as_it_is,
            transaction="none",
            place=Place.READ,
            safe=True,
        )

    def _discover(self, context: Context, params: Mapping[str, Any]) -> bytes:
        return self.documents[context.caller.scope]


def _as_it_is(document: bytes) -> bytes:
    return document


def _visible(document: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The document with these methods (and `rpc.discover`) and the components they lead to."""
    methods = [method for method in document["methods"] if method["name"] in names or method["name"] == DISCOVER]
    seen = {**document, "methods": methods}
    components = document.get("components", {})
    wanted: set[tuple[str, str]] = set()
    pending: list[Any] = [{key: value for key, value in seen.items() if key != "components"}]
    while pending:
        part = pending.pop()
        if isinstance(part, Mapping):
            target = part.get("$ref")
            if isinstance(target, str) and target.startswith(_PREFIX):
                section, _, name = target.removeprefix(_PREFIX).partition("/")
                name = name.partition("/")[0].replace("~1", "/").replace("~0", "~")
                if (section, name) not in wanted and name in components.get(section, {}):
                    wanted.add((section, name))
                    pending.append(components[section][name])
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    if components:
        seen["components"] = {
            section: {name: value for name, value in values.items() if (section, name) in wanted}
            for section, values in components.items()
        }
    return seen
