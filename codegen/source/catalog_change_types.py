"""OS63x and OS64x: changes of types."""

from codegen.source.changes import ChangeRule

TYPE_ADD = ChangeRule(
    "OS630",
    "warning",
    "{what} {name!r} was added",
    why="""\
Nobody relies on it yet.
""",
    name="TYPE_ADD",
    storage="migration",
)
TYPE_DELETE = ChangeRule(
    "OS631",
    "error",
    "{what} {name!r} was deleted",
    fix='keep it as [deprecated("why")] until nobody uses it',
    why="""\
Calls that speak of it are refused, its rows would be lost, and code that names it does not compile.
""",
    name="TYPE_DELETE",
    wire="breaking",
    storage="breaking",
    source="breaking",
)
TYPE_RENAME = ChangeRule(
    "OS632",
    "error",
    "{what} {old!r} is now {name!r}",
    fix='give the wire name it had by [wire("…")], and leave the type\'s name',
    why="""\
Names on the wire and in code follow the type's name. `[was]` moves its table.
""",
    name="TYPE_RENAME",
    wire="breaking",
    storage="migration",
    source="breaking",
)
TYPE_MOVE = ChangeRule(
    "OS633",
    "error",
    "{what} {name!r} moved from module {old!r} to {new!r}",
    fix="leave it where it was and import it",
    why="""\
Code imports it from a module of its own.
""",
    name="TYPE_MOVE",
    source="breaking",
)
TYPE_KIND_CHANGE = ChangeRule(
    "OS634",
    "error",
    "{name!r} was {old} and is {new} now",
    fix="add a type of another name",
    why="""\
Values of the two have nothing in common.
""",
    name="TYPE_KIND_CHANGE",
    wire="breaking",
    storage="breaking",
    source="breaking",
)
ENUM_VALUE_ADD = ChangeRule(
    "OS635",
    "error",
    "{name!r} was added to the closed enum {owner!r}",
    fix="end the enum in `| ...` before readers rely on it",
    why="""\
Old readers do not know the value and refuse the whole answer.
""",
    name="ENUM_VALUE_ADD",
    wire="breaking",
    storage="migration",
    side="out",
)
OPEN_ENUM_VALUE_ADD = ChangeRule(
    "OS636",
    "warning",
    "{name!r} was added to the open enum {owner!r}",
    why="""\
Readers of an open enum keep values that they do not know.
""",
    name="OPEN_ENUM_VALUE_ADD",
)
ENUM_VALUE_DELETE = ChangeRule(
    "OS637",
    "error",
    "{name!r} was deleted from {owner!r}",
    fix="keep the value as @deprecated",
    why="""\
Old senders send it and are refused; rows may hold it; code names its constant.
""",
    name="ENUM_VALUE_DELETE",
    wire="breaking",
    storage="breaking",
    source="breaking",
    rows=True,
)
ENUM_CONSTANT_CHANGE = ChangeRule(
    "OS638",
    "error",
    "the constant of {name!r} of {owner!r} is {new} now, no longer {old}",
    fix="keep its name: @constant({back})",
    why="""\
Code names the constant. On the wire and in rows nothing changes.
""",
    name="ENUM_CONSTANT_CHANGE",
    source="breaking",
)
ENUM_CLOSE = ChangeRule(
    "OS639",
    "error",
    "{owner!r} is a closed enum now",
    fix="leave `| ...` at its end",
    why="""\
Values that were accepted and kept so far are refused; rows may hold them; the type in code is another.
""",
    name="ENUM_CLOSE",
    wire="breaking",
    storage="breaking",
    source="breaking",
    rows=True,
)
ENUM_OPEN = ChangeRule(
    "OS640",
    "error",
    "{owner!r} is an open enum now",
    fix="add an enum of another name",
    why="""\
Values are plain text in code now, not constants of the enum.
""",
    name="ENUM_OPEN",
    storage="migration",
    source="breaking",
)
UNION_MEMBER_ADD = ChangeRule(
    "OS641",
    "error",
    "{name!r} was added to the union {owner!r}",
    fix="answer with the new member only where callers ask for it",
    why="""\
Old readers do not know its tag and refuse the whole answer.
""",
    name="UNION_MEMBER_ADD",
    wire="breaking",
    storage="migration",
    side="out",
)
UNION_MEMBER_DELETE = ChangeRule(
    "OS642",
    "error",
    "{name!r} was deleted from the union {owner!r}",
    fix="keep the member as deprecated",
    why="""\
Old senders send it and are refused; rows may hold it; code names it.
""",
    name="UNION_MEMBER_DELETE",
    wire="breaking",
    storage="breaking",
    source="breaking",
)
UNION_TAG_CHANGE = ChangeRule(
    "OS643",
    "error",
    "the tag of {owner!r} was {old!r} and is {new!r} now",
    fix='keep the tag by [tag("{old}")]',
    why="""\
Every value on the wire and in rows carries the old tag.
""",
    name="UNION_TAG_CHANGE",
    wire="breaking",
    storage="breaking",
)
ERROR_GROUP_DELETE = ChangeRule(
    "OS644",
    "error",
    "the error group {name!r} was deleted",
    fix="keep the group",
    why="""\
Code that catches the group does not compile.
""",
    name="ERROR_GROUP_DELETE",
    source="breaking",
)
ALIAS_DELETE = ChangeRule(
    "OS645",
    "error",
    "the alias {name!r} was deleted",
    fix="keep the alias",
    why="""\
Code that names it does not compile. Values stay what they are.
""",
    name="ALIAS_DELETE",
    source="breaking",
)
DEPRECATE = ChangeRule(
    "OS646",
    "warning",
    "{name!r} is deprecated: {why}",
    why="""\
It works as before; callers should move on.
""",
    name="DEPRECATE",
)
