"""OS3xx: what can be wrong with notes, constraints and defaults."""

from codegen.source.diagnostics import Rule

UNKNOWN_NOTE = Rule(
    "OS301",
    "error",
    "unknown note {name!r}",
    fix="did you mean {near!r}?",
    why="""\
Notes have fixed names. What is meant for other tools begins with `x_` and passes through to OpenRPC.

    wrong   size: i32 @uniqe       size: i32 @display("wide")
    right   size: i32 @unique      size: i32 @x_display("wide")
""",
)

MISPLACED_NOTE = Rule(
    "OS302",
    "error",
    "{name!r} does not stand on {place}",
    fix="it stands on {near}",
    why="""\
Each note belongs to certain kinds of declarations or members; elsewhere it would silently do nothing.

    wrong   name: str @audit
    right   rename(name: str) -> User @audit
""",
)

REPEATED_NOTE = Rule(
    "OS303",
    "error",
    "{name!r} stands twice",
    fix="leave one of them out",
    why="""\
Only `index`, `unique` and `reserved` before a declaration may stand several times.
""",
)

NOTE_ARGUMENTS = Rule(
    "OS304",
    "error",
    "{name!r} is not written like this",
    fix="write {usage}",
    why="""\
Each note takes arguments of fixed number and kind; the message shows the form.

    wrong   name: str @len(80)
    right   name: str @len(0, 80)
""",
)

NEEDS_ROOTOBJECT = Rule(
    "OS305",
    "error",
    "{name!r} needs [rootobject]",
    fix="mark {struct!r} [rootobject]",
    why="""\
Only root objects are stored and have a table, indexes, CRUD methods and rules about them. Elsewhere these notes would
do nothing.
""",
)

NOTES_EXCLUDE = Rule(
    "OS306",
    "error",
    "{name!r} and {other!r} exclude each other",
    fix="leave one of them out",
    why="""\
A computed field is not stored, so it has no index, no owner and nothing to set once; an immutable field is never set
again, so it is not set once later either.
""",
)

UNKNOWN_FIELD = Rule(
    "OS307",
    "error",
    "{struct!r} has no field {name!r}",
    fix="did you mean {near!r}?",
    why="""\
`index(a, b)` and `unique(a, b)` name fields of the struct they stand on.
""",
)

NOT_INDEXABLE = Rule(
    "OS308",
    "error",
    "the field {name!r} cannot be indexed: {reason}",
    why="""\
Lists, maps, structs, unions and `json` are stored as JSON, which the databases cannot index or compare alike; computed
fields are not stored.
""",
)

DUPLICATE_INDEX = Rule(
    "OS309",
    "error",
    "({fields}) is indexed already",
    fix="leave this one out",
    why="""\
A unique index is an index too, and `sid` has the primary key. A second index on the same fields costs writes and helps
nothing.
""",
)

RESERVED_FIELD = Rule(
    "OS310",
    "error",
    "the name {name!r} is reserved",
    fix="choose another name",
    why="""\
`[reserved("old")]` keeps the name of a deleted field from coming back with another meaning while old data and old
clients still use it.
""",
)

WAS_LIVING = Rule(
    "OS311",
    "error",
    "{name!r} still exists, so nothing was renamed from it",
    fix="leave out `was`, or delete {name!r}",
    why="""\
`was` tells that a member had another name; migrations and old clients are led from the old name to the new one. The old
name is free, and leads to one member.
""",
)

SECOND_PRINCIPAL = Rule(
    "OS312",
    "error",
    "{name!r} is the principal already",
    fix="leave one of the two out",
    why="""\
The principal is the one root object whose sid a signed-in caller has. A program has one at most.
""",
)

NO_PRINCIPAL = Rule(
    "OS313",
    "error",
    "`own` needs a principal",
    fix="mark the type of the callers [rootobject, principal]",
    why="""\
`own` means that the caller is the principal an object refers to; without a principal nobody is.
""",
)

NO_OWNER = Rule(
    "OS314",
    "error",
    "`own` on {struct!r}: {reason}",
    fix="mark one required &{principal} field @owner",
    why="""\
With `[auth(own)]` CRUD methods serve the principal an object refers to. So the type is the principal itself, has
exactly one field that refers to it, or marks one of several `@owner`.

    wrong   [rootobject, auth(own)] Gift = { giver: &User  taker: &User }
    right   [rootobject, auth(own)] Gift = { giver: &User @owner  taker: &User }
""",
)

BAD_OWNER = Rule(
    "OS315",
    "error",
    "{reason}",
    fix="@owner stands once, on a required reference to the principal",
    why="""\
`@owner` marks the field by which a root object belongs to a principal.

    wrong   owner_name: str @owner
    right   user_sid: &User @owner
""",
)

