"""The language as a reference: its types, notes, scopes and CRUD methods, from the tables that the checker reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from codegen.model import CRUD_VERBS, CrudVerb, Scope
from codegen.model.note_table import TABLE, NoteSpec
from codegen.model.primitives import PRIMITIVES, PrimitiveSpec

_SCOPES: Mapping[Scope, str] = {
    "public": "anybody, without signing in",
    "user": "whoever is signed in as a principal",
    "own": "the principal that the object belongs to; on a service method, whoever is signed in",
    "node": "a registered node, by its key",
    "admin": "whoever has the admin secret; the scope where none is written",
}
_VERBS: Mapping[CrudVerb, tuple[str, str]] = {
    "new": ("new(data, reason?)", "makes an object and answers it"),
    "get": ("get(sid)", "answers one object"),
    "set": ("set(data, rev?, reason?)", "replaces an object, or makes it where its sid is new"),
    "patch": ("patch(sid, data, rev?, reason?)", "changes the given fields; a stale `rev` is `conflict`"),
    "delete": ("delete(sid, reason?)", "deletes an object; one that others refer to is `in_use`"),
    "list": ("list(limit?, cursor?)", "answers sids, page by page"),
    "list_full": ("list_full(limit?, cursor?)", "answers objects, page by page, without @sensitive fields"),
    "exists": ("exists(sid)", "answers whether there is such an object"),
    "find": ("find(filter, limit?, cursor?)", "answers objects whose indexed fields have these values"),
}
_COMPOSITES = (
    ("&T", "a reference to a root object", "str", "foreign key", "string"),
    ("[T]", "a list", "list", "JSON", "array"),
    ("map<K, V>", "a map; keys are str, sid, uuid, integers, enums, and aliases of these", "dict", "JSON", "object"),
    ('"a" | "b"', "an enum; `| ...` at its end keeps unknown values", "StrEnum (open: str)", "char", "string"),
    ("A | B", "a tagged union of structs", "a union of models", "JSON", "object with a tag"),
    ("{ … }", "a struct", "a model", "JSON", "object"),
    ("T?", "may be null; `name?:` may be absent, too", "T | None", "may be NULL", "or null"),
)
_DEFAULTS = (
    ("numbers", '`= 5`; decimal and money as a string or a whole number, `= "0.5"`'),
    ("text, enums", '`= "text"`; a value of an enum bare or in quotes'),
    ("otime, datetime, date", "`= now`, the time at which the object is made"),
    ("lists, maps", "`= []`, `= {}`"),
    ("what may be null", "`= null`"),
)
TOPICS: Mapping[str, str] = {
    "types": "Types",
    "notes": "Notes",
    "scopes": "Scopes",
    "crud": "CRUD methods",
    "events": "Events",
    "wire": "Wire names",
    "defaults": "Defaults",
}


def topic(name: str) -> str | None:
    """The reference of a topic, a type or a note; None where there is no such thing."""
    bare = name.lower().lstrip("@").strip("[]")
    if name.lower() in TOPICS:
        return f"## {TOPICS[name.lower()]}\n\n{_WRITERS[name.lower()]()}"
    if bare in PRIMITIVES:
        return _type(bare, PRIMITIVES[bare])
    if bare in TABLE:
        return _note(TABLE[bare])
    return None


def page() -> str:
    """The whole reference."""
    head = (
        "# The schema language\n\n"
        "Made from the tables that the checker reads; `oschema explain TOPIC` prints a part of it, and\n"
        "`oschema explain NAME` one type or note.\n"
    )
    return head + "".join(f"\n## {title}\n\n{_WRITERS[name]()}" for name, title in TOPICS.items())


def _type(name: str, spec: PrimitiveSpec) -> str:
    return (
        f"{name}: {spec.meaning}\n\n"
        f"    Python  {spec.python}\n    column  {spec.column}\n    JSON    {spec.json.replace('`', '')}\n"
    )


def _note(spec: NoteSpec) -> str:
    return f"{spec.name}: {spec.meaning}\n\n    write   {spec.usage}\n    stands  {_places(spec)}\n"


def _places(spec: NoteSpec) -> str:
    """Before declarations in brackets, behind members with @."""
    return ", ".join(dict.fromkeys(_PLURALS.get(place, f"{place}s") for place in spec.places))


_PLURALS = {"alias": "aliases", "data field": "fields of errors and events"}


def _types() -> str:
    rows = [(f"`{name}`", spec.meaning, spec.python, spec.column, spec.json) for name, spec in PRIMITIVES.items()]
    more = [(f"`{written}`", *rest) for written, *rest in _COMPOSITES]
    return _table(("type", "values", "Python", "column", "JSON"), [*rows, *more])


def _notes() -> str:
    intro = "Before a declaration notes stand in brackets (`[rootobject]`), behind a member with @ (`@unique`).\n\n"
    rows = [(f"`{spec.name}`", spec.meaning, f"`{spec.usage}`", _places(spec)) for spec in TABLE.values()]
    return intro + _table(("note", "meaning", "written", "on"), rows)


def _scopes() -> str:
    return _table(("scope", "who may call"), [(f"`{name}`", text) for name, text in _SCOPES.items()])


def _crud() -> str:
    intro = (
        "Every root object has these, unless `crud(…)` names fewer; `append_only` ones have no set, patch, delete.\n"
        "`reason` is why an operator writes: it goes with the write to whoever records operators' writes, and is\n"
        "refused where nobody does.\n\n"
    )
    return intro + _table(("method", "effect"), [(f"`{_VERBS[verb][0]}`", _VERBS[verb][1]) for verb in CRUD_VERBS])


def _events() -> str:
    return (
        "`event Name { … }` declares what a program may announce: the shape, and no more. It has a model, a JSON\n"
        "Schema (`x-events` lists them), a strategy for tests, a place in the reference, and its changes are judged\n"
        "like those of any type. Nothing is sent or stored because it is declared: a program that announces builds\n"
        "the model and sends it by means of its own.\n"
    )


def _wire() -> str:
    return _table(
        ("written", "called"),
        [
            ("`UsageRecord`, CRUD", "`usage_record.new`; `usage_record_new` is read too"),
            ("`BillingService { plan_buy(…) }`", "`billing.plan_buy`; `BillingService.plan_buy` is read too"),
            ('`[version("2.0")] BillingService`', "`billing.v2.plan_buy`"),
            ('`[wire("money")] BillingService`', "`money.plan_buy`"),
        ],
    )


def _defaults() -> str:
    return _table(("of", "written"), _DEFAULTS)


_WRITERS: Mapping[str, Callable[[], str]] = {
    "types": _types,
    "notes": _notes,
    "scopes": _scopes,
    "crud": _crud,
    "events": _events,
    "wire": _wire,
    "defaults": _defaults,
}


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
