"""The rules of files, bytes and syntax: OS0xx and OS1xx."""

from codegen.source.diagnostics import Rule

# --- OS0xx: files and bytes -------------------------------------------------------------------------------------

UNREADABLE = Rule(
    "OS001",
    "error",
    "cannot read {path}: {reason}",
    why="""\
A schema file or directory could not be opened. Check the path and its permissions.
""",
)
NOT_UTF8 = Rule(
    "OS002",
    "error",
    "byte {byte} is not UTF-8{guess}",
    fix="save the file as UTF-8",
    why="""\
Schema files are UTF-8. An editor that saves as Latin-1 or UTF-16 writes bytes that have no meaning in UTF-8; choose
"UTF-8" when saving.
""",
)
NUL_BYTE = Rule(
    "OS003",
    "error",
    "the file holds a NUL byte",
    fix="this is probably not a text file",
    why="""\
NUL bytes do not occur in text. They are a sign of a binary file, of UTF-16, or of a disk that was full.
""",
)
BYTE_ORDER_MARK = Rule(
    "OS004",
    "warning",
    "the file begins with a byte order mark",
    fix="save as UTF-8 without BOM; `oschema fmt` removes it",
    why="""\
UTF-8 has one byte order and needs no mark. Some editors on Windows write one; other tools stumble over it.
""",
)
TOO_LARGE = Rule(
    "OS005",
    "error",
    "the file is too large: {size} MiB, a schema file has at most {limit} MiB",
    fix="split it; the files of one directory share one namespace",
    why="""\
A schema is read by people. A file of this size is generated data or a mistake, and it is not read at all.
""",
)
NO_SCHEMAS = Rule(
    "OS006",
    "error",
    "no .oschema file in {path}",
    fix="name another directory with --schemas, or start one with `oschema new NAME`",
    why="""\
Every directory that directly holds `.oschema` files is a module. Hidden directories and `migrations/` are skipped.
""",
)
NOT_FORMATTED = Rule(
    "OS007",
    "error",
    "the file is not formatted",
    fix="oschema fmt",
    why="""\
`oschema fmt` writes schemas in one way, so that a difference between two versions is a difference in meaning.
`oschema fmt --check` only looks, `oschema fmt --diff` shows what would change.
""",
)
UNWRITABLE = Rule(
    "OS008",
    "error",
    "cannot write {path}: {reason}",
    why="""\
A file is written beside the old one and put in its place, so its directory must be writable and the disk not full.
What was not written stays as it was; the same command goes on where it ended.
""",
)

# --- OS1xx: syntax ----------------------------------------------------------------------------------------------

