"""What strangers read: doc lines, and how long something will stay."""

from collections.abc import Iterator

from codegen.model import Enum, Interface, Member, Module, Service, Struct
from codegen.rules.lint import Found, Subject, found, rule, with_fields, with_methods
from codegen.source.catalog_lint import DEPRECATED_HOW, MISSING_DOC

_WHAT = {Struct: "the root object", Service: "the service", Interface: "the interface"}


@rule(MISSING_DOC)
def missing_doc(subject: Subject) -> Iterator[Found]:
    for module in subject.program.modules:
        public: list[Member] = [*module.rootobjects, *module.services, *module.interfaces]
        for member in public:
            if not member.doc:
                yield found(member, what=_WHAT[type(member)])
        for service in module.services:
            for method in service.methods:
                if method.auth == "public" and not method.doc:
                    yield found(method, what="the public method")


@rule(DEPRECATED_HOW)
def deprecated_how(subject: Subject) -> Iterator[Found]:
    for module in subject.program.modules:
        for member in _members(module):
            if member.deprecated is not None:
                missing = [
                    part
                    for part, there in (("a reason", member.deprecated.reason), ("`since`", member.deprecated.since))
                    if not there
                ]
                if missing:
                    yield Found(member.span, {"name": member.name, "missing": " and ".join(missing)})


def _members(module: Module) -> Iterator[Member]:
    """Everything in a module that can be deprecated."""
    for decl in module.types:
        yield decl
        if isinstance(decl, Enum):
            yield from decl.values
    yield from (*module.errors, *module.events, *module.webhooks)
    for fields_of in with_fields(module):
        yield from fields_of.fields
    for methods_of in with_methods(module):
        yield methods_of
        yield from methods_of.methods
