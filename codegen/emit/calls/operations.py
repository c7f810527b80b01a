"""Every call of a program as documents describe it: services and CRUD alike, with all errors that can be answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from codegen.emit.calls.groups import SAFE_VERBS, Group, find_fields, groups, input_fields, listed_fields, patch_fields
from codegen.model.model import (
    RUNTIME_ERRORS,
    Alias,
    Constraints,
    CrudVerb,
    Default,
    Deprecated,
    Error,
    Field,
    Json,
    ListOf,
    Method,
    Module,
    Named,
    Nullable,
    Param,
    Primitive,
    Program,
    QName,
    Ref,
    Scope,
    Struct,
    Type,
)
from codegen.source.span import Span

_RUNTIME = {error.name: error for error in RUNTIME_ERRORS}
_LIMIT, _CURSOR = Named("runtime.PageLimit"), Named("runtime.PageCursor")
_PAGING = Module(
    name="runtime",
    version="1.0",
    path="",
    files=(),
    imports=(),
    types=(
        Alias(
            name="PageLimit",
            module="runtime",
            type=Primitive("u32"),
            constraints=Constraints(1, 1000),
            doc="How many items a page holds at most.",
        ),
        Alias(
            name="PageCursor",
            module="runtime",
            type=Primitive("str"),
            doc="Where a page begins: the `next_cursor` of the page before. It has no meaning of its own.",
        ),
    ),
)

_VERB_DOCS: Mapping[CrudVerb, str] = {
    "new": "Store a new {name}.",
    "get": "The {name} with this sid.",
    "set": "Replace a {name}, or store it where its sid is new. What is left out takes its default.",
    "patch": "Change some fields of a {name}; what is left out stays as it is.",
    "delete": "Remove a {name}. One that others refer to is not removed.",
    "list": "The sids of all {name} objects, a page at a time.",
    "list_full": "All {name} objects, a page at a time.",
    "exists": "Whether there is a {name} with this sid.",
    "find": "The {name} objects whose indexed fields equal those of `filter`, a page at a time.",
}
_VERB_ERRORS: Mapping[CrudVerb, tuple[str, ...]] = {
    "new": ("Conflict",),
    "get": ("NotFound",),
    "set": ("Conflict",),
    "patch": ("NotFound", "Conflict"),
    "delete": ("NotFound", "InUse"),
    "list": (),
    "list_full": (),
    "exists": (),
    "find": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of the server. `errors` are those it declares, then those that any method may answer.

    `verb` is set for CRUD; `name` is the last word of `wire`.
    """

    wire: str
    name: str
    doc: str
    span: Span
    params: tuple[Param, ...]
    result: Type | None
    result_nullable: bool = False
    errors: tuple[Error, ...]
    auth: Scope
    safe: bool
    idempotent: str | None = None
    audit: bool = False
    deprecated: Deprecated | None = None
    since: str | None = None
    extensions: Mapping[str, Json]
    verb: CrudVerb | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """The operations behind one prefix."""

    group: Group
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Catalogue:
    """All operations, and a program that also holds the types of CRUD (`UserInput`, `UserPatch`, `UserPage`, …)."""

    program: Program
    sections: tuple[Section, ...]

    @cached_property
    def names(self) -> Mapping[QName, str]:
        """One name for each type, event and error: its own, with the module's in front where two would meet."""
        return {
            **_unique((d.module, d.name) for module in self.program.modules for d in (*module.types, *module.events)),
            **_unique((error.module, error.name) for error in self.program.errors.values()),
        }


def catalogue(program: Program) -> Catalogue:
    crud = _Crud(program)
    sections = tuple(
        Section(
            group,
            (
                *(crud.operation(group.root, verb) for verb in group.verbs if group.root is not None),
                *(_operation(program, method) for method in group.methods),
            ),
        )
        for group in groups(program)
    )
    modules = [
        replace(m, types=(*m.types, *crud.added[m.name])) if m.name in crud.added else m for m in program.modules
    ]
    paging = (_PAGING,) if crud.added else ()
    return Catalogue(Program(modules=(*paging, *modules)), sections)


def _operation(program: Program, method: Method) -> Operation:
    return Operation(
        wire=method.wire,
        name=method.name,
        doc=method.doc,
        span=method.span,
        params=method.params,
        result=method.result,
        result_nullable=method.result_nullable,
        errors=_with_usual(method.auth, [program.errors[name] for name in method.errors]),
        auth=method.auth,
        safe=method.safe,
        idempotent=method.idempotent,
        audit=method.audit,
        deprecated=method.deprecated,
        since=method.since,
        extensions=method.extensions,
    )


def _with_usual(auth: Scope, errors: list[Error]) -> tuple[Error, ...]:
    """With the errors that any method of this scope may answer."""
    names = ("Busy",) if auth == "public" else ("Unauthorized", "Forbidden", "Busy")
    return (*errors, *(_RUNTIME[name] for name in names if _RUNTIME[name] not in errors))


