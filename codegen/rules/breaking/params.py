"""Parameters of methods, which callers give by name or by position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen.model import Method, Nullable, Param, Program
from codegen.rules.breaking.comparison import Comparison, Pairs, pair_members
from codegen.rules.breaking.methods import methods
from codegen.rules.breaking.register import Place, change
from codegen.rules.breaking.shapes import default_shown, plain, relation, shown, unfolded
from codegen.source import catalog_change_methods as catalog


def _pairs(compared: Comparison) -> Iterator[tuple[Place, Method, Method, Pairs[Param]]]:
    for _, after, pairs in methods(compared):
        for old, new in pairs.both:
            owner = f"{after.name}.{new.name}"
            yield Place(new.span, old.span, owner, {"owner": owner}), old, new, pair_members(old.params, new.params)


def _of(place: Place, param: Param, **values: object) -> Place:
    shown_values = {**place.values, "name": param.name, **values}
    return replace(place, subject=f"{place.subject}.{param.name}", values=shown_values)


@change(catalog.PARAM_ADD_OPTIONAL)
def param_add_optional(compared: Comparison) -> Iterator[Place]:
    for place, _, _, pairs in _pairs(compared):
        yield from (_of(place, param) for param in pairs.added if not param.required)


@change(catalog.PARAM_ADD_REQUIRED)
def param_add_required(compared: Comparison) -> Iterator[Place]:
    for place, _, _, pairs in _pairs(compared):
        yield from (_of(place, param) for param in pairs.added if param.required)


@change(catalog.PARAM_DELETE)
def param_delete(compared: Comparison) -> Iterator[Place]:
    for place, _, _, pairs in _pairs(compared):
        yield from (_of(place, param) for param in pairs.deleted)


@change(catalog.PARAM_RENAME)
def param_rename(compared: Comparison) -> Iterator[Place]:
    for place, _, _, pairs in _pairs(compared):
        yield from (_of(place, new, old=old.name) for old, new in pairs.both if old.name != new.name)


@change(catalog.PARAM_REORDER)
def param_reorder(compared: Comparison) -> Iterator[Place]:
    """Those of both in another order, or a new one that is not behind all others; told once, not with a deletion."""
    for place, old, new, pairs in _pairs(compared):
        if pairs.deleted or any(param.required for param in pairs.added):
            continue
        kept = [after.name for _, after in pairs.both]
        if [param.name for param in new.params][: len(kept)] != kept or [before for before, _ in pairs.both] != [
            *old.params
        ]:
            yield place


@change(catalog.PARAM_TYPE_CHANGE)
def param_type_change(compared: Comparison) -> Iterator[Place]:
    for place, _, _, pairs in _pairs(compared):
        for old, new in pairs.both:
            was = plain(unfolded(compared.old, old.type, compared.renamed))
            now = plain(unfolded(compared.new, new.type))
            if relation(was, now) == "other":
                yield _of(place, new, old=shown(was), new=shown(now))


@change(catalog.PARAM_OPTIONAL_TO_REQUIRED)
def param_optional_to_required(compared: Comparison) -> Iterator[Place]:
    for place, _, _, pairs in _pairs(compared):
        for old, new in pairs.both:
            no_null = _nullable(compared.old, old) and not _nullable(compared.new, new)
            if (new.required and not old.required) or no_null:
                yield _of(place, new)


@change(catalog.PARAM_REQUIRED_TO_OPTIONAL)
def param_required_to_optional(compared: Comparison) -> Iterator[Place]:
    for place, _, _, pairs in _pairs(compared):
        for old, new in pairs.both:
            takes_null = _nullable(compared.new, new) and not _nullable(compared.old, old)
            if (old.required and not new.required) or (takes_null and old.required == new.required):
                yield _of(place, new)


@change(catalog.PARAM_DEFAULT_CHANGE)
def param_default_change(compared: Comparison) -> Iterator[Place]:
    for place, _, _, pairs in _pairs(compared):
        for old, new in pairs.both:
            if not old.required and not new.required and old.default != new.default:
                yield _of(place, new, old=default_shown(old.default), new=default_shown(new.default))


def _nullable(program: Program, param: Param) -> bool:
    return param.nullable or isinstance(unfolded(program, param.type), Nullable)
