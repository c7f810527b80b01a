"""Methods: an error for what can be refused, and `@safe` for what only reads."""

from collections.abc import Iterator

from codegen.model import Enum, Field, Method, Named, Param, Ref, Struct
from codegen.rules.lint import Found, Subject, found, rule, with_methods
from codegen.source.catalog_lint import NO_NOT_FOUND, NO_REFUSAL, READ_NOT_SAFE, REQUIRED_BEHIND_OPTIONAL

_REFUSALS = frozenset({402, 403, 409, 410, 422, 423})
_READING = frozenset(["get", "list", "find", "count", "search", "fetch", "read", "show", "lookup", "is", "has"])
_STATES = frozenset({"state", "status"})


def _statuses(subject: Subject, method: Method) -> set[int]:
    return {subject.program.errors[error].status for error in method.errors}


@rule(NO_NOT_FOUND)
def no_not_found(subject: Subject) -> Iterator[Found]:
    for method in subject.methods():
        named = next((param for param in method.params if _names_object(subject, param)), None)
        if named is not None and 404 not in _statuses(subject, method):
            yield Found(method.span, {"method": method.name, "name": named.name})


def _names_object(subject: Subject, param: Param) -> bool:
    base = subject.program.base(param.type)
    return param.required and (isinstance(base, Ref) or subject.primitive(base) == "sid")


@rule(NO_REFUSAL)
def no_refusal(subject: Subject) -> Iterator[Found]:
    """A method that writes, about an object with states, without an error that could mean "not in this state"."""
    for method in subject.methods():
        if method.safe or not _REFUSALS.isdisjoint(_statuses(subject, method)):
            continue
        if not any(_names_object(subject, param) for param in method.params):
            continue
        for struct in _objects(subject, method):
            state = next((field for field in struct.fields if field.name in _STATES), None)
            enum = _enum(subject, state) if state else None
            if state is not None and enum is not None:
                yield Found(
                    method.span,
                    {
                        "method": method.name,
                        "type": struct.name,
                        "name": state.name,
                        "values": ", ".join(value.name for value in enum.values),
                    },
                )
                break


def _objects(subject: Subject, method: Method) -> Iterator[Struct]:
    """The root objects a method is about: those its parameters refer to, and its result."""
    for type_ in (*(param.type for param in method.params), *((method.result,) if method.result else ())):
        base = subject.program.base(type_)
        target = subject.program.types.get(base.target) if isinstance(base, Ref | Named) else None
        if isinstance(target, Struct) and target.rootobject:
            yield target


def _enum(subject: Subject, field: Field) -> Enum | None:
    base = subject.program.base(field.type)
    target = subject.program.types.get(base.target) if isinstance(base, Named) else None
    return target if isinstance(target, Enum) else None


@rule(REQUIRED_BEHIND_OPTIONAL)
def required_behind_optional(subject: Subject) -> Iterator[Found]:
    """In services and interfaces alike."""
    for module in subject.program.modules:
        for holder in with_methods(module):
            for method in holder.methods:
                left_out: Param | None = None
                for param in method.params:
                    if not param.required:
                        left_out = left_out or param
                    elif left_out is not None:
                        yield found(param, before=left_out.name)


@rule(READ_NOT_SAFE)
def read_not_safe(subject: Subject) -> Iterator[Found]:
    for method in subject.methods():
        if method.name.split("_")[0] in _READING and not method.safe:
            yield Found(method.span, {"method": method.name})
