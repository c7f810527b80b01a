"""OS65x and OS66x: changes of stored objects."""

from codegen.source.changes import ChangeRule

ROOTOBJECT_ADD = ChangeRule(
    "OS650",
    "warning",
    "{name!r} is stored now",
    why="""\
Methods and a table come, nothing goes.
""",
    name="ROOTOBJECT_ADD",
    storage="migration",
)
ROOTOBJECT_DELETE = ChangeRule(
    "OS651",
    "error",
    "{name!r} is no longer stored",
    fix="keep [rootobject]",
    why="""\
Its methods and its table go.
""",
    name="ROOTOBJECT_DELETE",
    wire="breaking",
    storage="breaking",
    source="breaking",
)
INDEX_ADD = ChangeRule(
    "OS652",
    "warning",
    "index ({name}) was added to {owner!r}",
    why="""\
A migration builds it.
""",
    name="INDEX_ADD",
    storage="migration",
)
INDEX_DELETE = ChangeRule(
    "OS653",
    "error",
    "index ({name}) of {owner!r} was deleted",
    fix="keep the index",
    why="""\
`find` no longer takes as a filter what has no other index.
""",
    name="INDEX_DELETE",
    wire="breaking",
    storage="migration",
)
UNIQUE_ADD = ChangeRule(
    "OS654",
    "error",
    "({name}) of {owner!r} must be unique now",
    fix="keep the index plain",
    why="""\
Old senders send what is refused as a duplicate; rows may hold duplicates.
""",
    name="UNIQUE_ADD",
    wire="breaking",
    storage="breaking",
    side="in",
    rows=True,
)
UNIQUE_DELETE = ChangeRule(
    "OS655",
    "warning",
    "({name}) of {owner!r} need not be unique any more",
    why="""\
Whatever was accepted still is.
""",
    name="UNIQUE_DELETE",
    storage="migration",
)
APPEND_ONLY_ADD = ChangeRule(
    "OS656",
    "error",
    "{name!r} is append_only now",
    fix="leave it changeable",
    why="""\
`set`, `patch` and `delete` are gone.
""",
    name="APPEND_ONLY_ADD",
    wire="breaking",
    source="breaking",
)
APPEND_ONLY_DELETE = ChangeRule(
    "OS657",
    "error",
    "{name!r} is no longer append_only",
    fix="leave it append_only",
    why="""\
What was promised never to change may change from now on.
""",
    name="APPEND_ONLY_DELETE",
    storage="breaking",
)
CRUD_NARROW = ChangeRule(
    "OS658",
    "error",
    "{name!r} is no longer offered",
    fix="keep the verb in crud(…), as deprecated",
    why="""\
Calls to it are refused, and clients have no such method.
""",
    name="CRUD_NARROW",
    wire="breaking",
    source="breaking",
)
CRUD_WIDEN = ChangeRule(
    "OS659",
    "warning",
    "{name!r} is offered now",
    why="""\
A new method; nobody relies on it yet.
""",
    name="CRUD_WIDEN",
)
WIRE_RENAME = ChangeRule(
    "OS660",
    "error",
    "the wire name {old!r} is now {name!r}",
    fix='keep it by [wire("{old}")]',
    why="""\
For callers every method of the old name is gone.
""",
    name="WIRE_RENAME",
    wire="breaking",
    source="breaking",
)
TABLE_RENAME = ChangeRule(
    "OS661",
    "warning",
    "the table of {owner!r} was {old!r} and is {name!r} now",
    why="""\
A migration renames it.
""",
    name="TABLE_RENAME",
    storage="migration",
)
OWNER_CHANGE = ChangeRule(
    "OS662",
    "error",
    "the owner of {owner!r} was {old} and is {name} now",
    fix="keep the owner",
    why="""\
Those who could read and write an object by `own` no longer can, and others can: somebody has to want that.
""",
    name="OWNER_CHANGE",
    wire="breaking",
)
PRINCIPAL_CHANGE = ChangeRule(
    "OS663",
    "error",
    "the principal was {old} and is {name} now",
    fix="keep the principal",
    why="""\
Sessions and keys speak of objects of the old type: somebody has to want that.
""",
    name="PRINCIPAL_CHANGE",
    wire="breaking",
)
