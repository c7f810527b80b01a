"""Turn services and webhooks into what the runtime binds to handlers: typed params, wire names, scopes, errors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePosixPath

from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.imports import Imports
from codegen.emit.python.parts import Part, parts_of
from codegen.emit.python.types import RUNTIME_TYPES, value_text
from codegen.emit.render import environment
from codegen.emit.services.services import (
    handler_type,
    has_default,
    parameter_name,
    raised,
    result_type,
    service_class,
    webhook_class,
)
from codegen.model.model import ListOf, MapOf, Method, Module, Param, Primitive, Program, Service, Webhook, old_names
from codegen.runtime.values.python_names import method_name, quoted
from codegen.source.span import Span

WIRING = "codegen.runtime.rpc.wiring"


def emit(program: Program) -> Iterable[Output]:
    packages: dict[str, list[str]] = {}
    for part in parts_of(program):
        if part.module.services or part.module.webhooks:
            yield Output(part.path("routes"), _file(program, part))
            package, _, name = f".{part.name}".rpartition(".")
            packages.setdefault(package.removeprefix("."), []).append(name)
    for module in program.modules:
        if module.name in packages:
            yield _package(f"routes/{module.name}/__init__.py", packages[module.name], module)
            packages.setdefault("", []).append(module.name)
    yield _package("routes/__init__.py", packages.get("", []), *program.modules)


def _package(path: str, names: list[str], *modules: Module) -> Output:
    """What the files (or packages) of these names have, in one list; the outermost also has the document."""
    template = environment("routes").get_template("package.py.j2")
    files = [file for module in modules for file in module.files]
    outermost = path == "routes/__init__.py"
    return Output(path, template.render(header=header(files), names=sorted(names), outermost=outermost))


def _file(program: Program, part: Part) -> str:
    module = part.module
    taken = [_params_class(service, method) for service in module.services for method in service.methods]
    imports = Imports(part.path("routes"), [*taken, "SERVICES", "WEBHOOKS"])
    imports.name("__future__", "annotations")
    imports.name(WIRING, "ServiceMethod")
    imports.name(WIRING, "WebhookRoute")
    if taken:
        imports.name("pydantic", "ConfigDict")
        imports.name("pydantic", "with_config")
        imports.name("typing_extensions", "TypedDict")
    services = [
        _method(program, module, service, method, imports) for service in module.services for method in service.methods
    ]
    webhooks = [_webhook(program, module, webhook, imports) for webhook in module.webhooks]
    return (
        environment("routes")
        .get_template("module.py.j2")
        .render(
            header=header(module.files), module=module.name, imports=imports.text(), methods=services, webhooks=webhooks
        )
    )


def _params_class(service: Service, method: Method) -> str:
    return service_class(service) + "".join(part.capitalize() for part in method.name.split("_")) + "Params"


def _method(program: Program, module: Module, service: Service, method: Method, imports: Imports) -> dict[str, object]:
    interface = imports.name(f"~.services.{module.name}", service_class(service))
    old = service.name if service.major < 2 else f"{service.name}.v{service.major}"
    arguments = {
        "service": interface,
        "function": quoted(method_name(method.name)),
        "name": quoted(method.wire),
        "aliases": _tuple([quoted(f"{old}.{method.name}")]),
        "params": _params_class(service, method),
        "param_names": _tuple([quoted(param.name) for param in method.params]),
        "old_names": json.dumps(old_names(method.params)),
        "clocked": _tuple(
            [
                f"({quoted(parameter_name(param))}, {quoted(_primitive(program, param))})"
                for param in method.params
                if param.default and param.default.now
            ]
        ),
        "result": result_type(program, method.result, method.result_nullable, imports),
        "auth": quoted(method.auth),
        "safe": method.safe,
        "idempotent": quoted(method.idempotent) if method.idempotent else None,
        "audit": method.audit,
        "errors": _tuple(raised(program, method.errors, imports)),
        "source": quoted(source(module, method.span)),
    }
    return {
        "class": arguments["params"],
        "wire": method.wire,
        "params": [_param(program, param, imports) for param in method.params],
        "lines": [f"{name}={value}" for name, value in arguments.items() if value not in ("()", "{}", False, None)],
    }


def _param(program: Program, param: Param, imports: Imports) -> str:
    """A key of the params' TypedDict. Defaults are filled in by the validator, the present time by the call."""
    name = parameter_name(param)
    type_ = handler_type(program, param, imports)
    notes = [] if name == param.name else [f"alias={quoted(param.name)}"]
    replaces_null = param.optional and has_default(param)
    if param.default is not None and param.default.now:
        if replaces_null:  # by the call, where the time is known
            type_, replaces_null = f"{type_} | None", False
    elif param.optional and not has_default(param):
        notes.append("default=None")
    elif param.default is not None:
        value = value_text(program, param.type, param.default.value, imports)
        factory = {"[]": "list", "{}": "dict"}.get(value, f"lambda: {value}")
        mutable = isinstance(program.base(param.type), ListOf | MapOf)
        notes.append(f"default_factory={factory}" if mutable else f"default={value}")
    if notes:
        annotations = [type_, f"{imports.name('pydantic', 'Field')}({', '.join(notes)})"]
        if replaces_null:
            annotations.append(imports.name(RUNTIME_TYPES, "NullIsAbsent"))
        type_ = f"{imports.name('typing', 'Annotated')}[{', '.join(annotations)}]"
    return f"{name}: {type_}" if param.required else f"{name}: {imports.name('typing', 'NotRequired')}[{type_}]"


def _primitive(program: Program, param: Param) -> str:
    base = program.base(param.type)
    assert isinstance(base, Primitive), param  # only times default to now
    return base.name


def _webhook(program: Program, module: Module, webhook: Webhook, imports: Imports) -> list[str]:
    arguments = {
        "interface": imports.name(f"~.services.{module.name}", webhook_class(webhook)),
        "name": quoted(webhook.name),
        "path": quoted(webhook.route),
        "result": result_type(program, webhook.result, webhook.result_nullable, imports),
        "errors": _tuple(raised(program, webhook.errors, imports)),
        "source": quoted(source(module, webhook.span)),
    }
    return [f"{name}={value}" for name, value in arguments.items() if value != "()"]


def _tuple(parts: list[str]) -> str:
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def source(module: Module, span: Span) -> str:
    """Where something stands, `path:line`, with the path relative to the schemas' root wherever that is."""
    name = PurePosixPath(span.path).name
    return f"{next((path for path in module.files if PurePosixPath(path).name == name), name)}:{span.line}"
