"""The reference: static HTML that needs no script and nothing from elsewhere, a page rendered when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from codegen.runtime.reference.code import Code, Snippets, coloured
from codegen.runtime.reference.documents import Documents, Schema
from codegen.runtime.reference.methods import Operation, Section, sections
from codegen.runtime.reference.text import CRUD_PAGE, Text, own_fields

_MANY = 80
"""With more sections than this the navigation names them on the overview only, so that pages stay small."""

_START = (
    (
        "Shell",
        """\
# where the server listens, and who calls
RPC_URL=http://127.0.0.1:9920/rpc
AUTH="Authorization: Bearer <token>"

curl "$RPC_URL" \\
  -H "Content-Type: application/json" \\
  -d '{
  "jsonrpc": "2.0",
  "id": 1,
  "method": "rpc.discover"
}'""",
    ),
    (
        "Python",
        """\
from generated.clients.python import Client

with Client(rpc_url, token=token) as client:
    ...""",
    ),
    (
        "TypeScript",
        """\
import { Client } from "./client.js";

const client = new Client(rpcUrl, { token });""",
    ),
)
_ERROR = """\
{
  "jsonrpc": "2.0",
  "id": 1,
  "error": {
    "code": 1404,
    "message": "no such object",
    "data": {"error": "not_found"}
  }
}"""
STYLE = "style.css"
Load = Callable[[], Mapping[str, Any]]
"""Reads one of the two documents."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A method with all that its place on the page shows."""

    operation: Operation
    snippets: Snippets | None


