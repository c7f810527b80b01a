"""What can be called, grouped by the first words of its wire name, as clients offer it: `billing`, `usage_record`.

A root object and a service may share a prefix (`Billing` and `BillingService`): their calls stand in one group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from codegen.model.model import CrudVerb, Field, Method, Program, Service, Struct
from codegen.runtime.values.python_names import group_name


@dataclass(frozen=True, slots=True)
class Group:
    """All calls behind one prefix. `name` is the prefix as an identifier: `billing`, `billing_v2`."""

    name: str
    root: Struct | None
    services: tuple[Service, ...]

    @property
    def identifier(self) -> str:
        """The name of the group's module in Python and of its attribute of a client, in Python and TypeScript."""
        return group_name(self.name)

    @property
    def title(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def doc(self) -> str:
        docs = [self.root.doc] if self.root else []
        return "\n\n".join(doc for doc in [*docs, *(service.doc for service in self.services)] if doc)

    @property
    def methods(self) -> tuple[Method, ...]:
        return tuple(method for service in self.services for method in service.methods)

    @property
    def verbs(self) -> tuple[CrudVerb, ...]:
        return self.root.crud if self.root else ()


def groups(program: Program) -> tuple[Group, ...]:
    """By name; groups without a call are left out."""
    roots: Mapping[str, Struct] = {struct.wire: struct for struct in program.rootobjects if struct.crud}
    services: dict[str, list[Service]] = {}
    for service in program.services:
        services.setdefault(service.wire.replace(".", "_"), []).append(service)
    return tuple(Group(name, roots.get(name), tuple(services.get(name, ()))) for name in sorted({*roots, *services}))


def input_fields(struct: Struct) -> tuple[Field, ...]:
    """What `new` and `set` read: everything but what the server fills in.

    `sid` may be left out; so may the owner where users write their own objects: it is the caller then.
    """
    known = {"sid", struct.owner if struct.auth == "own" else None}
    return tuple(
        replace(field, optional=True) if field.name in known else field
        for field in struct.fields
        if not (field.server or field.computed or field.name == "rev")
    )


def patch_fields(struct: Struct) -> tuple[Field, ...]:
    """What `patch` may change."""
    return tuple(field for field in input_fields(struct) if not field.immutable and field.name != "sid")


def listed_fields(struct: Struct) -> tuple[Field, ...]:
    """What `list_full` answers: everything but what is sensitive."""
    return tuple(field for field in struct.fields if not field.sensitive)


def find_fields(struct: Struct) -> tuple[Field, ...]:
    """What `find` may ask for: the fields of an index, each by itself, in declared order."""
    indexed = {name for index in struct.indexes for name in index.fields}
    return tuple(field for field in struct.stored_fields if field.name in indexed)


SAFE_VERBS: frozenset[CrudVerb] = frozenset({"get", "list", "list_full", "exists", "find"})
