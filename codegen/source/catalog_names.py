"""OS2xx: what can be wrong with modules, names and types."""

from codegen.source.diagnostics import Rule

UNKNOWN_TYPE = Rule(
    "OS201",
    "error",
    "unknown type {name!r}",
    fix="did you mean {near!r}?",
    why="""\
A type is a primitive, or declared in this module, or in one that is imported (`common.Name`).
One bare lower-case word is never an enum of one value; such a value is written in quotes.

    wrong   user_sid: &Usre        Kind = standard
    right   user_sid: &User        Kind = "standard"
""",
)

DUPLICATE_NAME = Rule(
    "OS202",
    "error",
    "{name!r} is declared already",
    fix="give one of them another name",
    why="""\
The files of a directory share one namespace: types, errors, events, services and interfaces are told apart by name
only. The same holds for the fields of a struct, the methods of a service and the parameters of a method.

    wrong   Plan = { name: str }   Plan = "small" | "large"
    right   Plan = { name: str }   PlanSize = "small" | "large"
""",
)

BAD_CASE = Rule(
    "OS203",
    "error",
    "{what} {name!r} is not {style}",
    fix="write {near!r}",
    why="""\
Types, services, interfaces, errors and events are PascalCase; everything else is snake_case: lower-case letters and
digits, words parted by one `_`, none at the ends. So a generated name may add an underscore and meet no other.

    wrong   user_account = { userName: str }
    right   UserAccount = { user_name: str }
""",
)

NAMES_MEET = Rule(
    "OS204",
    "error",
    "{name!r} and {other!r} would both be {meet!r} in generated code",
    fix="rename one of them; of values of an enum, give one @constant(name)",
    why="""\
Methods, tables and error slugs carry the snake_case form of a name, so names that differ only in capitals meet there.
The second version of `BillingService` is the class `BillingServiceV2`. The values of an enum are constants, spelt in
capitals and with `_` for all that is no letter or digit; `@constant` gives one another name.

    wrong   UserId = str           UserID = uuid        Size = "m" | "M"
    right   UserId = str           UserKey = uuid       Size = "m" @constant(metre) | "M" @constant(mega)
""",
)

RESERVED_NAME = Rule(
    "OS205",
    "error",
    "{name!r} cannot be the name of {what}: {reason}",
    fix="choose another name",
    why="""\
A few names are taken: Python's keywords cannot name a module or a type, `runtime` is the module of the predeclared
errors, and those errors' names (`NotFound`, `Conflict`, …) and the wire prefix `rpc` belong to the runtime.

    wrong   module import          error NotFound(1500, 404)
    right   module imports         error PlanNotFound(1500, 404)
""",
)

NOT_A_TYPE = Rule(
    "OS206",
    "error",
    "{name!r} is {kind}, which is no type",
    why="""\
Structs, enums, unions and aliases are types. Errors stand after `!`, services and events are named nowhere else.

    wrong   status() -> PlanUnknown
    right   status() -> Status ! PlanUnknown
""",
)

UNKNOWN_PREFIX = Rule(
    "OS207",
    "error",
    "no import of this file binds {name!r}",
    fix="did you mean {near!r}?",
    why="""\
`common.Money` needs `import "../common"` (or `import "…" as common`) at the head of the same file: imports count for
one file only, and names of the own module stand without a prefix.
""",
)

UNKNOWN_IMPORT = Rule(
    "OS208",
    "error",
    "no schema file or module directory at {target!r}",
    fix="did you mean {near!r}?",
    why="""\
The path is relative to the importing file, with `/`, and names a directory that holds `.oschema` files, or one such
file.

    wrong   import "common"        (from schemas/billing/, for schemas/common/)
    right   import "../common"
""",
)

IMPORT_SELF = Rule(
    "OS209",
    "error",
    "a module does not import itself",
    fix="leave the import out",
    why="""\
All files of a directory share one namespace and need no imports among themselves.
""",
)

IMPORT_CYCLE = Rule(
    "OS210",
    "error",
    "modules import each other: {cycle}",
    fix="move what both need into a module of its own",
    why="""\
Modules are generated one after the other, each after those it imports; in a circle there is no first one.
""",
)

DUPLICATE_PREFIX = Rule(
    "OS211",
    "error",
    "the prefix {name!r} is bound by another import of this file",
    fix='write `import "…" as other_name`',
    why="""\
In one file a prefix stands for one module, and a module needs importing only once.

    wrong   import "../common"   import "../prices" as common
    right   import "../common"   import "../prices"
""",
)