@dataclass(frozen=True, slots=True)
class TypeEntry:
    name: str
    kind: str
    schema: Schema
    example: Markup | None


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the navigation."""

    href: str
    text: str


class Reference:
    """The pages of a program: `Reference(document, schema)` with the functions of its generated `routes`.

    Nothing is read or rendered before the first page is asked for; a page that was rendered is kept.
    """

    def __init__(self, openrpc: Load, schema: Load) -> None:
        self._openrpc, self._schema = openrpc, schema
        self._rendered: dict[str, bytes] = {}

    @cached_property
    def _documents(self) -> Documents:
        return Documents(self._openrpc(), self._schema())

    def paths(self) -> list[str]:
        """All pages, and the style sheet."""
        return [STYLE, *self._pages]

    def page(self, path: str) -> bytes | None:
        """HTML, or CSS; None for a path that is no page."""
        if path not in self._rendered:
            text = _stylesheet() if path == STYLE else self._html(path)
            if text is None:
                return None
            self._rendered[path] = text.encode()
        return self._rendered[path]

    def _html(self, path: str) -> str | None:
        page = self._pages.get(path)
        return None if page is None else self._render(path, *page)

    # --- what there is ----------------------------------------------------------------------------------------

    @cached_property
    def _sections(self) -> list[Section]:
        return sections(self._documents)

    @cached_property
    def _text(self) -> Text:
        return Text(self._documents)

    @cached_property
    def _code(self) -> Code:
        return Code(self._documents)

    @cached_property
    def _modules(self) -> Mapping[str, list[str]]:
        """Module → the names of its types, groups of errors too."""
        found: dict[str, list[str]] = {module: [] for module in self._documents.schema["x-modules"]}
        events = set(self._documents.schema["x-events"])
        for qname in (*self._documents.schema["$defs"], *self._documents.schema["x-error-groups"]):
            if qname not in events:
                found[qname.partition(".")[0]].append(self._documents.name(qname))
        return {module: names for module, names in found.items() if names}

    @cached_property
    def _crud_types(self) -> list[str]:
        return [name for name in self._documents.types if name not in self._documents.declared and name[:1].isupper()]

    @cached_property
    def _pages(self) -> Mapping[str, tuple[str, str, Mapping[str, Any]]]:
        """Path → template, heading and what else the template shows; lists are made when the page is."""
        schema = self._documents.schema
        pages: dict[str, tuple[str, str, Mapping[str, Any]]] = {"index.html": ("index", "Overview", {})}
        for section in self._sections:
            pages[section.page] = ("section", section.name, {"section": section})
        for module, names in self._modules.items():
            pages[f"types-{module}.html"] = ("types", self._types_label(module), {"names": names})
        if self._crud_types:
            pages[CRUD_PAGE] = ("types", "Types of inputs and pages", {"names": self._crud_types})
        pages["errors.html"] = ("errors", "Errors", {})
        for path, heading, key in (
            ("events.html", "Events", "x-events"),
            ("webhooks.html", "Webhooks", "x-webhooks"),
            ("plugins.html", "Plugin interfaces", "x-interfaces"),
        ):
            if schema[key]:
                pages[path] = (path.removesuffix(".html"), heading, {})
        return pages

    def _types_label(self, module: str) -> str:
        return "Types" if len(self._documents.schema["x-modules"]) == 1 else f"Types of {module}"

    # --- rendering --------------------------------------------------------------------------------------------

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=PackageLoader("codegen.runtime.reference", ""),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        schema = self._documents.schema
        environment.globals.update(
            generated=schema["$comment"],
            title=(list(schema["x-modules"]) or ["empty"])[-1].replace("_", " ").capitalize(),
            text=self._text,
            documents=self._documents,
            kind=self._kind,
            own_fields=own_fields,
            pages=[Link(path, each[1]) for path, each in self._pages.items() if each[0] not in ("index", "section")],
            many=len(self._sections) > _MANY,
            sections=self._sections,
            services=[section for section in self._sections if section.services],
            objects=[section for section in self._sections if not section.services],
            events={self._documents.name(qname): schema["$defs"][qname] for qname in schema["x-events"]},
            webhooks=schema["x-webhooks"],
            interfaces=schema["x-interfaces"],
            modules=self._modules,
            types_label=self._types_label,
            versions=schema["x-modules"],
            errors_of=lambda part: [self._documents.name(qname) for qname in part["errors"]],
        )
        return environment

    def _render(self, path: str, template: str, heading: str, values: Mapping[str, Any]) -> str:
        return self._environment.get_template(f"{template}.html.j2").render(
            heading=heading, here=path, **values, **self._shown(template, values)
        )

    def _shown(self, template: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a page shows beside what all of them have."""
        match template:
            case "index":
                return {"start": [(label, coloured(snippet)) for label, snippet in _START]}
            case "section":
                return {"entries": [self._entry(values["section"], each) for each in values["section"].operations]}
            case "types":
                return {"entries": [self._type(name) for name in values["names"]]}
            case "errors":
                errors = sorted(self._documents.errors.items(), key=lambda item: item[1]["code"])
                return {"errors": errors, "raised_by": self._raised_by(), "answer": coloured(_ERROR)}
            case "plugins":
                return {"plugin": _plugin, "plugin_tests": _plugin_tests}
        return {}

    def _entry(self, section: Section, operation: Operation) -> Entry:
        example = section.examples.get(operation.name)
        return Entry(operation, None if example is None else self._code.snippets(section.client, operation, example))

    def _type(self, name: str) -> TypeEntry:
        example = self._documents.openrpc["components"]["examples"].get(name)
        group = self._groups.get(name)
        schema = group if group is not None else self._documents.types[name]
        return TypeEntry(name, self._kind(name), schema, self._code.value(example["value"]) if example else None)

    @cached_property
    def _groups(self) -> Mapping[str, Schema]:
        groups = self._documents.schema["x-error-groups"]
        return {self._documents.name(qname): group for qname, group in groups.items()}

    def _kind(self, name: str) -> str:
        if name in self._groups:
            return "error group"
        schema = self._documents.types[name]
        if "x-root-object" in schema:
            return "root object"
        for key, kind in (("properties", "struct"), ("oneOf", "union"), ("enum", "enum"), ("x-enum-open", "open enum")):
            if key in schema:
                return kind
        return "alias"

    def _raised_by(self) -> Mapping[str, Sequence[Link]]:
        found: dict[str, list[Link]] = {}
        for section in self._sections:
            for operation in section.operations:
                for name in operation.errors:
                    found.setdefault(name, []).append(Link(f"{section.page}#{operation.name}", operation.wire))
        return found


def _plugin(interface: Mapping[str, Any]) -> Markup:
    """How an implementation begins."""
    name, methods = interface["name"], interface["methods"]
    method = f"\n\n    def {methods[0]['name']}(self, …): ..." if methods else ""
    return coloured(
        f"from generated.plugins.{interface['module']} import (\n    {name},\n)\n\n"
        f'class Mine({name}):\n    metadata = Metadata("mine", "1.0"){method}'
    )


def _plugin_tests(interface: Mapping[str, Any]) -> Markup:
    kit = f"{interface['name']}Conformance"
    return coloured(
        f"from generated.conformance.{interface['module']} import (\n    {kit},\n)\n\n"
        f"class TestMine({kit}):\n    provider = Mine"
    )


def _stylesheet() -> str:
    return files("codegen.runtime.reference").joinpath(STYLE).read_text(encoding="utf-8")


def texts(reference: Reference) -> Iterable[tuple[str, bytes]]:
    """Every page by its path, for those who keep them as files."""
    for path in reference.paths():
        content = reference.page(path)
        assert content is not None
        yield path, content