UNKNOWN_SCOPE = Rule(
    "OS316",
    "error",
    "unknown scope {name!r}",
    fix="did you mean {near!r}?",
    why="""\
Scopes are `public`, `user`, `own`, `node` and `admin`. Where none stands it is `admin`.
""",
)

UNKNOWN_VERB = Rule(
    "OS317",
    "error",
    "unknown CRUD method {name!r}",
    fix="did you mean {near!r}?",
    why="""\
`crud` takes some of `new get set patch delete list list_full exists find`, or `none` alone.
""",
)

APPEND_ONLY_VERB = Rule(
    "OS318",
    "error",
    "an append_only object has no {name!r}",
    fix="leave {name!r} out",
    why="""\
Rows of an append_only type are never changed or deleted: `set`, `patch` and `delete` are not offered, and the database
refuses them.
""",
)

CONSTRAINT_MISFIT = Rule(
    "OS319",
    "error",
    "@{name} does not fit {type}",
    fix="it fits {near}",
    why="""\
`@len` fits str, bytes, lists and maps; `@min` and `@max` numbers, decimal, money, otime, datetime and date; `@regex`
str. An alias counts as the type it stands for.

    wrong   age: u8 @len(1, 3)
    right   age: u8 @max(150)
""",
)

BAD_BOUND = Rule(
    "OS320",
    "error",
    "{value} is no bound for {type}: {reason}",
    why="""\
Bounds are values of the field's type and within it. Bounds of decimal and money are whole numbers or strings, those of
times are strings.

    wrong   share: decimal @max(0.5)      age: u8 @max(300)
    right   share: decimal @max("0.5")    age: u8 @max(150)
""",
)

BOUNDS_CROSSED = Rule(
    "OS321",
    "error",
    "no value is both at least {low} and at most {high}",
    why="""\
The lower bound stands first and is not greater than the upper one; those of the aliases in the type hold as well.

    wrong   name: str @len(80, 1)
    right   name: str @len(1, 80)
""",
)

BAD_REGEX = Rule(
    "OS322",
    "error",
    "{reason}",
    why="""\
A pattern is matched whole, means the same in JSON Schema, JavaScript and Python, and takes time that grows with the
text alone, whoever wrote the text. So there are no named groups, flags, possessive or atomic parts, no references to
groups, no `\\A \\Z \\p`, and `{ } ]` outside their use are escaped. Looking ahead is taken where the pattern begins
(`(?!root$)[a-z]+`), looking back is not. `\\d \\w \\s` mean ASCII, and `.` is anything but a line feed.

    wrong   @regex("(?P<year>\\\\d{4})")
    right   @regex("\\\\d{4}")
""",
)

SET_ONCE_REQUIRED = Rule(
    "OS323",
    "error",
    "@set_once fits a field that may be null",
    fix="write `{name}?:`",
    why="""\
`@set_once` lets a field change from null to a value, once.

    wrong   paid_at: otime @set_once
    right   paid_at?: otime @set_once
""",
)

DEFAULT_MISFIT = Rule(
    "OS324",
    "error",
    "{value} is no value of {type}",
    fix="{near}",
    why="""\
A default is a value of its type: numbers within the type's range, times and durations as ISO 8601 strings, bytes as
base64, `[]` and `{}` for lists and maps. Structs, unions and references have no defaults.

    wrong   count: u8 = 300        renew: bool = 1
    right   count: u8 = 30         renew: bool = true
""",
)

DEFAULT_NULL = Rule(
    "OS325",
    "error",
    "null is not allowed here",
    fix="make it optional: `{name}?:`",
    why="""\
`null` is a default only where the type allows null: `f?: T` or `f: T?`.
""",
)

DEFAULT_NOW = Rule(
    "OS326",
    "error",
    "`now` is no value of {type}",
    fix="it fits otime, datetime and date",
    why="""\
`= now` fills in the time of creation.

    wrong   created: str = now
    right   created_at: otime = now
""",
)

DEFAULT_FRACTION = Rule(
    "OS327",
    "error",
    "{value} would pass through a float",
    fix='write "{value}"',
    why="""\
Exact decimals and money are written as strings or whole numbers, so that no digit is lost on the way.

    wrong   rate: decimal = 0.1
    right   rate: decimal = "0.1"
""",
)

DEFAULT_NOT_MEMBER = Rule(
    "OS328",
    "error",
    "{name!r} is no value of the enum {enum!r}",
    fix="did you mean {near!r}?",
    why="""\
The default of an enum is one of its declared values, in quotes or as a bare word; of an open enum too.
""",
)

DEFAULT_BREAKS_CONSTRAINT = Rule(
    "OS329",
    "error",
    "the default {value} breaks {constraint}",
    why="""\
A value that nobody may send cannot be filled in either.

    wrong   size: u8 = 0 @min(1)
    right   size: u8 = 1 @min(1)
""",
)