SECOND_HEADER = Rule(
    "OS212",
    "error",
    "the module has its `module` line already",
    fix="leave one of them out",
    why="""\
A directory is one module, so one of its files at most says the name and version.
""",
)

BAD_VERSION = Rule(
    "OS213",
    "error",
    "{version!r} is no version",
    fix='write "1.0" or "1.0.0"',
    why="""\
Versions are `X.Y` or `X.Y.Z`, whole numbers without leading zeros. The first number of a service's version is part of
its wire name from 2 on (`billing.v2.plan_buy`).

    wrong   [version("2")]
    right   [version("2.0")]
""",
)

DUPLICATE_MODULE = Rule(
    "OS214",
    "error",
    "another directory is the module {name!r} already",
    fix="name one of them by a `module` line",
    why="""\
Without a `module` line a module has the name of its directory; all names of modules generated together differ.
""",
)

TYPE_ARGUMENT = Rule(
    "OS215",
    "error",
    "{name!r} takes no argument in `<…>`",
    fix="{near}",
    why="""\
Only `money<USD>` and `map<K, V>` take arguments. A list is written in brackets.

    wrong   tags: list<str>
    right   tags: [str]
""",
)

CURRENCY = Rule(
    "OS216",
    "error",
    "money needs its currency: three capital letters",
    fix="write {near}",
    why="""\
An amount without a currency means nothing, so the currency is part of the type.

    wrong   price: money           price: money<usd>
    right   price: money<USD>
""",
)

MAP_KEY = Rule(
    "OS217",
    "error",
    "{name} cannot be the key of a map",
    fix="use str, sid, uuid, an integer or an enum",
    why="""\
Keys are strings in JSON, so only what has one plain written form may be a key: `str`, `sid`, `uuid`, integers, enums,
and aliases of these that do not allow null.

    wrong   map<f64, str>
    right   map<str, str>
""",
)

TOO_DEEP = Rule(
    "OS218",
    "error",
    "types nest deeper than {limit}",
    fix="name a part of it",
    why="""\
Lists and maps nest at most 64 deep, the innermost type counted and aliases looked through. JSON-RPC calls have the same
limit, so a deeper value could never be sent.
""",
)

NOT_A_ROOTOBJECT = Rule(
    "OS219",
    "error",
    "&{name}: {name!r} is {kind}, not a root object",
    fix="write {name!r} without `&`, or mark it [rootobject]",
    why="""\
`&T` is stored as the sid of a row of T's table; only root objects have a table. Any other type is used as a value.

    wrong   Address = { street: str }              home: &Address
    right   Address = { street: str }              home: Address
""",
)

EMBEDDED_ROOT = Rule(
    "OS220",
    "error",
    "a root object cannot hold another by value: {name!r}{through}",
    fix="write &{name}",
    why="""\
Two copies of one object would part. A root object refers to another (`&T`), also where a plain struct, list, map or
union stands between. Plain structs that are in no root object, parameters and results may hold root objects.

    wrong   [rootobject] Order = { buyer: User }
    right   [rootobject] Order = { buyer: &User }
""",
)

ENDLESS_STRUCT = Rule(
    "OS221",
    "error",
    "{name!r} would hold itself without end: {cycle}",
    fix="make a field on the way optional, a list or a map",
    why="""\
A value that must hold a value of its own type can never be complete. `?`, a list, a map, or a union with another
member ends the chain.

    wrong   Node = { next: Node }
    right   Node = { next?: Node }
""",
)

ALIAS_CYCLE = Rule(
    "OS222",
    "error",
    "{name!r} stands for itself: {cycle}",
    why="""\
An alias or error group is another name for what stands on its right; in a circle nothing is named.

    wrong   A = [B]                B = A
    right   A = [str]              B = A
""",
)

MIXED_ALTERNATIVES = Rule(
    "OS223",
    "error",
    "{what} among {others}",
    fix="{near}",
    why="""\
`Name = a | b` is an enum if every alternative is a string or a lower-case word, a union if each is a PascalCase name.
There are no unions of primitives, lists or references: a union tells its members apart by a tag, which they cannot
carry.

    wrong   Payload = str | Card
    right   Text = { text: str }   Payload = Text | Card
""",
)

