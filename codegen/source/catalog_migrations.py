"""OS72x: changes of the schemas that no migration may make, because data would be lost or guessed."""

from codegen.source.diagnostics import Rule

FIELD_LOST = Rule(
    "OS720",
    "error",
    "field {name!r} of {owner!r} is stored and was deleted",
    fix='write [reserved("{name}")] on {owner} to drop its data, or @was("{name}") on the field it became',
    why="""\
A migration would drop the column with its data. `reserved` says that this is meant, and keeps the name from being used
again for something else; `@was` says that the field lives on under another name. Neither is ever guessed.
""",
)
RESERVED_AGAIN = Rule(
    "OS721",
    "error",
    "field {name!r} of {owner!r} uses a reserved name again",
    fix="choose another name",
    why="""\
Old rows, clients and files knew another meaning of this name.
""",
)
NO_VALUE_FOR_OLD_ROWS = Rule(
    "OS722",
    "error",
    "field {name!r} of {owner!r} is new and required: rows already stored have no value for it",
    fix="make it optional ({name}?: …) or give it a default",
    why="""\
A migration fills old rows with the default, or leaves an optional field empty; it never makes up a value.
""",
)
TYPE_CHANGED = Rule(
    "OS723",
    "error",
    "field {name!r} of {owner!r} changed from {old} to {new}",
    fix="add a field of the new type beside it and move the values in your own code",
    why="""\
Whole numbers may become wider ones that hold all their values, and enums may open or close. Every other change of a
type would need a conversion that can lose data or fail on some rows.
""",
)
LOCK_UNREADABLE = Rule(
    "OS724",
    "error",
    "{problem}",
    why="""\
`schema.lock.json` is the model that the newest migration leads to. It is written by `oschema migrate plan` only.
""",
)
LOCK_BEHIND = Rule(
    "OS725",
    "error",
    "the lock is behind the schemas: {what}",
    fix="oschema migrate plan",
    why="""\
Each change of the schemas is planned before it is released, so that every database can follow.
""",
)
MIGRATION_WAITING = Rule(
    "OS727",
    "error",
    "the database lacks migration {name}",
    fix="oschema migrate apply",
    why="""\
`oschema migrate status` lists what was applied and what waits; the server refuses a database of another version.
""",
)
MIGRATIONS_BROKEN = Rule(
    "OS726",
    "error",
    "{problem}",
    why="""\
Migrations are numbered without gaps, are not edited once planned, and the newest leads to the lock.
""",
)
