"""The nine CRUD methods of each root object, as the dispatcher takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, NotRequired, Required, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic_core import SchemaValidator
from typing_extensions import TypedDict

from codegen.runtime.context import Context
from codegen.runtime.errors import Conflict, Forbidden, InUse, InvalidParams, NotFound
from codegen.runtime.rpc.answers import as_json
from codegen.runtime.rpc.method import Method, Place
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import UnknownReference
from codegen.runtime.storage.hooks import Hooks, OnWrite, Write
from codegen.runtime.storage.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from codegen.runtime.storage.store import Store
from codegen.runtime.storage.stored_type import Row, StoredType, Values
from codegen.runtime.values.input_names import reading_old
from codegen.runtime.values.types import U64, Sid

AnyStored = StoredType[Any, Any, Any, Any]
Params = dict[str, Any]
SAFE = frozenset({"get", "list", "list_full", "exists", "find"})
SHORT = frozenset({"get", "exists"})
"""Those of them that read one row."""

_ERRORS: Mapping[str, tuple[type[Exception], ...]] = {
    "new": (Conflict, Forbidden),
    "get": (NotFound,),
    "set": (Conflict, Forbidden),
    "patch": (NotFound, Conflict, Forbidden),
    "delete": (NotFound, InUse),
}


def methods(
    stored: Iterable[AnyStored],
    database: Database,
    hooks: Iterable[Hooks[Any]] = (),
    on_admin_write: OnWrite | None = None,
) -> list[Method]:
    """The methods that each of `stored` offers, over `database`; `on_admin_write` sees each write by an `admin`.

    Raises `LookupError` where a `@computed` field has no function, `ValueError` for hooks given twice.
    """
    by_type: dict[int, Hooks[Any]] = {}
    for each in hooks:
        if by_type.setdefault(id(each.type), each) is not each:
            raise ValueError(f"{each.type.name} has hooks twice")
    return [
        method
        for type in stored
        for method in _Crud(type, database, by_type.get(id(type)) or Hooks(type=type), on_admin_write).methods()
    ]


class _Crud:
    """The methods of one type. Where no hook asks for more, a read goes from its row to JSON without a model."""

    def __init__(self, type: AnyStored, database: Database, hooks: Hooks[Any], on_admin_write: OnWrite | None) -> None:
        self.type = type
        self.store = Store.of(type, database)
        self.database = database
        self.hooks = hooks
        self.on_admin_write = on_admin_write
        self.own = type.owner if type.auth == "own" else None
        self.ignored = tuple(f.name for f in type.fields if f.server) + type.computed
        self.sensitive = {f.name for f in type.fields if f.sensitive}
        self.plain = hooks.post_get is None and not type.computed
        self.show = self._show_row if self.plain else self._show_model

    def methods(self) -> Iterable[Method]:
        for verb in self.type.crud:
            name = f"{self.type.wire}.{verb}"
            params, names = _params(self.type, verb)
            yield Method(
                name=name,
                aliases=(f"{self.type.alias}_{verb}",),
                params=params,
                param_names=names,
                auth=self.type.auth,
                call=getattr(self, verb),
                encode=as_json,
                transaction="none",
                safe=verb in SAFE,
                place=self._place(verb),
                errors=_ERRORS.get(verb, ()),
            )

    def _place(self, verb: str) -> Place:
        if verb not in SAFE:
            return Place.WRITE
        return Place.SHORT if verb in SHORT and self.hooks.post_get is None else Place.READ

    # --- reading ----------------------------------------------------------------------------------------------

    def get(self, context: Context, params: Params) -> Any:
        owner = self._owner(context)
        sql = self.store.sql
        rows = (
            self.database.execute(sql.select, (params["sid"],))
            if owner is None
            else self.database.execute(sql.select_own, (params["sid"], owner))
        )
        if not rows:
            raise NotFound
        return self.show(context, rows[0])

    def exists(self, context: Context, params: Params) -> bool:
        owner = self._owner(context)
        sql = self.store.sql
        if owner is None:
            return bool(self.database.execute(sql.exists, (params["sid"],)))
        return bool(self.database.execute(sql.exists_own, (params["sid"], owner)))

    def list(self, context: Context, params: Params) -> Page[str]:
        sql = self.store.sql
        rows, limit = self._page(context, params, sql.page_sids, lambda: sql.page_sids_own)
        return self.store.page([row[0] for row in rows[:limit]], rows, limit)

    def list_full(self, context: Context, params: Params) -> Page[Any]:
        sql = self.store.sql
        rows, limit = self._page(context, params, sql.page, lambda: sql.page_own)
        return self.store.page(self._listed(context, rows[:limit]), rows, limit)

    def find(self, context: Context, params: Params) -> Page[Any]:
        limit, filter = params.get("limit") or DEFAULT_LIMIT, params["filter"]
        after = self.store.after(params.get("cursor"), filter)
        rows = self.store.find_rows(filter, after, limit + 1, self._owner(context))
        return self.store.page(self._listed(context, rows[:limit]), rows, limit, filter)

    def _page(self, context: Context, params: Params, text: str, own_text: Callable[[], str]) -> tuple[Any, int]:
        """Rows of a page, and one more where there is a next one."""
        limit = params.get("limit") or DEFAULT_LIMIT
        after, owner = self.store.after(params.get("cursor")), self._owner(context)
        if owner is None:
            return self.database.execute(text, (after, limit + 1)), limit
        return self.database.execute(own_text(), (owner, after, limit + 1)), limit

    def _listed(self, context: Context, rows: Sequence[Row]) -> Sequence[Any]:
        items = (
            list(map(self.store.to_json, rows))
            if self.plain  # PERF: half of what a page costs is per row
            else [self.show(context, row) for row in rows]
        )
        for name in self.sensitive:
            for item in items:
                del item[name]
        return items

    def _show_row(self, context: Context, row: Row) -> Any:
        return self.store.to_json(row)

    def _show_model(self, context: Context, row: Row) -> Any:
        return self._shown(context, self.store.object(self.store.decode(row)))

    def _shown(self, context: Context, model: Any) -> dict[str, Any]:
        """A model as its JSON's values, with what `post_get` makes of it."""
        if self.hooks.post_get is not None:
            model = self.hooks.post_get(context, model) or model
        shown: dict[str, Any] = model.model_dump(mode="json")
        return shown

    # --- writing ----------------------------------------------------------------------------------------------

    def new(self, context: Context, params: Params) -> Any:
        values = self._input(context, params["data"], filled=True)
        complete, reason = self.store.complete(values, context.clock.now()), self._reason(context, params)
        if not (self.hooks.pre_new or self.hooks.post_new or self._seen(context)):
            return self.show(context, self._refer(lambda: self.store.insert(complete)))

        def work() -> Row:
            kept = complete
            if self.hooks.pre_new is not None:
                kept = self._after_hook(kept, lambda model: self.hooks.pre_new and self.hooks.pre_new(context, model))
            row = self.store.insert(kept)
            if self.hooks.post_new is not None:
                self.hooks.post_new(context, self.store.object(kept))
            self._tell(context, "new", None, kept, reason)
            return row

        return self.show(context, self._refer(lambda: self.database.run(work)))

    def set(self, context: Context, params: Params) -> Any:
        values = self._input(context, params["data"], filled=True)
        now, rev, reason = context.clock.now(), params.get("rev"), self._reason(context, params)

        def work() -> Values:
            old = self._locked(context, values["sid"], rev, missing=None) if "sid" in values else None
            if old is None:
                if rev is not None:
                    raise Conflict("there is no object with this sid and rev")
                return self._write(context, "set", None, self.store.complete(values, now), reason)
            return self._write(context, "set", old, self.store.replacement(values, now), reason)

        return self.show(context, self.store.row(self._refer(lambda: self.database.run(work))))

    def patch(self, context: Context, params: Params) -> Any:
        changes, reason = self._input(context, params["data"], filled=False), self._reason(context, params)

        def work() -> Values:
            old = self._locked(context, params["sid"], params.get("rev"), missing=NotFound)
            assert old is not None
            return self._write(context, "patch", old, changes, reason)

        return self.show(context, self.store.row(self._refer(lambda: self.database.run(work))))

    def delete(self, context: Context, params: Params) -> None:
        sid, reason = params["sid"], self._reason(context, params)
        hooked = self.hooks.pre_delete or self.hooks.post_delete
        if self._owner(context) is None and not (hooked or self._seen(context)):
            self.store.delete(sid)
            return

        def work() -> None:
            old = self._locked(context, sid, None, missing=NotFound)
            assert old is not None
            model = self.store.object(old)
            if self.hooks.pre_delete is not None:
                self.hooks.pre_delete(context, model)
            self.store.delete(sid)
            if self.hooks.post_delete is not None:
                self.hooks.post_delete(context, model)
            self._tell(context, "delete", old, None, reason)

        self.database.run(work)

    def _write(self, context: Context, verb: str, old: Values | None, changes: Values, reason: str | None) -> Values:
        """Keep a new object, or changes of a locked one, with the hooks of `set`."""
        before = self.store.object(old) if old is not None and (self.hooks.pre_set or self.hooks.post_set) else None
        if self.hooks.pre_set is not None:
            changes = self._after_hook(
                {**(old or {}), **changes},
                lambda model: self.hooks.pre_set and self.hooks.pre_set(context, before, model),
            )
            changes = changes if old is None else {name: value for name, value in changes.items() if name != "rev"}
        if old is None:
            self.store.insert(changes)
            new = changes
        else:
            new = self.store.write(old, changes)[1]
        if self.hooks.post_set is not None:
            self.hooks.post_set(context, before, self.store.object(new))
        self._tell(context, verb, old, new, reason)
        return new

    def _seen(self, context: Context) -> bool:
        return self.on_admin_write is not None and context.caller.scope == "admin"

    def _reason(self, context: Context, params: Params) -> str | None:
        """Why the caller writes, where that is said. Raises `InvalidParams` where nobody keeps it."""
        reason: str | None = params.get("reason")
        if reason is not None and not self._seen(context):
            raise InvalidParams("reason", "Nobody keeps why this is written", "reason_not_kept")
        return reason

    def _tell(
        self, context: Context, verb: str, before: Values | None, after: Values | None, reason: str | None
    ) -> None:
        if self.on_admin_write is not None and context.caller.scope == "admin":
            kept = before if after is None else after
            assert kept is not None, "a write begins or ends with an object"
            self.on_admin_write(context, Write(self.type, verb, kept["sid"], before, after, reason))

    def _after_hook(self, values: Values, hook: Callable[[Any], Any]) -> Values:
        """The stored values of the object that a hook left or returned."""
        model = self.type.model.trusted(values)
        return {**self.type.values_of(hook(model) or model), **({"rev": values["rev"]} if "rev" in values else {})}

    # --- callers ----------------------------------------------------------------------------------------------

    def _owner(self, context: Context) -> str | None:
        """Whose rows the caller is limited to; None for all."""
        return None if self.own is None or context.caller.scope == "admin" else context.caller.sid

    def _input(self, context: Context, data: Params, *, filled: bool) -> Values:
        """What the caller may write; `filled`: an object whose owner is the caller unless said."""
        values = {name: value for name, value in data.items() if name not in self.ignored}
        owner = self._owner(context)
        if owner is not None and self.own is not None:
            if filled:
                values.setdefault(self.own, owner)
            if values.get(self.own, owner) != owner:
                raise Forbidden
        elif filled and self.own is not None and self.own != "sid" and self.own not in values:
            raise InvalidParams(f"data.{self.own}", "Field required", "missing")
        return values

    def _locked(self, context: Context, sid: str, rev: int | None, missing: type[NotFound] | None) -> Values | None:
        """The object to be written. Of another owner: as if it were not there, and its sid as if it were taken."""
        try:
            values = self.store.locked(sid, None)
        except NotFound:
            values = None
        owner = self._owner(context)
        if values is not None and owner is not None and self.own is not None and values[self.own] != owner:
            if missing is None:
                raise Conflict
            values = None
        if values is None:
            if missing is not None:
                raise missing
            return None
        if rev is not None and rev != values["rev"]:
            raise Conflict(f"the object was changed: its rev is {values['rev']}")
        return values

    def _refer(self, work: Callable[[], Any]) -> Any:
        """A reference to nothing is the caller's mistake."""
        try:
            return work()
        except UnknownReference as error:
            name = error.fields[0] if error.fields else ""
            raise InvalidParams(f"data.{name}".rstrip("."), "there is no object with this sid", "reference") from error


