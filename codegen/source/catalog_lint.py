"""OS5xx: what could be better in a valid schema."""

from codegen.source.diagnostics import Rule

FLOAT_MONEY = Rule(
    "OS501",
    "warning",
    "{name!r} holds money as {type}",
    fix="write money<USD>, or decimal for a rate",
    why="""\
A float cannot hold ten cents. Sums drift, and two machines disagree about the last digit.

    wrong   price: f64
    right   price: money<USD>
""",
)

AMOUNT_WITHOUT_CURRENCY = Rule(
    "OS502",
    "warning",
    "{name!r} is an amount of no known currency",
    fix="write money<USD>, or put a field `currency` beside it",
    why="""\
A number of cents means nothing until it is said of what. The currency stands in the type, in a field beside the amount
(`currency`, or `money<…>` with the same stem), or in the name of the field (`fee_usd`) or its type (`UsdCents`).

    wrong   amount_minor: i64
    right   amount_minor: i64  currency: str        fee: money<USD>  fee_cents: i64 @computed
""",
)

MONEY_WITHOUT_KEY = Rule(
    "OS503",
    "warning",
    "{method!r} moves money ({name!r}), and nothing makes it safe to repeat",
    fix="take a key and mark the method @idempotent(key)",
    why="""\
An answer can get lost on the way. The caller then cannot know whether the money moved, and asks again. With an
idempotency key the second call gives the outcome of the first; generated clients retry such methods by themselves.

    wrong   refund(payment_sid, amount_cents) -> Refund
    right   refund(payment_sid, amount_cents, key: str) -> Refund @idempotent(key)
""",
)

TIME_TYPE = Rule(
    "OS504",
    "warning",
    "{name!r} is named like a moment but is {type}",
    fix="write otime or datetime",
    why="""\
Names that end in `_at` are moments. `otime` (whole seconds) and `datetime` (microseconds) are UTC everywhere, and
compare and sort alike on both databases.

    wrong   created_at: str        paid_at: date
    right   created_at: otime      paid_on: date
""",
)

NUMBER_TIME = Rule(
    "OS505",
    "warning",
    "{name!r} is a time as {type}: neither unit nor zone can be seen",
    fix="write otime or datetime",
    why="""\
Seconds or milliseconds, since when, in which zone? The types for times answer that in the schema. `otime` takes integer
seconds on input, too.

    wrong   timestamp: u64
    right   occurred_at: otime
""",
)

NUMBER_DURATION = Rule(
    "OS506",
    "warning",
    "{name!r} is a time span as {type} without a unit",
    fix="write duration, or put the unit into the name: `{name}_seconds`",
    why="""\
Somebody will read `timeout: 30` as milliseconds.

    wrong   timeout: u32
    right   timeout: duration      timeout_ms: u32
""",
)

LOCAL_TIME = Rule(
    "OS507",
    "warning",
    "{name!r} looks like local time; {type} is UTC",
    fix="store UTC, and the zone beside it where it matters",
    why="""\
All times are UTC. Local time is a matter of showing: it runs twice through an hour in autumn and jumps in spring.

    wrong   local_time: datetime
    right   started_at: datetime   zone: str
""",
)

REFERENCE_WITHOUT_INDEX = Rule(
    "OS508",
    "warning",
    "{name!r} refers to {target} and has no index",
    fix="add @index",
    why="""\
"All of this user" is the question every reference is for; without an index it reads the whole table. Deleting the other
object asks the same question, too.

    wrong   user_sid: &User
    right   user_sid: &User @index
""",
)

FIND_WITHOUT_INDEX = Rule(
    "OS509",
    "warning",
    "`find` of {name!r} can be asked for nothing: no field has an index",
    fix="index what is looked for, or offer fewer methods: [crud(…)]",
    why="""\
`find(filter)` takes indexed fields only, so that no caller can make the database read a whole table.
""",
)

SID_NOT_REFERENCE = Rule(
    "OS510",
    "warning",
    "{name!r} is {type}, not a reference",
    fix="write `{name}: &{target}`",
    why="""\
A reference is checked by the database, is shown as one in documents and clients, and keeps the other object from being
deleted under it.

    wrong   user_sid: sid
    right   user_sid: &User
""",
)

