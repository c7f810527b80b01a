"""Errors, events, webhooks, and the interfaces that plugins implement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen.model import Interface, Method
from codegen.rules.breaking.comparison import Comparison, Pairs, pair_members
from codegen.rules.breaking.methods import result_text
from codegen.rules.breaking.register import Place, came, change, turned, went
from codegen.rules.breaking.shapes import plain, shown, unfolded
from codegen.source import catalog_change_others as catalog


@change(catalog.ERROR_ADD)
def error_add(compared: Comparison) -> Iterator[Place]:
    yield from (came(error) for error in compared.errors.added)


@change(catalog.ERROR_DELETE)
def error_delete(compared: Comparison) -> Iterator[Place]:
    """A renamed error is deleted, too: its slug on the wire follows its name."""
    yield from (went(error) for error in compared.errors.deleted)
    yield from (turned(old, new, name=old.name) for old, new in compared.errors.both if old.name != new.name)


@change(catalog.ERROR_CODE_CHANGE)
def error_code_change(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.errors.both:
        if before.code != after.code:
            yield turned(before, after, old=before.code, new=after.code)


@change(catalog.ERROR_STATUS_CHANGE)
def error_status_change(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.errors.both:
        if before.status != after.status:
            yield turned(before, after, old=before.status, new=after.status)


@change(catalog.EVENT_ADD)
def event_add(compared: Comparison) -> Iterator[Place]:
    yield from (came(event) for event in compared.events.added)


@change(catalog.EVENT_DELETE)
def event_delete(compared: Comparison) -> Iterator[Place]:
    yield from (went(event) for event in compared.events.deleted)
    yield from (turned(old, new, name=old.name) for old, new in compared.events.both if old.name != new.name)


# --- webhooks ---------------------------------------------------------------------------------------------------


@change(catalog.WEBHOOK_ADD)
def webhook_add(compared: Comparison) -> Iterator[Place]:
    yield from (came(webhook) for webhook in compared.webhooks.added)


@change(catalog.WEBHOOK_DELETE)
def webhook_delete(compared: Comparison) -> Iterator[Place]:
    yield from (went(webhook) for webhook in compared.webhooks.deleted)


@change(catalog.WEBHOOK_PATH_CHANGE)
def webhook_path_change(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.webhooks.both:
        if before.route != after.route:
            yield turned(before, after, old=before.route, new=after.route)


@change(catalog.WEBHOOK_SIGNATURE_CHANGE)
def webhook_signature_change(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.webhooks.both:
        if (before.scheme, before.signed) != (after.scheme, after.signed):
            yield turned(before, after)


# --- interfaces -------------------------------------------------------------------------------------------------


def _interfaces(compared: Comparison) -> Iterator[tuple[Interface, Interface, Pairs[Method]]]:
    for before, after in compared.interfaces.both:
        yield before, after, pair_members(before.methods, after.methods)


@change(catalog.INTERFACE_ADD)
def interface_add(compared: Comparison) -> Iterator[Place]:
    yield from (came(interface) for interface in compared.interfaces.added)


@change(catalog.INTERFACE_DELETE)
def interface_delete(compared: Comparison) -> Iterator[Place]:
    yield from (went(interface) for interface in compared.interfaces.deleted)
    yield from (turned(old, new, name=old.name) for old, new in compared.interfaces.both if old.name != new.name)


@change(catalog.INTERFACE_METHOD_ADD)
def interface_method_add(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in _interfaces(compared):
        yield from (came(method, before, owner=after.name) for method in pairs.added)


@change(catalog.INTERFACE_METHOD_DELETE)
def interface_method_delete(compared: Comparison) -> Iterator[Place]:
    for _, after, pairs in _interfaces(compared):
        yield from (went(method, after) for method in pairs.deleted)


@change(catalog.INTERFACE_METHOD_CHANGE)
def interface_method_change(compared: Comparison) -> Iterator[Place]:
    for _, after, pairs in _interfaces(compared):
        for old, new in pairs.both:
            if what := _differences(compared, old, new):
                place = turned(old, new, after)
                yield replace(place, values={"owner": place.subject, "what": ", ".join(what)})


def _differences(compared: Comparison, old: Method, new: Method) -> list[str]:
    """How a plugin's method must look otherwise now."""
    found = []
    if old.name != new.name:
        found.append(f"its name was {old.name!r}")
    was = {param.name: shown(plain(unfolded(compared.old, param.type, compared.renamed))) for param in old.params}
    now = {param.name: shown(plain(unfolded(compared.new, param.type))) for param in new.params}
    if was != now:
        found.append("its parameters")
    elif [param.required for param in old.params] != [param.required for param in new.params]:
        found.append("which parameters must be given")
    elif list(was) != list(now):
        found.append("the order of its parameters")
    if result_text(compared.old, old, compared.renamed) != result_text(compared.new, new):
        found.append("its result")
    if {compared.renamed.get(error, error) for error in old.errors} != {*new.errors}:
        found.append("its errors")
    return found