# --- parameters -------------------------------------------------------------------------------------------------

Limit = Annotated[int, Field(strict=True, ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str, Field(strict=True, max_length=100)]
WriteReason = Annotated[str, Field(strict=True, min_length=1, max_length=500)]
_CLOSED = ConfigDict(extra="forbid")


class _OneParams(TypedDict):
    sid: Sid


class _DeleteParams(TypedDict):
    sid: Sid
    reason: NotRequired[WriteReason | None]


class _ListParams(TypedDict):
    limit: NotRequired[Limit | None]
    cursor: NotRequired[Cursor | None]


@cache
def _params(type: AnyStored, verb: str) -> tuple[SchemaValidator, tuple[str, ...]]:
    """What validates the parameters of a CRUD method, and their names in the order of params by position."""
    declared = _declared_params(type, verb)
    validator = TypeAdapter(_closed(declared)).validator
    assert isinstance(validator, SchemaValidator)
    return validator, tuple(declared.__annotations__)


def _declared_params(type: AnyStored, verb: str) -> Any:
    """The parameters of a CRUD method as a `TypedDict`."""
    if verb in ("get", "exists"):
        return _OneParams
    if verb == "delete":
        return _DeleteParams
    if verb in ("list", "list_full"):
        return _ListParams
    name = f"{type.name}_{verb}"
    if verb == "find":
        return TypedDict(
            name,
            {  # type: ignore[operator]
                "filter": reading_old(_closed(type.filter), _old_names(type, type.filter)),
                "limit": NotRequired[Limit | None],
                "cursor": NotRequired[Cursor | None],
            },
        )
    fields: dict[str, Any] = {"sid": Sid} if verb == "patch" else {}
    fields["data"] = _input_type(type, type.patch if verb == "patch" else type.new)
    if verb != "new":
        fields["rev"] = NotRequired[U64 | None]
    fields["reason"] = NotRequired[WriteReason | None]
    return TypedDict(name, fields)  # type: ignore[operator]


def _input_type(type: AnyStored, declared: Any) -> Any:
    """The declared input, where `@server` and `@computed` fields take anything and the owner may be left out."""
    hints = get_type_hints(declared, include_extras=True)
    for name in (*(f.name for f in type.fields if f.server), *type.computed):
        hints[name] = NotRequired[Any]
    if type.auth == "own" and type.owner in hints and declared is type.new:
        hints[type.owner] = NotRequired[_bare(hints[type.owner])]
    total = declared.__total__
    closed = _closed(
        TypedDict(
            declared.__name__,
            {  # type: ignore[operator]
                name: hint if total or get_origin(hint) in (NotRequired, Required) else NotRequired[hint]
                for name, hint in hints.items()
            },
        )
    )
    return reading_old(closed, _old_names(type, closed))


def _old_names(type: AnyStored, declared: Any) -> dict[str, str]:
    """Old names of the fields that an input has."""
    return {old: new for old, new in type.old_names.items() if new in declared.__annotations__}


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) in (NotRequired, Required) else hint


def _closed(declared: Any) -> Any:
    declared.__pydantic_config__ = _CLOSED
    return declared