EXPECTED = Rule(
    "OS101",
    "error",
    "expected {expected}, found {found}",
    fix="{near}",
    why="""\
The file does not follow the grammar at this place. The shapes of the language are few:

    Name = { field: type }                     a struct
    Name = "a" | "b" | ...                     an enum; `...` makes it open
    Name = One | Two                           a union
    Name = str @len(1, 80)                     an alias
    service Name { method(p: type) -> type ! Error }
    interface Name { method(p: type) -> type }
    error Name(1104, 404) "message" { field: type }
    event Name { field: type }
    webhook name("/path") -> type
""",
)
BAD_CHARACTER = Rule(
    "OS102",
    "error",
    "unexpected character {character}",
    fix="{near}",
    why="""\
Outside of strings and comments a schema consists of ASCII names, numbers, strings and the signs of the grammar.
""",
)
UNTERMINATED_STRING = Rule(
    "OS103",
    "error",
    "the string is not closed before the end of the line",
    fix='end it with `"`; write a line break as `\\n`',
    why="""\
A string begins and ends on one line. A line break inside it is written `\\n`.
""",
)
BAD_ESCAPE = Rule(
    "OS104",
    "error",
    "unknown escape {escape} in a string",
    fix="{near}",
    why="""\
Strings have the escapes of JSON: `\\" \\\\ \\/ \\b \\f \\n \\r \\t` and `\\u0041` with four hexadecimal digits.
A character beyond U+FFFF is written as itself, or as a pair of surrogates; half a pair is no character. In a regular
expression a backslash is doubled: `@regex("^\\\\d+$")`.
""",
)
CONTROL_IN_STRING = Rule(
    "OS105",
    "error",
    "raw control character {character} in a string",
    fix="write it as `{near}`",
    why="""\
Control characters cannot be seen in an editor; as in JSON they are written as escapes.
""",
)
SINGLE_QUOTES = Rule(
    "OS106",
    "error",
    "strings take double quotes",
    fix="write {near}",
    why="""\
A string stands in straight double quotes: `"week"`, not `'week'` and no typographic quotes.
""",
)
BAD_NUMBER = Rule(
    "OS107",
    "error",
    "{text} is no number{reason}",
    why="""\
A number is `-` (optional), digits, a fraction and an exponent (both optional): `42`, `-1_000`, `0.25`, `1e-9`.
Single `_` may stand between digits.
""",
)
NAME_NOT_ASCII = Rule(
    "OS108",
    "error",
    "the name {name!r} is not ASCII",
    fix="use the letters a-z, digits and `_`",
    why="""\
Names become names in Python, TypeScript, SQL and on the wire; ASCII is what all of them take.
""",
)
UNKNOWN_KEYWORD = Rule(
    "OS110",
    "error",
    "unknown keyword `{word}`",
    fix="did you mean `{near}`?",
    why="""\
A declaration begins with `service`, `interface`, `error`, `event` or `webhook`; types are declared as `Name = …`.
A file may begin with `module` and `import`.
""",
)
FOREIGN_KEYWORD = Rule(
    "OS111",
    "error",
    "`{word}` does not begin a declaration",
    fix="write `{near}`",
    why="""\
Types need no keyword. A struct is `Name = { … }`, an enum `Name = "a" | "b"`, a union `Name = One | Two`, an alias
`Name = str`.
""",
)
UNCLOSED = Rule(
    "OS112",
    "error",
    "this `{sign}` is never closed",
    fix="add `{close}`",
    why="""\
A bracket was opened, and the file or the next declaration began before it was closed. What follows was read as
declarations again.
""",
)
INLINE_STRUCT = Rule(
    "OS113",
    "error",
    "a type cannot be written inline as `{{ … }}`",
    fix="declare it (`{near} = {{ … }}`) and name it here",
    why="""\
Every struct has a name, so that models, clients and documents can speak of it.

    Address = { street: str }
    User = { address: Address }        not  User = { address: { street: str } }
""",
)
STRAY = Rule(
    "OS114",
    "error",
    "`{sign}` closes nothing",
    fix="delete it, or look for a bracket missing above",
    why="""\
A closing bracket has no opening one.
""",
)
TYPE_TOO_DEEP = Rule(
    "OS115",
    "error",
    "types nest at most {limit} deep",
    fix="name a part of it",
    why="""\
Lists and maps inside one another, the innermost type counted. Readable schemas stay below four.
""",
)
VALUE_TOO_DEEP = Rule(
    "OS116",
    "error",
    "values nest at most {limit} deep",
    why="""\
Lists inside lists in a default or in the argument of a note.
""",
)
DOC_OF_NOTHING = Rule(
    "OS117",
    "error",
    "this doc line describes nothing",
    fix="put it before a declaration, member or alternative, or make it a `//` comment",
    why="""\
`///` lines become docstrings and reference pages, so each belongs to the declaration, field, method or alternative
that follows. Comments are written `//` or `#`.
""",
)
DOC_AFTER_CODE = Rule(
    "OS118",
    "error",
    "a doc line stands before what it describes",
    fix="move it to a line of its own above, or make it a `//` comment",
    why="""\
At the end of a line `///` would describe the next member, not the one beside it.

    /// Canonical identifier.
    street_address: str
""",
)
MISPLACED_HEADER = Rule(
    "OS119",
    "error",
    "{what}",
    fix="{near}",
    why="""\
A file begins with at most one `module`, then its imports, then its declarations.
""",
)
BLOCK_COMMENT = Rule(
    "OS120",
    "error",
    "there are no block comments",
    fix="begin each line with `//`",
    why="""\
`// …` and `# …` reach to the end of the line, `/// …` are doc lines.
""",
)
SEPARATOR = Rule(
    "OS121",
    "error",
    "`{sign}` stands only {where}",
    fix="delete it",
    why="""\
Newlines and separators carry no meaning between declarations; `,` and `;` may follow a member inside braces.
""",
)
OPEN_NOT_LAST = Rule(
    "OS122",
    "error",
    "`...` stands last",
    fix="move it behind the last alternative",
    why="""\
`...` makes an enum open (readers keep values they do not know) and follows all its alternatives: `"a" | "b" | ...`.
""",
)
WHOLE_NUMBER = Rule(
    "OS123",
    "error",
    "{what} is a whole number, not {text}",
    why="""\
`error PlanUnknown(1104, 404)`: the code of the JSON-RPC error, then (optional) the HTTP status.
""",
)
TOO_MANY = Rule(
    "OS199",
    "error",
    "more than {limit} errors; the rest of the file was not read",
    why="""\
Is this a schema file?
""",
)
