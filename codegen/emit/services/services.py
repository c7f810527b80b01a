"""Turn services and webhooks into the interfaces that handlers implement: typed, with the errors they may raise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from codegen.emit.errors.errors import error_name
from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.docstrings import docstring
from codegen.emit.python.imports import Imports
from codegen.emit.python.parts import parts_of
from codegen.emit.python.types import python_type, value_text
from codegen.emit.render import environment
from codegen.model.model import (
    Member,
    Method,
    Module,
    Param,
    Program,
    QName,
    Service,
    Type,
    Webhook,
)
from codegen.runtime.values.python_names import argument_name, method_name

CONTEXT = ("codegen.runtime.context", "Context")


def emit(program: Program) -> Iterable[Output]:
    parts = parts_of(program)
    names: dict[str, list[str]] = {}
    for part in parts:
        if declared := interface_names(part.module):
            names[part.name] = declared
            path = part.path("services")
            yield Output(path, _file(program, part.module, Imports(path, declared)))
    yield from parts.doors("services", "Interfaces of the services", names)


def service_class(service: Service) -> str:
    """The interface of a service; from version 2 on with the version in its name: `BillingServiceV2`."""
    return service.name if service.major < 2 else f"{service.name}V{service.major}"


def webhook_class(webhook: Webhook) -> str:
    """The interface of a webhook `orders`: `OrdersWebhook`."""
    return "".join(part.capitalize() for part in webhook.name.split("_")) + "Webhook"


def parameter_name(param: Param) -> str:
    """A parameter's name in Python, clear of keywords and of the context that every method gets."""
    return "context_" if param.name == "context" else argument_name(param.name)


def interface_names(module: Module) -> list[str]:
    return [*map(service_class, module.services), *map(webhook_class, module.webhooks)]


def result_type(program: Program, result: Type | None, nullable: bool, imports: Imports) -> str:
    """The annotation of what a method returns."""
    return "None" if result is None else python_type(program, result, imports, nullable=nullable)


def _file(program: Program, module: Module, imports: Imports) -> str:
    imports.name("__future__", "annotations")
    abstract = imports.name("abc", "ABC")
    imports.name("abc", "abstractmethod")
    context = imports.name(*CONTEXT)
    mapping = imports.name("collections.abc", "Mapping") if module.webhooks else ""
    services = [
        {
            "name": service_class(service),
            "doc": _documentation("    ", service, or_else=f"`{service.wire}`."),
            "methods": [_method(program, method, context, imports) for method in service.methods],
        }
        for service in module.services
    ]
    webhooks = [
        {
            "name": webhook_class(webhook),
            "result": result_type(program, webhook.result, webhook.result_nullable, imports),
            "doc": _documentation("    ", webhook, f"`POST {webhook.route}`.", _raises(program, webhook.errors)),
        }
        for webhook in module.webhooks
    ]
    return (
        environment("services")
        .get_template("module.py.j2")
        .render(
            header=header(module.files),
            module=module.name,
            imports=imports.text(),
            context=context,
            services=services,
            webhooks=webhooks,
            ABC=abstract,
            Mapping=mapping,
        )
    )


def _method(program: Program, method: Method, context: str, imports: Imports) -> dict[str, object]:
    arguments = [_argument(program, param, imports) for param in method.params]
    result = result_type(program, method.result, method.result_nullable, imports)
    params = [f"`{param.name}`: {param.doc}" for param in method.params if param.doc]
    notes = [f"`{method.idempotent}` is the idempotency key."] if method.idempotent else []
    signature = ", ".join([f"self, context: {context}", *(["*"] if arguments else []), *arguments])
    return {
        "name": method_name(method.name),
        "result": result,
        "signature": signature,
        "doc": _documentation(
            "        ", method, *params, *notes, _raises(program, method.errors), or_else=f"`{method.wire}`."
        ),
    }


def has_default(param: Param) -> bool:
    """Whether there is a value for it where it is left out; `= null` says no more than that it may be."""
    return param.default is not None and (param.default.now or param.default.value is not None)


def handler_type(program: Program, param: Param, imports: Imports) -> str:
    """The annotation of a parameter as handlers take it: null for one that may be left out is its default."""
    nullable = param.nullable and not (param.optional and has_default(param))
    return python_type(program, param.type, imports, nullable=nullable)


def _argument(program: Program, param: Param, imports: Imports) -> str:
    """The runtime always gives every parameter. A default that is no plain literal is therefore not shown."""
    text = f"{parameter_name(param)}: {handler_type(program, param, imports)}"
    if param.optional and not has_default(param):
        return f"{text} = None"
    if param.default is None or param.default.now or isinstance(param.default.value, list | dict):
        return text
    value = value_text(program, param.type, param.default.value, Imports(""))
    return text if "(" in value else f"{text} = {value}"


def _raises(program: Program, errors: Sequence[QName]) -> str:
    return "Raises " + ", ".join(f"`{program.errors[error].name}`" for error in errors) + "." if errors else ""


def _documentation(indent: str, member: Member, *more: str, or_else: str = "") -> str:
    """A docstring of a member's doc lines and what else there is to say, a paragraph each."""
    deprecated = f"Deprecated: {member.deprecated.reason}" if member.deprecated else ""
    return docstring("\n\n".join(part for part in (member.doc, deprecated, *more) if part) or or_else, indent)


def raised(program: Program, errors: Sequence[QName], imports: Imports) -> list[str]:
    """The error classes of a method, as written in a tuple."""
    return [error_name(program, error, imports) for error in errors]
