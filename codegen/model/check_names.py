"""Names that know no modules: on the wire, of tables, of webhooks' paths; and names that members had before."""

from __future__ import annotations

from collections.abc import Sequence

from codegen.model.casing import snake
from codegen.model.model import Declared, Enum, Error, Event, Member, Module, Service, Struct, Webhook
from codegen.model.modules import is_version
from codegen.model.types import Space
from codegen.source.catalog_names import BAD_VERSION, DUPLICATE_NAME, NAMES_MEET, TABLE_CLASH, WIRE_CLASH
from codegen.source.catalog_notes import WAS_LIVING
from codegen.source.catalog_services import SERVICE_TAKEN, WEBHOOK_TAKEN
from codegen.source.diagnostics import Related


def check_names(space: Space, modules: Sequence[Module]) -> None:
    _check_services(space, modules)
    _check_wire(space, modules)
    _check_tables(space, modules)
    _check_webhooks(space, modules)
    for module in modules:
        for declared in _declared(module):
            _check_was(space, declared)


def _declared(module: Module) -> list[Sequence[Member]]:
    """Groups of members that share a namespace."""
    groups: list[Sequence[Member]] = [
        [*module.types, *module.errors, *module.services, *module.interfaces, *module.events],
        module.webhooks,
    ]
    for decl in (*module.types, *module.errors, *module.events):
        if isinstance(decl, Struct | Error | Event):
            groups.append(decl.fields)
        elif isinstance(decl, Enum):
            groups.append(decl.values)
    groups += [service.methods for service in module.services]
    groups += [interface.methods for interface in module.interfaces]
    methods = [method for group in (module.services, module.interfaces) for each in group for method in each.methods]
    return [*groups, *(method.params for method in methods)]


def _check_was(space: Space, members: Sequence[Member]) -> None:
    living = {member.name: member for member in members}
    former: dict[str, Member] = {}
    for member in members:
        for version in (member.since, member.deprecated.since if member.deprecated else None):
            if version is not None and not is_version(version):
                space.report.add(BAD_VERSION, member.span, version=version)
        if member.was is None:
            continue
        if member.was in living:
            other = living[member.was]
            space.report.add(
                WAS_LIVING, member.span, name=member.was, related=[Related(other.span, f"{other.name} stands here")]
            )
        elif (first := former.setdefault(member.was, member)).name != member.name:
            space.report.add(
                DUPLICATE_NAME,
                member.span,
                name=member.was,
                related=[Related(first.span, f"{first.name} was {member.was}, too")],
            )


def _check_services(space: Space, modules: Sequence[Module]) -> None:
    """A service stands once per major version; from 2 on its class carries the version, which meets no other name."""
    for module in modules:
        named: list[Declared] = [*module.types, *module.errors, *module.services, *module.interfaces, *module.events]
        by_name = {declared.name: declared for declared in named}
        for service in module.services:
            versioned = f"{service.name}V{service.major}"
            if service.major >= 2 and versioned in by_name:
                space.report.add(
                    NAMES_MEET,
                    service.span,
                    name=service.name,
                    other=versioned,
                    meet=versioned,
                    related=[_here(by_name[versioned])],
                )
    first: dict[tuple[str, int], Service] = {}
    for service in (service for module in modules for service in module.services):
        other = first.setdefault((service.name, service.major), service)
        # In modules of their own, services of one name are told apart by [wire].
        if other is not service and (other.module == service.module or other.wire == service.wire):
            space.report.add(
                SERVICE_TAKEN,
                service.span,
                name=service.name,
                major=service.major,
                next=service.major + 1,
                fix=None if other.module == service.module else f'name it on the wire: [wire("{service.module}")]',
                related=[_here(other)],
            )


def _here(other: Declared) -> Related:
    return Related(other.span, f"{other.name} is declared here")


def _check_wire(space: Space, modules: Sequence[Module]) -> None:
    """Prefixes of root objects differ, those of services too, and no method of a service is one of CRUD."""
    roots: dict[str, Struct] = {}
    crud: dict[str, Struct] = {}
    for struct in (struct for module in modules for struct in module.rootobjects):
        other = roots.setdefault(struct.wire, struct)
        if other is not struct:
            if not _meet(struct, other):
                space.report.add(WIRE_CLASH, struct.span, name=struct.wire, related=[_here(other)])
            continue
        for verb in struct.crud:
            crud[f"{struct.wire}.{verb}"] = struct
    services: dict[str, Service] = {}
    for service in (service for module in modules for service in module.services):
        taken = services.setdefault(service.wire, service)
        if taken is not service:
            if taken.name != service.name:  # else the version is the matter
                space.report.add(WIRE_CLASH, service.span, name=service.wire, related=[_here(taken)])
            continue
        for method in service.methods:
            if method.wire in crud:
                space.report.add(
                    WIRE_CLASH,
                    method.span,
                    name=method.wire,
                    related=[Related(crud[method.wire].span, "CRUD of this type has it")],
                )


def _meet(one: Struct, other: Struct) -> bool:
    """Whether the names alone make the clash, which is reported where they are declared."""
    return one.module == other.module and snake(one.name) == snake(other.name)


def _check_tables(space: Space, modules: Sequence[Module]) -> None:
    first: dict[str, Struct] = {}
    for struct in (struct for module in modules for struct in module.rootobjects):
        other = first.setdefault(struct.table, struct)
        if other is not struct and not _meet(struct, other):
            space.report.add(TABLE_CLASH, struct.span, name=struct.table, related=[_here(other)])


def _check_webhooks(space: Space, modules: Sequence[Module]) -> None:
    routes: dict[str, Webhook] = {}
    for module in modules:
        names: dict[str, Webhook] = {}
        for webhook in module.webhooks:
            if names.setdefault(webhook.name, webhook) is not webhook:
                space.report.add(DUPLICATE_NAME, webhook.span, name=webhook.name, related=[_here(names[webhook.name])])
            other = routes.setdefault(webhook.route, webhook)
            if other is not webhook:
                space.report.add(
                    WEBHOOK_TAKEN, webhook.span, route=webhook.route, other=other.name, related=[_here(other)]
                )
