"""OS60x to OS62x, OS708 and OS709: changes of fields."""

from codegen.source.changes import ChangeRule

FIELD_ADD_OPTIONAL = ChangeRule(
    "OS601",
    "warning",
    "field {name!r} was added to {owner!r}; it may be left out",
    why="""\
Old senders leave the field out, old readers do not look at it, old rows get its default or stay empty.
""",
    name="FIELD_ADD_OPTIONAL",
    storage="migration",
)
FIELD_ADD_REQUIRED = ChangeRule(
    "OS602",
    "error",
    "field {name!r} was added to {owner!r} and must be given",
    fix="write `{name}?:` or give it a default",
    why="""\
Old senders do not know the field: every call they make is refused, unless the server fills it in. Old rows have no
value for it, and code that makes the object does not pass it.
""",
    name="FIELD_ADD_REQUIRED",
    wire="breaking",
    storage="breaking",
    source="breaking",
    side="in",
)
FIELD_DELETE = ChangeRule(
    "OS603",
    "error",
    "field {name!r} of {owner!r} was deleted",
    fix="keep the field as @deprecated for a release before it goes",
    why="""\
Old senders still send the field and are refused, old readers miss it, and code that names it does not compile.
Its reserved name makes the migration drop its data.
""",
    name="FIELD_DELETE",
    wire="breaking",
    storage="migration",
    source="breaking",
)
FIELD_DELETE_UNRESERVED = ChangeRule(
    "OS604",
    "error",
    "field {name!r} of {owner!r} was deleted, and its name is not reserved",
    fix='write [reserved("{name}")] on {owner}, or @was("{name}") on the field it became',
    why="""\
Without `reserved` nobody can tell a deleted field from a renamed one, so its data is neither dropped nor moved;
and the name may come back with another meaning.
""",
    name="FIELD_DELETE_UNRESERVED",
    wire="breaking",
    storage="breaking",
    source="breaking",
)
RESERVED_REUSE = ChangeRule(
    "OS605",
    "error",
    "{owner!r} uses the reserved name {name!r} again",
    fix="take another name",
    why="""\
A name is reserved because old senders, readers or rows may still hold values of its old meaning.
""",
    name="RESERVED_REUSE",
    wire="breaking",
    storage="breaking",
    source="breaking",
)
RESERVED_DELETE = ChangeRule(
    "OS606",
    "error",
    "{name!r} of {owner!r} is no longer reserved",
    fix="keep the name in `reserved`",
    why="""\
The next edit could use the name again, with another meaning, and nothing would tell.
""",
    name="RESERVED_DELETE",
    wire="approval",
)
FIELD_RENAME = ChangeRule(
    "OS607",
    "error",
    "field {old!r} of {owner!r} is now {name!r}",
    why="""\
With `@was` the old name is still read, so old senders are served. Old readers find the value under a name they
do not know, and code names the old one.
""",
    name="FIELD_RENAME",
    wire="breaking",
    storage="migration",
    source="breaking",
    side="out",
)
FIELD_OPTIONAL_TO_REQUIRED = ChangeRule(
    "OS608",
    "error",
    "{name!r} of {owner!r} must be given now",
    fix="leave it optional, or give it a default",
    why="""\
Old senders leave it out, or send null, and are refused. Rows that hold NULL cannot stay.
""",
    name="FIELD_OPTIONAL_TO_REQUIRED",
    wire="breaking",
    storage="breaking",
    source="breaking",
    side="in",
    rows=True,
)
FIELD_REQUIRED_TO_OPTIONAL = ChangeRule(
    "OS609",
    "error",
    "{name!r} of {owner!r} may be null or absent now",
    fix='keep it required, and say "none" by a value of its own',
    why="""\
Old readers rely on the value. Code that uses it must now think of None.
""",
    name="FIELD_REQUIRED_TO_OPTIONAL",
    wire="breaking",
    storage="migration",
    source="breaking",
    side="out",
)
INTEGER_WIDEN = ChangeRule(
    "OS610",
    "warning",
    "{name!r} of {owner!r} was widened from {old} to {new}",
    why="""\
Every old value is a value of the wider type.
""",
    name="INTEGER_WIDEN",
    storage="migration",
)
TYPE_CHANGE = ChangeRule(
    "OS611",
    "error",
    "{name!r} of {owner!r} changed its type from {old} to {new}",
    fix="add a field of the new type, and deprecate this one",
    why="""\
Old and new values are read as something else, or not at all. No migration can guess how to turn one into the
other.
""",
    name="TYPE_CHANGE",
    wire="breaking",
    storage="breaking",
    source="breaking",
)
DEFAULT_CHANGE = ChangeRule(
    "OS612",
    "warning",
    "the default of {name!r} of {owner!r} changed from {old} to {new}",
    why="""\
Callers that leave the value out now mean something else. Nothing breaks by form, so somebody has to know.
""",
    name="DEFAULT_CHANGE",
    warns=True,
)
DEFAULT_ADD = ChangeRule(
    "OS613",
    "warning",
    "{name!r} of {owner!r} got the default {new}",
    why="""\
It may be left out now; whoever gives it goes on as before.
""",
    name="DEFAULT_ADD",
)
CONSTRAINT_TIGHTEN = ChangeRule(
    "OS614",
    "error",
    "{name!r} of {owner!r} allows less: {what}",
    fix="keep the old limits, or check the new one in a handler first",
    why="""\
Old senders send what is refused now; rows may hold it.
""",
    name="CONSTRAINT_TIGHTEN",
    wire="breaking",
    storage="breaking",
    side="in",
    rows=True,
)
CONSTRAINT_LOOSEN = ChangeRule(
    "OS615",
    "error",
    "{name!r} of {owner!r} allows more: {what}",
    fix="keep the limits for what old readers read",
    why="""\
Old readers rely on the limits of what they read.
""",
    name="CONSTRAINT_LOOSEN",
    wire="breaking",
    storage="migration",
    side="out",
)
IMMUTABLE_ADD = ChangeRule(
    "OS616",
    "error",
    "{name!r} of {owner!r} is @immutable now",
    fix="leave it as it was",
    why="""\
Old senders that change it are refused.
""",
    name="IMMUTABLE_ADD",
    wire="breaking",
    side="in",
)
IMMUTABLE_DELETE = ChangeRule(
    "OS617",
    "warning",
    "{name!r} of {owner!r} may be changed now",
    why="""\
Whatever was accepted still is.
""",
    name="IMMUTABLE_DELETE",
)
SET_ONCE_ADD = ChangeRule(
    "OS618",
    "error",
    "{name!r} of {owner!r} is @set_once now",
    fix="leave it as it was",
    why="""\
Old senders that change it a second time are refused.
""",
    name="SET_ONCE_ADD",
    wire="breaking",
    side="in",
)
SET_ONCE_DELETE = ChangeRule(
    "OS619",
    "warning",
    "{name!r} of {owner!r} may be changed more than once now",
    why="""\
Whatever was accepted still is.
""",
    name="SET_ONCE_DELETE",
)
SERVER_ADD = ChangeRule(
    "OS620",
    "error",
    "{name!r} of {owner!r} is filled by the server now; what is sent is ignored",
    fix="leave it as it was",
    why="""\
Old senders give a value that no longer counts.
""",
    name="SERVER_ADD",
    wire="breaking",
    side="in",
)
SERVER_DELETE = ChangeRule(
    "OS621",
    "warning",
    "{name!r} of {owner!r} may be given now",
    why="""\
Old senders did not give it, and it may be left out.
""",
    name="SERVER_DELETE",
)
SENSITIVE_ADD = ChangeRule(
    "OS622",
    "error",
    "{name!r} of {owner!r} is @sensitive now and left out of lists",
    fix="leave it in lists, or give readers another way",
    why="""\
Old readers miss it in `list_full`.
""",
    name="SENSITIVE_ADD",
    wire="breaking",
    side="out",
)
SENSITIVE_DELETE = ChangeRule(
    "OS623",
    "error",
    "{name!r} of {owner!r} is no longer @sensitive",
    fix="keep @sensitive",
    why="""\
What was redacted in logs and left out of lists is shown from now on. Somebody has to want that.
""",
    name="SENSITIVE_DELETE",
    wire="approval",
)
COMPUTED_ADD = ChangeRule(
    "OS624",
    "warning",
    "field {name!r} was added to {owner!r}; it is computed",
    why="""\
Readers that do not know it go on.
""",
    name="COMPUTED_ADD",
)
FIELD_TO_COMPUTED = ChangeRule(
    "OS708",
    "warning",
    "field {name!r} of {owner!r} is computed now: what is sent is ignored, what is stored is dropped",
    why="""\
Senders go on, though their value no longer counts. The migration drops the column with all that is in it.
""",
    name="FIELD_TO_COMPUTED",
    storage="migration",
    warns=True,
)
FIELD_FROM_COMPUTED = ChangeRule(
    "OS709",
    "error",
    "field {name!r} of {owner!r} is stored now, no longer computed",
    fix="make it optional, or give it a default",
    why="""\
Rows that are there have no value for it, and where it must be given, old senders do not give it.
""",
    name="FIELD_FROM_COMPUTED",
    wire="breaking",
    storage="breaking",
    source="breaking",
    side="in",
    rows=True,
)
FIELD_REORDER = ChangeRule(
    "OS625",
    "warning",
    "the fields of {owner!r} stand in another order",
    why="""\
Fields are told by their names everywhere.
""",
    name="FIELD_REORDER",
)
