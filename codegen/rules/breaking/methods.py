"""Services and their methods: what can be called, by whom, with what effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from codegen.model import Method, Nullable, Program, QName, Scope, Service, Struct, Webhook
from codegen.rules.breaking.comparison import Comparison, Pairs, pair_members
from codegen.rules.breaking.register import Place, came, change, turned, went
from codegen.rules.breaking.shapes import plain, shown, unfolded
from codegen.source import catalog_change_methods as catalog


def methods(compared: Comparison) -> Iterator[tuple[Service, Service, Pairs[Method]]]:
    """The methods of each service that is in both models."""
    for before, after in compared.services.both:
        yield before, after, pair_members(before.methods, after.methods)


def _both(compared: Comparison) -> Iterator[tuple[Place, Method, Method]]:
    """Each method of both, and the place where it is another."""
    for _, after, pairs in methods(compared):
        for old, new in pairs.both:
            name = f"{after.name}.{new.name}"
            yield Place(new.span, old.span, name, {"owner": name}), old, new


def _with(place: Place, **values: object) -> Place:
    return replace(place, values={**place.values, **values})


@change(catalog.SERVICE_ADD)
def service_add(compared: Comparison) -> Iterator[Place]:
    yield from (came(service) for service in compared.services.added)


@change(catalog.SERVICE_DELETE)
def service_delete(compared: Comparison) -> Iterator[Place]:
    yield from (went(service) for service in compared.services.deleted)


@change(catalog.SERVICE_RENAME)
def service_rename(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.services.both:
        if before.name != after.name:
            same = before.wire == after.wire  # kept by [wire]
            yield replace(turned(before, after), verdicts={"W": "ok"} if same else {})


@change(catalog.METHOD_ADD)
def method_add(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in methods(compared):
        yield from (came(method, before, owner=after.name) for method in pairs.added)


@change(catalog.METHOD_DELETE)
def method_delete(compared: Comparison) -> Iterator[Place]:
    for _, after, pairs in methods(compared):
        yield from (went(method, after) for method in pairs.deleted)


@change(catalog.METHOD_RENAME)
def method_rename(compared: Comparison) -> Iterator[Place]:
    for _, after, pairs in methods(compared):
        yield from (turned(old, new, after) for old, new in pairs.both if old.name != new.name)


@change(catalog.RESULT_CHANGE)
def result_change(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _both(compared):
        yield from _result(compared, place, old, new)
    for before, after in compared.webhooks.both:
        yield from _result(compared, Place(after.span, before.span, after.name, {"owner": after.name}), before, after)


def _result(compared: Comparison, place: Place, old: Method | Webhook, new: Method | Webhook) -> Iterator[Place]:
    was = result_text(compared.old, old, compared.renamed)
    now = result_text(compared.new, new)
    if was != now:
        yield _with(place, old=was, new=now)


def result_text(program: Program, method: Method | Webhook, renamed: Mapping[QName, QName] | None = None) -> str:
    """The result as it is written in schemas, without aliases."""
    if method.result is None:
        return "nothing"
    type_ = plain(unfolded(program, method.result, renamed))
    return shown(Nullable(type_) if method.result_nullable else type_)


# --- errors and notes -------------------------------------------------------------------------------------------


@change(catalog.METHOD_ERROR_ADD)
def method_error_add(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _both(compared):
        known = {compared.renamed.get(error, error) for error in old.errors}
        yield from (_error(place, error) for error in new.errors if error not in known)


@change(catalog.METHOD_ERROR_DELETE)
def method_error_delete(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _both(compared):
        yield from (
            _error(place, error) for error in old.errors if compared.renamed.get(error, error) not in new.errors
        )


def _error(place: Place, error: QName) -> Place:
    name = error.rpartition(".")[2]
    return replace(_with(place, name=name), subject=f"{place.subject}.{name}")


@change(catalog.SAFE_DELETE)
def safe_delete(compared: Comparison) -> Iterator[Place]:
    yield from (place for place, old, new in _both(compared) if old.safe and not new.safe)


@change(catalog.SAFE_ADD)
def safe_add(compared: Comparison) -> Iterator[Place]:
    yield from (place for place, old, new in _both(compared) if new.safe and not old.safe)


@change(catalog.IDEMPOTENT_DELETE)
def idempotent_delete(compared: Comparison) -> Iterator[Place]:
    """Another key is as good as none: old clients do not give it."""
    for place, old, new in _both(compared):
        if old.idempotent is not None and new.idempotent != old.idempotent:
            yield _with(place, old=old.idempotent)


@change(catalog.IDEMPOTENT_ADD)
def idempotent_add(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _both(compared):
        if old.idempotent is None and new.idempotent is not None:
            places = [param.name for param in new.params if param.required]
            moved = new.idempotent in places[:-1]  # Python clients take it by name now
            yield replace(_with(place, new=new.idempotent), verdicts={"C": "breaking"} if moved else {})


# --- auth -------------------------------------------------------------------------------------------------------

_ORDER: tuple[Scope, ...] = ("public", "user", "own", "admin")
"""From all to few; `node` stands beside them."""


@change(catalog.AUTH_TIGHTEN)
def auth_tighten(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _scopes(compared):
        if "node" not in (old, new) and _ORDER.index(old) < _ORDER.index(new):
            yield place


@change(catalog.AUTH_LOOSEN)
def auth_loosen(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _scopes(compared):
        if "node" not in (old, new) and _ORDER.index(new) < _ORDER.index(old):
            yield place


@change(catalog.AUTH_NODE)
def auth_node(compared: Comparison) -> Iterator[Place]:
    for place, old, new in _scopes(compared):
        if old != new and "node" in (old, new):
            yield place


def _scopes(compared: Comparison) -> Iterator[tuple[Place, Scope, Scope]]:
    """The scopes of methods, and of the CRUD of root objects."""
    for place, old, new in _both(compared):
        yield _with(place, old=old.auth, new=new.auth), old.auth, new.auth
    for before, after in compared.of_kind(Struct):
        if before.rootobject and after.rootobject and before.crud:
            yield turned(before, after, old=before.auth, new=after.auth), before.auth, after.auth