class _Crud:
    """The operations of root objects, and the types that only they use, by module."""

    def __init__(self, program: Program) -> None:
        self._taken = set(program.types)
        self._made: dict[QName, Named] = {}
        self.added: dict[str, list[Struct]] = {}

    def operation(self, root: Struct, verb: CrudVerb) -> Operation:
        self.added.setdefault(root.module, [])
        params, result = self._shape(root, verb)
        return Operation(
            wire=f"{root.wire}.{verb}",
            name=verb,
            doc=_VERB_DOCS[verb].format(name=f"`{root.name}`"),
            span=root.span,
            params=params,
            result=result,
            auth=root.auth,
            safe=verb in SAFE_VERBS,
            verb=verb,
            since=root.since,
            deprecated=root.deprecated,
            extensions={},
            errors=_with_usual(root.auth, [_RUNTIME[name] for name in _VERB_ERRORS[verb]]),
        )

    def _shape(self, root: Struct, verb: CrudVerb) -> tuple[tuple[Param, ...], Type | None]:
        whole = Named(root.qname)
        sid = Param(name="sid", type=Ref(root.qname))
        paging = (
            Param(name="limit", type=_LIMIT, default=Default(100), doc="How many items to answer at most."),
            Param(
                name="cursor",
                type=_CURSOR,
                optional=True,
                nullable=True,
                doc="`next_cursor` of the page before; absent for the first page.",
            ),
        )
        rev = (
            ()
            if root.append_only
            else (
                Param(
                    name="rev",
                    type=Primitive("u64"),
                    optional=True,
                    nullable=True,
                    doc="The `rev` that was read. When the object has another one by now, the answer is `conflict`.",
                ),
            )
        )
        match verb:
            case "new":
                return (Param(name="data", type=self._input(root)),), whole
            case "set":
                return (Param(name="data", type=self._input(root)), *rev), whole
            case "patch":
                return (sid, Param(name="data", type=self._patch(root)), *rev), whole
            case "get":
                return (sid,), whole
            case "delete":
                return (sid,), None
            case "exists":
                return (sid,), Primitive("bool")
            case "list":
                return paging, self._page(root, "SidPage", Ref(root.qname), "sids of")
            case "list_full":
                return paging, self._page(root, "Page", self._listed(root), "")
            case "find":
                wanted = Param(name="filter", type=self._filter(root))
                return (wanted, *paging), self._page(root, "Page", self._listed(root), "")

    def _add(self, root: Struct, suffix: str, doc: str, fields: Iterator[Field]) -> Named:
        wanted = f"{root.qname}{suffix}"
        if wanted not in self._made:
            name = root.name + suffix
            while f"{root.module}.{name}" in self._taken:
                name += "_"
            self._made[wanted] = Named(f"{root.module}.{name}")
            self.added[root.module].append(
                Struct(name=name, module=root.module, span=root.span, doc=doc, fields=tuple(fields))
            )
        return self._made[wanted]

    def _input(self, root: Struct) -> Named:
        theirs = f" Of users, `{root.owner}` is the caller." if root.auth == "own" and root.owner != "sid" else ""
        return self._add(
            root,
            "Input",
            f"A `{root.name}` as it is sent: without what the server fills in. Without a `sid` it gets "
            f"a new one.{theirs}",
            iter(input_fields(root)),
        )

    def _patch(self, root: Struct) -> Named:
        return self._add(
            root,
            "Patch",
            f"What may be changed of a `{root.name}`.",
            (replace(f, optional=True, default=None) for f in patch_fields(root)),
        )

    def _filter(self, root: Struct) -> Named:
        return self._add(
            root,
            "Filter",
            f"The indexed fields of a `{root.name}`.",
            (replace(f, optional=True, default=None, server=False) for f in find_fields(root)),
        )

    def _listed(self, root: Struct) -> Named:
        if not any(field.sensitive for field in root.fields):
            return Named(root.qname)
        return self._add(
            root,
            "Listed",
            f"A `{root.name}` as lists give it: without what is sensitive.",
            iter(replace(f, server=False, computed=False, default=None) for f in listed_fields(root)),
        )

    def _page(self, root: Struct, suffix: str, item: Type, what: str) -> Named:
        return self._add(
            root,
            suffix,
            f"A page of {f'{what} ' if what else ''}`{root.name}` objects.",
            iter(
                (
                    Field(name="items", type=ListOf(item)),
                    Field(
                        name="next_cursor",
                        type=Nullable(_CURSOR),
                        nullable=True,
                        doc="Give it as `cursor` for the page that follows; null on the last page.",
                    ),
                )
            ),
        )


def _unique(names: Iterator[tuple[str, str]]) -> dict[QName, str]:
    pairs = list(names)
    count: dict[str, int] = {}
    for _, name in pairs:
        count[name] = count.get(name, 0) + 1
    return {f"{module}.{name}": name if count[name] == 1 else f"{module}_{name}" for module, name in pairs}
