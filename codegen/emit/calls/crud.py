"""The operations of root objects, and the types that only they use: inputs, patches, filters, pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from codegen.emit.calls.groups import SAFE_VERBS, find_fields, input_fields, listed_fields, patch_fields
from codegen.emit.calls.operation import Operation, with_usual
from codegen.model.model import (
    RUNTIME_ERRORS,
    Alias,
    Constraints,
    CrudVerb,
    Default,
    Field,
    ListOf,
    Module,
    Named,
    Param,
    Primitive,
    Program,
    QName,
    Ref,
    Struct,
    Type,
)

_RUNTIME = {error.name: error for error in RUNTIME_ERRORS}
_LIMIT, _CURSOR, _NEXT_CURSOR = (Named(f"runtime.{name}") for name in ("PageLimit", "PageCursor", "NextCursor"))
_REASON = Named("runtime.WriteReason")
_SID_PAGE = Named("runtime.SidPage")
PAGING = Module(
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
        Alias(
            name="NextCursor",
            module="runtime",
            type=Primitive("str"),
            nullable=True,
            doc="Give it as `cursor` for the page that follows; null on the last page.",
        ),
        Alias(
            name="WriteReason",
            module="runtime",
            type=Primitive("str"),
            constraints=Constraints(min_length=1, max_length=500),
            doc="Why an operator writes an object.",
        ),
        Struct(
            name="SidPage",
            module="runtime",
            doc="A page of sids.",
            fields=(
                Field(name="items", type=ListOf(Primitive("sid"))),
                Field(name="next_cursor", type=_NEXT_CURSOR),
            ),
        ),
    ),
)
"""What the lists of all root objects share."""

LIMIT = Param(name="limit", type=_LIMIT, default=Default(100), doc="How many items to answer at most.")
CURSOR = Param(
    name="cursor",
    type=_CURSOR,
    optional=True,
    nullable=True,
    doc="`next_cursor` of the page before; absent for the first page.",
)
REV = Param(
    name="rev",
    type=Primitive("u64"),
    optional=True,
    nullable=True,
    doc="The `rev` that was read. When the object has another one by now, the answer is `conflict`.",
)
REASON = Param(
    name="reason",
    type=_REASON,
    optional=True,
    nullable=True,
    doc="Why an operator writes this; it is kept with the record of it. Refused where nobody keeps it.",
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


class Crud:
    """The operations of root objects, and the types that only they use, by module."""

    def __init__(self, program: Program) -> None:
        self._taken = set(program.types)
        self._made: dict[QName, Named] = {}
        self.added: dict[str, list[Struct]] = {}
        self.derived: dict[QName, QName] = {}
        """Type of CRUD → the root object whose fields it has."""

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
            errors=with_usual(root.auth, [_RUNTIME[name] for name in _VERB_ERRORS[verb]]),
        )

    def _shape(self, root: Struct, verb: CrudVerb) -> tuple[tuple[Param, ...], Type | None]:
        whole = Named(root.qname)
        sid = Param(name="sid", type=Ref(root.qname))
        paging = (LIMIT, CURSOR)
        rev = () if root.append_only else (REV,)
        match verb:
            case "new":
                return (Param(name="data", type=self._input(root)), REASON), whole
            case "set":
                return (Param(name="data", type=self._input(root)), *rev, REASON), whole
            case "patch":
                return (sid, Param(name="data", type=self._patch(root)), *rev, REASON), whole
            case "get":
                return (sid,), whole
            case "delete":
                return (sid, REASON), None
            case "exists":
                return (sid,), Primitive("bool")
            case "list":
                return paging, _SID_PAGE
            case "list_full":
                return paging, self._page(root)
            case "find":
                wanted = Param(name="filter", type=self._filter(root))
                return (wanted, *paging), self._page(root)

    def _add(self, root: Struct, suffix: str, doc: str, fields: Iterator[Field]) -> Named:
        wanted = f"{root.qname}{suffix}"
        if wanted not in self._made:
            name = root.name + suffix
            while f"{root.module}.{name}" in self._taken:
                name += "_"
            self._made[wanted] = Named(f"{root.module}.{name}")
            if suffix != "Page":
                self.derived[f"{root.module}.{name}"] = root.qname
            self.added[root.module].append(
                Struct(name=name, module=root.module, span=root.span, doc=doc, fields=tuple(fields))
            )
        return self._made[wanted]

    def _input(self, root: Struct) -> Named:
        theirs = f" Of users, `{root.owner}` is the caller." if root.auth == "own" and root.owner != "sid" else ""
        return self._add(
            root,
            "Input",
            f"A `{root.name}` as it is sent; without a `sid` it gets a new one.{theirs}",
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
            iter(replace(f, server=False, computed=False, default=None, was=None) for f in listed_fields(root)),
        )

    def _page(self, root: Struct) -> Named:
        return self._add(
            root,
            "Page",
            f"A page of `{root.name}` objects.",
            iter((Field(name="items", type=ListOf(self._listed(root))), Field(name="next_cursor", type=_NEXT_CURSOR))),
        )
