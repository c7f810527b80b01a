"""The form in which root objects are parameters of methods: without what the server fills in.

An `Article` that is a parameter of a service's method, or stands in a struct, union, list or map that is one, is an
`ArticleParam`: a struct without `sid`, `rev`, `@server` and `@computed` fields. Where they are sent they are ignored.
Structs, unions and aliases on the way to it have a form of their own, too (`BatchParam`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from codegen.model.mentions import targets
from codegen.model.model import (
    Alias,
    ListOf,
    MapOf,
    Method,
    Module,
    Named,
    Nullable,
    Program,
    QName,
    Service,
    Struct,
    Type,
    TypeDecl,
    Union,
)
from codegen.model.types import named_in

SUFFIX = "Param"


def with_param_forms(program: Program) -> Program:
    """The program whose services take these forms; the same where no root object is a parameter."""
    names = _names(program)
    return (
        replace(program, modules=tuple(_module(program, each, names) for each in program.modules)) if names else program
    )


def _names(program: Program) -> dict[QName, QName]:
    """The types that need a form of their own → its name."""
    asked = [target for service in program.services for method in service.methods for target in _given(method)]
    given = _reached(asked, {name: list(targets(each)) for name, each in program.types.items()})
    above: dict[QName, list[QName]] = {}
    for name in given:
        for target in targets(program.types[name]):
            above.setdefault(target, []).append(name)
    roots = [each.qname for each in program.rootobjects if each.qname in given]
    return {name: _free(program, name) for name in _reached(roots, above)}


def _given(method: Method) -> Iterable[QName]:
    return (target for param in method.params for target in named_in(param.type))


def _reached(begin: Iterable[QName], edges: Mapping[QName, Iterable[QName]]) -> dict[QName, None]:
    """What these lead to, and they themselves, in a stable order."""
    found: dict[QName, None] = {}
    pending = [*begin]
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = None
            pending.extend(edges.get(name, ()))
    return found


def _free(program: Program, name: QName) -> QName:
    """The name of a form, with a `_` behind it where the schema has one of that name itself."""
    module = program.module(program.types[name].module)
    events = {event.qname for event in module.events}
    form = name + SUFFIX
    while form in program.types or form in program.errors or form in events:
        form += "_"
    return form


def _module(program: Program, module: Module, names: Mapping[QName, QName]) -> Module:
    forms = {each.qname: _form(each, names) for each in module.types if each.qname in names}
    types = [part for each in module.types for part in (each, forms.get(each.qname)) if part is not None]
    return replace(module, types=tuple(types), services=tuple(_service(each, names) for each in module.services))


def _service(service: Service, names: Mapping[QName, QName]) -> Service:
    methods = (
        replace(method, params=tuple(replace(param, type=_type(param.type, names)) for param in method.params))
        for method in service.methods
    )
    return replace(service, methods=tuple(methods))


def _form(declared: TypeDecl, names: Mapping[QName, QName]) -> TypeDecl:
    name = names[declared.qname].rpartition(".")[2]
    doc = f"A `{declared.name}` as a parameter: root objects in it are without what the server fills in."
    match declared:
        case Struct(rootobject=True):
            return _root(declared, name)
        case Struct():
            fields = tuple(replace(field, type=_type(field.type, names)) for field in declared.fields)
            return replace(declared, name=name, doc=doc, fields=fields)
        case Union():
            members = tuple(names.get(member, member) for member in declared.members)
            return replace(declared, name=name, doc=doc, members=members)
        case Alias():
            return replace(declared, name=name, doc=doc, type=_type(declared.type, names))
        case _:
            raise TypeError(f"{declared.qname} holds no root object")


def _root(root: Struct, name: str) -> Struct:
    filled = [field for field in root.fields if field.server or field.computed or field.name in ("sid", "rev")]
    given = (
        replace(field, index=False, unique=False, immutable=False, set_once=False, owner=False)
        for field in root.fields
        if field not in filled
    )
    old = [field.was for field in filled if field.was is not None]
    return Struct(
        name=name,
        module=root.module,
        span=root.span,
        doc=f"A `{root.name}` as a parameter: without what the server fills in.",
        deprecated=root.deprecated,
        fields=tuple(given),
        ignored=(*(field.name for field in filled), *old),
    )


def _type(type_: Type, names: Mapping[QName, QName]) -> Type:
    match type_:
        case Named(target=target):
            return Named(names.get(target, target))
        case ListOf(item=item):
            return ListOf(_type(item, names))
        case MapOf(key=key, value=value):
            return MapOf(key, _type(value, names))
        case Nullable(inner=inner):
            return Nullable(_type(inner, names))
        case _:
            return type_
