"""The table of notes: what may stand where with which arguments; the checker and the reference read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Place = Literal[
    "struct",
    "enum",
    "union",
    "alias",
    "error group",
    "error",
    "event",
    "service",
    "interface",
    "webhook",
    "field",
    "data field",
    "enum value",
    "union member",
    "method",
    "interface method",
    "parameter",
]
"""`field` is one of a struct, `data field` one of an error or event. An alias has those before it and those after."""
Kind = Literal["string", "int", "bound", "word", "any"]
"""Of an argument: `bound` is a number or a string, `word` a bare name."""

_DECLARATIONS: tuple[Place, ...] = (
    "struct",
    "enum",
    "union",
    "alias",
    "error group",
    "error",
    "event",
    "service",
    "interface",
    "webhook",
)
_FIELDS: tuple[Place, ...] = ("field", "data field")
_METHODS: tuple[Place, ...] = ("method", "interface method")
_ALL: tuple[Place, ...] = (*_DECLARATIONS, *_FIELDS, "enum value", *_METHODS, "parameter")


@dataclass(frozen=True, slots=True)
class NoteSpec:
    """`arguments` stand in this order, the last `optional` of them may be left out, `rest` may follow in any number.

    `named` may follow by name. `meaning` is for people, `usage` an example of the right form, for messages.
    """

    name: str
    meaning: str
    usage: str
    places: Sequence[Place]
    arguments: tuple[Kind, ...] = ()
    optional: int = 0
    rest: Kind | None = None
    named: Mapping[str, Kind] = field(default_factory=dict)
    any_named: bool = False
    repeats: bool = False


TABLE: dict[str, NoteSpec] = {
    spec.name: spec
    for spec in (
        NoteSpec(
            "rootobject", "the type is stored: a table, CRUD methods, a `sid` and a `rev`", "rootobject", ("struct",)
        ),
        NoteSpec(
            "principal", "the root object whose sid a signed-in caller has; one in a program", "principal", ("struct",)
        ),
        NoteSpec(
            "append_only",
            "rows are never changed or deleted: no set, patch, delete; the database refuses them",
            "append_only",
            ("struct",),
        ),
        NoteSpec(
            "wire",
            "the name on the wire, where it should not follow from the name in the schema",
            'wire("name")',
            ("struct", "service"),
            ("string",),
        ),
        NoteSpec("table", "the name of the table", 'table("name")', ("struct",), ("string",)),
        NoteSpec(
            "crud",
            "the CRUD methods that are offered; all, where it does not stand",
            "crud(get, list) or crud(none)",
            ("struct",),
            ("word",),
            rest="word",
        ),
        NoteSpec(
            "index",
            "`find` takes the fields as a filter",
            "index(a, b) before a declaration, @index after a field",
            ("struct", "field"),
            rest="word",
            repeats=True,
        ),
        NoteSpec(
            "unique",
            "no two objects hold the same; an index too",
            "unique(a, b) before a declaration, @unique after a field",
            ("struct", "field"),
            rest="word",
            repeats=True,
        ),
        NoteSpec(
            "auth",
            "who may call: the scope of CRUD, of all methods of a service, or of one method",
            "auth(scope), with one of public, user, own, node, admin",
            ("struct", "service", "method"),
            ("word",),
        ),
        NoteSpec(
            "version",
            "the version of a service; from major version 2 on it stands in wire names",
            'version("1.0")',
            ("service",),
            ("string",),
        ),
        NoteSpec(
            "tag",
            "the field that tells the members of a union apart on the wire; `type` where it does not stand",
            'tag("kind")',
            ("union",),
            ("string",),
        ),
        NoteSpec(
            "reserved",
            "names of fields that are gone and must not come back; their data is dropped by the next migration",
            'reserved("old_field")',
            ("struct",),
            ("string",),
            rest="string",
            repeats=True,
        ),
        NoteSpec(
            "was",
            "the name it had before: data is moved, and of fields and parameters the old name is still read",
            'was("old_name")',
            (*_DECLARATIONS[:-1], *_FIELDS, *_METHODS, "parameter"),
            ("string",),
        ),
        NoteSpec(
            "deprecated",
            "still works, and callers are told what to use instead",
            'deprecated("why", since="1.2")',
            _ALL,
            ("string",),
            optional=1,
            named={"since": "string"},
        ),
        NoteSpec("since", "the version it came with", 'since("1.1")', _ALL, ("string",)),
        NoteSpec("immutable", "set when the object is made, never changed", "@immutable", ("field",)),
        NoteSpec("set_once", "from null to a value once, then never changed", "@set_once", ("field",)),
        NoteSpec("server", "filled by the server; what callers send is ignored", "@server", ("field",)),
        NoteSpec("computed", "filled when it is read, not stored", "@computed", ("field",)),
        NoteSpec("sensitive", "redacted in logs and `repr`, left out of `list_full`", "@sensitive", _FIELDS),
        NoteSpec(
            "owner",
            "the reference to the principal whom the object belongs to, where there are several",
            "@owner",
            ("field",),
        ),
        NoteSpec("min", "the least value, inclusive", "@min(0)", (*_FIELDS, "alias"), ("bound",)),
        NoteSpec("max", "the greatest value, inclusive", "@max(100)", (*_FIELDS, "alias"), ("bound",)),
        NoteSpec("len", "the least and the greatest length", "@len(0, 80)", (*_FIELDS, "alias"), ("int", "int")),
        NoteSpec(
            "regex", "a pattern that the whole text matches", '@regex("[a-z]+")', (*_FIELDS, "alias"), ("string",)
        ),
        NoteSpec(
            "constant",
            "the name of the value's constant in generated code, where it should not follow from the value",
            '"<" @constant(less)',
            ("enum value",),
            ("word",),
        ),
        NoteSpec("safe", "writes nothing; clients repeat it by themselves", "@safe", _METHODS),
        NoteSpec(
            "idempotent",
            "the parameter that names the call: the same key gives the same outcome and one effect",
            "@idempotent(param)",
            _METHODS,
            ("word",),
        ),
        NoteSpec("audit", "each call is written to the audit log", "@audit", ("method",)),
        NoteSpec(
            "same",
            "fields of the answer that, where it tells them, are those of the arguments; checked by the kit",
            "@same(session_ref)",
            ("interface method",),
            ("word",),
            rest="word",
        ),
        NoteSpec(
            "deadline",
            "seconds within which every call comes back; checked by the kit",
            "@deadline(30)",
            ("interface method",),
            ("int",),
        ),
        NoteSpec("offline", "uses no network; checked by the kit", "@offline", ("interface method",)),
        NoteSpec(
            "paged",
            "answers page by page, from `next_cursor` to `cursor`, to an end, and nothing twice; checked by the kit",
            "@paged",
            ("interface method",),
        ),
        NoteSpec(
            "signed",
            "how the sender signs, checked before anything is read",
            '@signed(scheme, header="Name")',
            ("webhook",),
            ("word",),
            rest="any",
            any_named=True,
        ),
    )
}