NO_NOT_FOUND = Rule(
    "OS511",
    "warning",
    "{method!r} takes {name!r} and declares no error for an unknown one",
    fix="add `! NotFound`",
    why="""\
Whoever takes a name of something can be given one of nothing. An error of status 404 in the list says how that is
answered.

    wrong   release(sid) -> Allocation
    right   release(sid) -> Allocation ! NotFound
""",
)

NO_REFUSAL = Rule(
    "OS512",
    "warning",
    "{method!r} may meet {type!r} in any {name} ({values}) and declares no error for those it refuses",
    fix="declare an error, or `! Conflict`",
    why="""\
A method that changes an object with states is asked in all of them. What it refuses is declared, so that callers can
tell "already released" from a fault. Errors of status 402, 403, 409, 410, 422 and 423 count.

    wrong   release(sid) -> Allocation ! NotFound
    right   release(sid) -> Allocation ! NotFound | AlreadyReleased
""",
)

MISSING_DOC = Rule(
    "OS513",
    "warning",
    "{what} {name!r} has no doc line",
    fix="say in a `///` line what it is",
    why="""\
Doc lines reach docstrings, OpenRPC and the reference page. Services, interfaces, root objects and public methods are
what strangers read first.
""",
)

UNUSED_IMPORT = Rule(
    "OS514",
    "warning",
    "the import {name!r} is not used in this file",
    fix="delete it",
    why="""\
Imports count for one file only. One that nothing uses still orders the modules, and can close a circle.
""",
)

UNUSED_TYPE = Rule(
    "OS515",
    "warning",
    "{what} {name!r} is not used",
    fix="delete it, or use it",
    why="""\
Code, documents and clients are generated for every type, used or not. Root objects, errors, services and events stand
for themselves; other types exist to be used by them, or carry a note `x_…` that says who else does.
""",
)

UNUSED_ERROR = Rule(
    "OS516",
    "warning",
    "no method or webhook can answer with the error {name!r}",
    fix="name it after `!`, or delete it",
    why="""\
What a method can answer stands in its list of errors; an error in none of them is never sent, or is sent undeclared.
""",
)

DEPRECATED_HOW = Rule(
    "OS517",
    "warning",
    "{name!r} is deprecated without {missing}",
    fix='write deprecated("use … instead", since="1.2")',
    why="""\
The reason tells what to use instead, `since` how long callers have known.
""",
)

NOT_SENSITIVE = Rule(
    "OS518",
    "warning",
    "{name!r} sounds secret and is not @sensitive",
    fix="add @sensitive",
    why="""\
`@sensitive` fields are redacted in logs and `repr`, and left out of `list_full`.

    wrong   api_key: str
    right   api_key: str @sensitive
""",
)

INDEX_AND_UNIQUE = Rule(
    "OS520",
    "warning",
    "{name!r} is @index and @unique: a unique field has an index already",
    fix="leave out @index",
    why="""\
Uniqueness is held by an index, which serves `find` too. A second one would only cost writes.

    wrong   number: i64 @index @unique
    right   number: i64 @unique
""",
)

INDEXED_LENGTH = Rule(
    "OS522",
    "error",
    "{name!r} is indexed and may be {length}",
    fix="limit it to less than {limit} {unit}: @len(0, 200), say",
    why="""\
An index has room for short values only: what one database takes, another refuses. With a limit in the schema both
refuse the same, and the caller is told. A pattern that ends (`@regex("[a-z]{1,40}")`) is a limit, too.

    wrong   name: str @index
    right   name: str @index @len(1, 80)
""",
)

REQUIRED_BEHIND_OPTIONAL = Rule(
    "OS521",
    "error",
    "{name!r} must be given and stands behind {before!r}, which may be left out",
    fix="move it in front of {before!r}",
    why="""\
Parameters may be given by position, so what must be given comes first; OpenRPC asks for the same.

    wrong   pay(note?: str, number: i32)
    right   pay(number: i32, note?: str)
""",
)

READ_NOT_SAFE = Rule(
    "OS519",
    "warning",
    "{method!r} sounds like a reading method and is not @safe",
    fix="add @safe, or name it for what it changes",
    why="""\
`@safe` methods write nothing: they run in a reading transaction, and generated clients retry them by themselves.

    wrong   count_open() -> u32
    right   count_open() -> u32 @safe
""",
)
