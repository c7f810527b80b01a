"""What nothing uses: imports, types and errors."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname, join, normpath

from codegen.model import ErrorGroup, Module, Program, QName, Struct, named_in
from codegen.model.mentions import targets
from codegen.rules.lint import Found, Subject, found, rule, with_fields, with_methods
from codegen.source.catalog_lint import UNUSED_ERROR, UNUSED_IMPORT, UNUSED_TYPE

_KINDS = {
    "Struct": "the struct",
    "Enum": "the enum",
    "Union": "the union",
    "Alias": "the alias",
    "ErrorGroup": "the error group",
}


@rule(UNUSED_IMPORT)
def unused_import(subject: Subject) -> Iterator[Found]:
    names = {module.path: module.name for module in subject.program.modules}
    for directory, files in subject.trees.items():
        for file in files:
            for node in file.imports:
                target = normpath(join(directory, node.target.value))
                # A path that is no module's is that of one of its files.
                prefix = node.alias.text if node.alias else names.get(target) or names[dirname(target) or "."]
                if prefix not in file.prefixes:
                    yield Found(node.span, {"name": prefix})


@rule(UNUSED_TYPE)
def unused_type(subject: Subject) -> Iterator[Found]:
    """Types that no root object, error, event, method or webhook reaches, and no `x_` note speaks for."""
    reached = _reached(subject.program)
    for qname, decl in subject.program.types.items():
        if qname not in reached:
            yield found(decl, what=_KINDS[type(decl).__name__])


def _reached(program: Program) -> set[QName]:
    """Types by walking from what stands for itself, all root objects among it, so references lead to nothing new;
    error groups by the errors their methods may give."""
    queue: list[QName] = [struct.qname for struct in program.rootobjects]
    queue += [qname for qname, decl in program.types.items() if decl.extensions]
    for module in program.modules:
        queue += _roots(module)
    answers: dict[QName, set[frozenset[QName]]] = {}
    for given in {frozenset(errors) for module in program.modules for errors in _error_lists(module)}:
        for error in given:
            answers.setdefault(error, set()).add(given)
    queue += [
        qname
        for qname, decl in program.types.items()
        if isinstance(decl, ErrorGroup)
        and any(given.issuperset(decl.errors) for given in answers.get(decl.errors[0], ()))
    ]
    reached: set[QName] = set()
    while queue:
        qname = queue.pop()
        if qname not in reached and qname in program.types:
            reached.add(qname)
            queue += targets(program.types[qname])
    return reached


def _roots(module: Module) -> Iterator[QName]:
    for holder in with_fields(module):
        for field in holder.fields if not isinstance(holder, Struct) else ():
            yield from named_in(field.type)
    for methods_of in with_methods(module):
        for method in methods_of.methods:
            for type_ in (*(param.type for param in method.params), *((method.result,) if method.result else ())):
                yield from named_in(type_)
    for webhook in module.webhooks:
        if webhook.result is not None:
            yield from named_in(webhook.result)


def _error_lists(module: Module) -> Iterator[tuple[QName, ...]]:
    for holder in with_methods(module):
        yield from (method.errors for method in holder.methods)
    yield from (webhook.errors for webhook in module.webhooks)


@rule(UNUSED_ERROR)
def unused_error(subject: Subject) -> Iterator[Found]:
    answered = {error for module in subject.program.modules for errors in _error_lists(module) for error in errors}
    for module in subject.program.modules:
        for error in module.errors:
            if error.qname not in answered:
                yield found(error)
