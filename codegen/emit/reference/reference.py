"""Turn the checked model into reference pages: static HTML that needs no script and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from codegen.emit.calls.catalogue import Catalogue, Section, catalogue
from codegen.emit.calls.operation import Operation
from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.reference.code import Code, Snippets, coloured
from codegen.emit.reference.text import Text, kind, page
from codegen.emit.render import environment
from codegen.model.model import (
    Error,
    ErrorGroup,
    Event,
    Field,
    Interface,
    Method,
    Module,
    Named,
    Program,
    QName,
    Struct,
    TypeDecl,
    Webhook,
)

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


@dataclass(frozen=True, slots=True)
class Entry:
    """A method with all that its place on the page shows."""

    operation: Operation
    snippets: Snippets | None


@dataclass(frozen=True, slots=True)
class TypeEntry:
    declared: TypeDecl
    kind: str
    example: Markup | None
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the navigation."""

    href: str
    text: str


def emit(program: Program) -> Iterable[Output]:
    return _Reference(catalogue(program), program).pages()


class _Reference:
    def __init__(self, calls: Catalogue, program: Program) -> None:
        self.calls, self.declared = calls, program
        self.code, self.text = Code(calls), Text(calls)
        sources = [file for module in program.modules for file in module.files]
        self.header = header(sources, "").strip()
        self.title = program.modules[-1].name.replace("_", " ").capitalize() if program.modules else "Empty"
        self.typed = [module for module in calls.program.modules if module.types]
        environment_ = environment("reference", html=True)
        self.templates = {
            name: environment_.get_template(f"{name}.html.j2")
            for name in ("index", "section", "types", "errors", "events", "webhooks", "plugins")
        }
        self.shared = {
            "generated": self.header,
            "title": self.title,
            "text": self.text,
            "kind": kind,
            "page": page,
            "pages": list(self._pages()),
            "sections": calls.sections,
            "many": len(calls.sections) > _MANY,
            "services": [section for section in calls.sections if section.group.services],
            "objects": [section for section in calls.sections if not section.group.services],
            "section_page": section_page,
            "types_label": self._types_label,
        }

    def pages(self) -> Iterator[Output]:
        yield Output("reference/style.css", f"/* {self.header} */\n" + _stylesheet())
        yield self._page(
            "index",
            "index.html",
            "Overview",
            modules=self.declared.modules,
            start=[(label, coloured(snippet)) for label, snippet in _START],
            **{what: self._of_modules(what) for what in ("events", "webhooks", "interfaces")},
        )
        for section in self.calls.sections:
            entries = [Entry(operation, self.code.snippets(section, operation)) for operation in section.operations]
            yield self._page("section", section_page(section), section.group.name, section=section, entries=entries)
        for module in self.typed:
            entries_of_types = [self._type(declared) for declared in module.types]
            yield self._page(
                "types", page(module.name), self._types_label(module), module=module, entries=entries_of_types
            )
        yield self._page(
            "errors",
            "errors.html",
            "Errors",
            errors=self._errors(),
            raised_by=self._raised_by(),
            answer=coloured(_ERROR),
        )
        if events := self._of_modules("events"):
            yield self._page("events", "events.html", "Events", events=events)
        if webhooks := self._of_modules("webhooks"):
            yield self._page("webhooks", "webhooks.html", "Webhooks", webhooks=webhooks, errors_of=self._errors_of)
        if interfaces := self._of_modules("interfaces"):
            yield self._page(
                "plugins",
                "plugins.html",
                "Plugin interfaces",
                interfaces=interfaces,
                errors_of=self._errors_of,
                plugin=_plugin,
                plugin_tests=_plugin_tests,
            )

    def _page(self, template: str, path: str, heading: str, **values: object) -> Output:
        return Output(
            f"reference/{path}", self.templates[template].render(**self.shared, heading=heading, here=path, **values)
        )

    def _pages(self) -> Iterator[Link]:
        for module in self.typed:
            yield Link(page(module.name), self._types_label(module))
        yield Link("errors.html", "Errors")
        for name, attribute in (("events", "Events"), ("webhooks", "Webhooks"), ("interfaces", "Plugin interfaces")):
            if self._of_modules(name):
                yield Link("plugins.html" if name == "interfaces" else f"{name}.html", attribute)

    def _types_label(self, module: Module) -> str:
        if module.name == "runtime":
            return "Types of paging"
        return "Types" if len(self.declared.modules) == 1 else f"Types of {module.name}"

    def _of_modules(self, what: str) -> list[Event | Webhook | Interface]:
        return [item for module in self.declared.modules for item in getattr(module, what)]

    def _type(self, declared: TypeDecl) -> TypeEntry:
        example = None if isinstance(declared, ErrorGroup) else self.code.value(Named(declared.qname))
        return TypeEntry(declared, kind(declared), example, declared.fields if isinstance(declared, Struct) else ())

    def _errors(self) -> list[Error]:
        return sorted(self.calls.program.errors.values(), key=lambda error: error.code)

    def _errors_of(self, caller: Method | Webhook) -> list[Error]:
        return [self.calls.program.errors[name] for name in caller.errors]

    def _raised_by(self) -> dict[QName, list[Link]]:
        found: dict[QName, list[Link]] = {}
        for section in self.calls.sections:
            for operation in section.operations:
                for error in operation.errors:
                    found.setdefault(error.qname, []).append(
                        Link(f"{section_page(section)}#{operation.name}", operation.wire)
                    )
        return found


def section_page(section: Section) -> str:
    return f"methods-{section.group.name}.html"


def _plugin(interface: Interface) -> Markup:
    """How an implementation begins."""
    first = interface.methods[0].name if interface.methods else ""
    method = f"\n\n    def {first}(self, …): ..." if first else ""
    return coloured(
        f"from generated.plugins.{interface.module} import (\n    {interface.name},\n)\n\n"
        f'class Mine({interface.name}):\n    metadata = Metadata("mine", "1.0"){method}'
    )


def _plugin_tests(interface: Interface) -> Markup:
    kit = f"{interface.name}Conformance"
    return coloured(
        f"from generated.conformance.{interface.module} import (\n    {kit},\n)\n\n"
        f"class TestMine({kit}):\n    provider = Mine"
    )


def _stylesheet() -> str:
    loader = environment("reference").loader
    assert loader is not None
    return loader.get_source(environment("reference"), "style.css")[0]
