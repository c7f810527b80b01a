"""What only all structs together show: copies of root objects, and structs that would hold themselves without end."""

from __future__ import annotations

from collections.abc import Iterable

from codegen.model.graph import order
from codegen.model.model import Alias, Field, Named, QName, Struct, TypeDecl, Union
from codegen.model.types import Space, named_in
from codegen.source.catalog_names import EMBEDDED_ROOT, ENDLESS_STRUCT
from codegen.source.diagnostics import Related


def check_shapes(space: Space) -> None:
    _check_embedding(space)
    _check_endless(space)


def _parts(decl: TypeDecl) -> Iterable[QName]:
    match decl:
        case Struct():
            return (target for field in decl.fields for target in named_in(field.type))
        case Alias():
            return named_in(decl.type)
        case Union():
            return decl.members
        case _:
            return ()


def _check_embedding(space: Space) -> None:
    """Walk from the root objects to all that hold them by value; where that is a root object, its field is wrong."""
    holders: dict[QName, list[QName]] = {}
    for qname, decl in space.types.items():
        if not (isinstance(decl, Struct) and decl.rootobject):
            for part in _parts(decl):
                holders.setdefault(part, []).append(qname)
    # What a type holds first: the root object, and the next type on the way to it.
    held: dict[QName, tuple[QName, QName]] = {}
    queue = [qname for qname, decl in space.types.items() if isinstance(decl, Struct) and decl.rootobject]
    for qname in queue:
        held[qname] = (qname, qname)
    for qname in queue:  # grows while it is walked
        for holder in holders.get(qname, ()):
            if holder not in held:
                held[holder] = (held[qname][0], qname)
                queue.append(holder)
    for decl in space.types.values():
        if not (isinstance(decl, Struct) and decl.rootobject):
            continue
        for field in decl.fields:
            target = next((name for name in named_in(field.type) if name in held), None)
            if target is not None:
                root = held[target][0]
                space.report.add(
                    EMBEDDED_ROOT,
                    field.span,
                    name=_short(root),
                    through=_way(held, target),
                    related=[Related(space.types[root].span, f"{_short(root)} is declared here")],
                )


def _short(qname: QName) -> str:
    return qname.rpartition(".")[2]


def _way(held: dict[QName, tuple[QName, QName]], target: QName) -> str:
    steps: list[str] = []
    while held[target][1] != target:
        steps.append(_short(target))
        target = held[target][1]
    return f" (in {' in '.join(repr(step) for step in reversed(steps))})" if steps else ""


def _needs(space: Space, field: Field) -> QName | None:
    """The struct or union a value of the field must hold."""
    if field.nullable:
        return None
    base = space.base(field.type)
    if base is None or not isinstance(base.type, Named):
        return None
    return base.type.target if isinstance(space.types.get(base.type.target), Struct | Union) else None


def _check_endless(space: Space) -> None:
    """A struct is finite when all it must hold is, a union when one member is; what is left over never ends."""
    needs: dict[QName, set[QName]] = {}
    needed_by: dict[QName, list[QName]] = {}
    any_of: set[QName] = set()
    for qname, decl in space.types.items():
        if isinstance(decl, Struct):
            needs[qname] = {need for field in decl.fields if (need := _needs(space, field)) is not None}
        elif isinstance(decl, Union):
            needs[qname] = set(decl.members)
            any_of.add(qname)
        for need in sorted(needs.get(qname, ())):
            needed_by.setdefault(need, []).append(qname)
    finite = [qname for qname, wanted in needs.items() if not wanted]
    left = dict(needs)
    for qname in finite:
        left.pop(qname, None)
    for qname in finite:  # grows while it is walked
        for user in needed_by.get(qname, ()):
            if user in left:
                left[user].discard(qname)
                if not left[user] or user in any_of:
                    del left[user]
                    finite.append(user)
    _, cycles = order({qname: sorted(wanted & left.keys()) for qname, wanted in left.items()})
    for cycle in cycles:
        struct = next((decl for qname in cycle if isinstance(decl := space.types[qname], Struct)), None)
        if struct is None:
            continue
        field = next((f for f in struct.fields if _needs(space, f) in cycle), None)
        space.report.add(
            ENDLESS_STRUCT,
            field.span if field else struct.span,
            name=struct.name,
            cycle=" → ".join(_short(qname) for qname in [*cycle, cycle[0]]),
        )
