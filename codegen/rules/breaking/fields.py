"""Fields of structs, errors and events: added, deleted, renamed, demanded, retyped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen.model import Error, Event, Field, Member, Nullable, Struct
from codegen.rules.breaking.comparison import Comparison, Holder, Pairs, pair_members, written_fields
from codegen.rules.breaking.register import Place, Rows, came, change, turned, went
from codegen.rules.breaking.shapes import default_shown, plain, relation, shown, unfolded
from codegen.source import catalog_change_fields as catalog
from codegen.source.changes import Surface, Verdict


def _pairs(compared: Comparison) -> Iterator[tuple[Holder, Holder, Pairs[Field]]]:
    for before, after in compared.holders:
        yield before, after, pair_members(written_fields(before), written_fields(after))


def _both(compared: Comparison) -> Iterator[tuple[Holder, Holder, Field, Field]]:
    for before, after, pairs in _pairs(compared):
        for old, new in pairs.both:
            yield before, after, old, new


def _of(place: Place, holder: Holder) -> Place:
    """The place, met by those who rely on the old holder; only structs can stand in rows."""
    return replace(place, type=holder.qname)


# --- coming and going -------------------------------------------------------------------------------------------


@change(catalog.FIELD_ADD_OPTIONAL)
def field_add_optional(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in _pairs(compared):
        for field in pairs.added:
            if not _always_there(field) and not field.computed and not _reused(before, field):
                yield _of(came(field, before, owner=after.name), before)


@change(catalog.FIELD_ADD_REQUIRED)
def field_add_required(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in _pairs(compared):
        for field in pairs.added:
            if _always_there(field) and not _reused(before, field):
                yield replace(_of(came(field, before, owner=after.name), before), verdicts=_not_sent(field))


@change(catalog.COMPUTED_ADD)
def computed_add(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in _pairs(compared):
        for field in pairs.added:
            if field.computed and not _reused(before, field):
                yield _of(came(field, before, owner=after.name), before)


@change(catalog.FIELD_TO_COMPUTED)
def field_to_computed(compared: Comparison) -> Iterator[Place]:
    for before, after, old, new in _both(compared):
        if new.computed and not old.computed:
            yield _of(turned(old, new, after), before)


@change(catalog.FIELD_FROM_COMPUTED)
def field_from_computed(compared: Comparison) -> Iterator[Place]:
    for before, after, old, new in _both(compared):
        if old.computed and not new.computed:
            place = _of(turned(old, new, after), before)
            if not _always_there(new):
                yield replace(place, verdicts={"W": "ok", "S": "migration", "C": "ok"})
            else:
                yield replace(place, verdicts=_not_sent(new), rows=(Rows(before.qname, "any"),))


def _always_there(field: Field) -> bool:
    """Whether each object has a value for it, given by senders or by the server."""
    return not (field.optional or field.default is not None or field.computed)


def _not_sent(field: Field) -> dict[Surface, Verdict]:
    """No sender has to give what the server fills in."""
    return {"W": "ok"} if field.server else {}


def _reused(before: Holder, field: Field) -> bool:
    return isinstance(before, Struct) and field.name in before.reserved


@change(catalog.RESERVED_REUSE)
def reserved_reuse(compared: Comparison) -> Iterator[Place]:
    for before, _, pairs in _pairs(compared):
        for field in (*pairs.added, *(new for old, new in pairs.both if old.name != new.name)):
            if _reused(before, field):
                yield _of(came(field, before), before)


@change(catalog.RESERVED_DELETE)
def reserved_delete(compared: Comparison) -> Iterator[Place]:
    for before, after in compared.of_kind(Struct):
        names = {field.name for field in after.fields}
        for name in before.reserved:
            if name not in after.reserved and name not in names:
                yield _of(_named(name, before, after), before)


@change(catalog.FIELD_DELETE)
def field_delete(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in _pairs(compared):
        for field in pairs.deleted:
            if isinstance(after, Error | Event):
                # Errors and events have no reserved names, and nobody makes them but their own service.
                yield replace(_of(went(field, after), before), verdicts=_gone_from(after))
            elif isinstance(after, Struct) and field.name in after.reserved:
                yield _of(went(field, after), before)


def _gone_from(holder: Error | Event) -> dict[Surface, Verdict]:
    return {"S": "ok", "C": "ok"} if isinstance(holder, Error) else {"S": "ok"}


@change(catalog.FIELD_DELETE_UNRESERVED)
def field_delete_unreserved(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in _pairs(compared):
        for field in pairs.deleted:
            if isinstance(after, Struct) and field.name not in after.reserved:
                yield _of(went(field, after), before)


@change(catalog.FIELD_RENAME)
def field_rename(compared: Comparison) -> Iterator[Place]:
    for before, after, old, new in _both(compared):
        if old.name != new.name:
            yield _of(turned(old, new, after), before)


@change(catalog.FIELD_REORDER)
def field_reorder(compared: Comparison) -> Iterator[Place]:
    for before, after, pairs in _pairs(compared):
        written = [field.name for field in written_fields(before)]
        places = [written.index(old.name) for old, _ in pairs.both]
        if places != sorted(places):
            yield _of(turned(before, after), before)


# --- what must be given -----------------------------------------------------------------------------------------


@change(catalog.FIELD_OPTIONAL_TO_REQUIRED)
def field_optional_to_required(compared: Comparison) -> Iterator[Place]:
    for before, after, old, new in _both(compared):
        filled = _nullable(compared, old, True) and not _nullable(compared, new, False)
        if (new.required and not old.required and not old.server and not old.computed) or filled:
            rows = (Rows(before.qname, "null", (old.name,)),)
            place = replace(_of(turned(old, new, after), before), rows=rows, verdicts=_not_sent(new))
            yield place if filled else replace(place, verdicts={"S": "ok"}, rows=())


@change(catalog.FIELD_REQUIRED_TO_OPTIONAL)
def field_required_to_optional(compared: Comparison) -> Iterator[Place]:
    for before, after, old, new in _both(compared):
        if _nullable(compared, new, False) and not _nullable(compared, old, True):
            yield _of(turned(old, new, after), before)
        elif new.optional and not old.optional and _nullable(compared, new, False):
            # Answers have null there, as before; the types of TypeScript also let it be absent.
            yield replace(_of(turned(old, new, after), before), verdicts={"W": "ok", "S": "ok"})


def _nullable(compared: Comparison, field: Field, is_old: bool) -> bool:
    program = compared.old if is_old else compared.new
    return field.nullable or isinstance(unfolded(program, field.type), Nullable)


@change(catalog.DEFAULT_CHANGE)
def default_change(compared: Comparison) -> Iterator[Place]:
    for before, after, old, new in _both(compared):
        if old.default is not None and not new.required and old.default != new.default:
            values = {"old": default_shown(old.default), "new": default_shown(new.default)}
            yield _of(turned(old, new, after, **values), before)


@change(catalog.DEFAULT_ADD)
def default_add(compared: Comparison) -> Iterator[Place]:
    for before, after, old, new in _both(compared):
        if old.default is None and new.default is not None:
            yield _of(turned(old, new, after, new=default_shown(new.default)), before)


# --- types ------------------------------------------------------------------------------------------------------


@change(catalog.INTEGER_WIDEN)
def integer_widen(compared: Comparison) -> Iterator[Place]:
    yield from _retyped(compared, "wider")


@change(catalog.TYPE_CHANGE)
def type_change(compared: Comparison) -> Iterator[Place]:
    yield from _retyped(compared, "other")


def _retyped(compared: Comparison, wanted: str) -> Iterator[Place]:
    for before, after, old, new in _both(compared):
        was = plain(unfolded(compared.old, old.type, compared.renamed))
        now = plain(unfolded(compared.new, new.type))
        if relation(was, now) == wanted:
            yield _of(turned(old, new, after, old=shown(was), new=shown(now)), before)


# --- notes ------------------------------------------------------------------------------------------------------


@change(catalog.IMMUTABLE_ADD)
def immutable_add(compared: Comparison) -> Iterator[Place]:
    yield from (place for place, old, new in _noted(compared) if new.immutable and not old.immutable)


@change(catalog.IMMUTABLE_DELETE)
def immutable_delete(compared: Comparison) -> Iterator[Place]:
    yield from (place for place, old, new in _noted(compared) if old.immutable and not new.immutable)


@change(catalog.SET_ONCE_ADD)
def set_once_add(compared: Comparison) -> Iterator[Place]:
    yield from (place for place, old, new in _noted(compared) if new.set_once and not old.set_once)


@change(catalog.SET_ONCE_DELETE)
def set_once_delete(compared: Comparison) -> Iterator[Place]:
    yield from (place for place, old, new in _noted(compared) if old.set_once and not new.set_once)


@change(catalog.SERVER_ADD)
def server_add(compared: Comparison) -> Iterator[Place]:
    yield from (place for place, old, new in _noted(compared) if new.server and not old.server)


@change(catalog.SERVER_DELETE)
def server_delete(compared: Comparison) -> Iterator[Place]:
    yield from (place for place, old, new in _noted(compared) if old.server and not new.server)


@change(catalog.SENSITIVE_ADD)
def sensitive_add(compared: Comparison) -> Iterator[Place]:
    yield from (place for place, old, new in _noted(compared) if new.sensitive and not old.sensitive)


@change(catalog.SENSITIVE_DELETE)
def sensitive_delete(compared: Comparison) -> Iterator[Place]:
    yield from (place for place, old, new in _noted(compared) if old.sensitive and not new.sensitive)


def _noted(compared: Comparison) -> Iterator[tuple[Place, Field, Field]]:
    for before, after, old, new in _both(compared):
        yield _of(turned(old, new, after), before), old, new


def _named(name: str, before: Member, after: Member) -> Place:
    return Place(after.span, before.span, f"{after.name}.{name}", {"name": name, "owner": after.name})