UNION_MEMBER = Rule(
    "OS224",
    "error",
    "{name!r} is {kind}; the members of a union are plain structs",
    fix="wrap it in a struct",
    why="""\
A member gets the tag as one more field on the wire, so it must be a struct, and one that is not stored.

    wrong   [rootobject] Card = { … }   Method = Card | Cash
    right   [rootobject] Card = { … }   CardUse = { card: &Card }   Method = CardUse | Cash
""",
)

OPEN_UNION = Rule(
    "OS225",
    "error",
    "only an enum can be open",
    fix="leave out `| ...`",
    why="""\
Readers keep unknown values of an open enum as strings. An unknown union member or alias has no known shape to keep.
""",
)

TAG_FIELD = Rule(
    "OS226",
    "error",
    "{member!r} has a field {tag!r}, which is the tag of this union",
    fix='choose another tag: [tag("kind")]',
    why="""\
Each member carries the tag (`type` unless said otherwise) beside its own fields.

    wrong   Card = { type: str }   Method = Card | Cash
    right   Card = { type: str }   [tag("kind")] Method = Card | Cash
""",
)

TAG_CLASH = Rule(
    "OS227",
    "error",
    "{member!r} would carry {wanted}, but {taken}",
    fix="{near}",
    why="""\
A struct carries one tag wherever it is sent, and within a union each tag value is carried by one member. So unions that
share a member use the same tag, and members from two modules have different names.
""",
)

DUPLICATE_MEMBER = Rule(
    "OS228",
    "error",
    "{name!r} stands here already",
    fix="leave one of them out",
    why="""\
Values of an enum, members of a union, errors of a group or method, and arguments of a note stand once each.
""",
)

NOT_AN_ERROR = Rule(
    "OS229",
    "error",
    "{name!r} is {kind}, not an error",
    why="""\
After `!`, and in a group of errors, stand errors, groups of errors, and the predeclared `Unauthorized`, `Forbidden`,
`NotFound`, `Conflict`, `InUse`, `RateLimited` and `Busy`.
""",
)

UNKNOWN_ERROR = Rule(
    "OS230",
    "error",
    "unknown error {name!r}",
    fix="did you mean {near!r}?",
    why="""\
An error is declared in this module, in one that is imported (`common.Name`), or predeclared: `Unauthorized`,
`Forbidden`, `NotFound`, `Conflict`, `InUse`, `RateLimited`, `Busy`.
""",
)

WIRE_CLASH = Rule(
    "OS231",
    "error",
    "the wire name {name!r} is taken",
    fix='give one of them [wire("other_name")]',
    why="""\
Names on the wire know no modules: CRUD methods of a root object are `user.new`, those of `BillingService` `billing.…`.
All of a program differ, the methods of a service and the CRUD of a type with the same prefix included.

    wrong   [rootobject] Billing = { … }   service BillingService { get(sid) -> Billing }
    right   [rootobject] Billing = { … }   service BillingService { summary() -> Summary }
""",
)

TABLE_CLASH = Rule(
    "OS232",
    "error",
    "the table {name!r} is taken",
    fix='give one of them [table("other_name")]',
    why="""\
The root objects of all modules are stored in one database, each in the table with its snake_case name unless
`[table("…")]` says otherwise. `[wire]` does not change the table.
""",
)

NAME_TOO_LONG = Rule(
    "OS233",
    "error",
    "{name!r} is longer than {limit} characters",
    fix="shorten it",
    why="""\
PostgreSQL cuts longer names of tables and columns off, so two of them could meet.
""",
)

SID_FIELD = Rule(
    "OS234",
    "error",
    "`sid` of a root object is `sid: sid`, required and without a default",
    fix="write `sid: sid`, or leave the field out",
    why="""\
Every root object is known by its sid. The field is implied where it is not written.
""",
)

REV_FIELD = Rule(
    "OS235",
    "error",
    "`rev` is implied in a root object",
    fix="leave the field out",
    why="""\
The server counts the changes of every root object that is not append_only in `rev: u64`; `set` and `patch` take it to
refuse changes that rest on an old state.
""",
)

ALIAS_CHAIN = Rule(
    "OS236",
    "error",
    "{name!r} leads through more than {limit} aliases",
    fix="name the type that it comes down to",
    why="""\
An alias may name another alias, up to 64 in a row. A longer chain says nothing more, and Python follows each link of it
in one call inside another.
""",
)
