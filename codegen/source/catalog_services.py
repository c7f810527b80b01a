"""OS4xx: what can be wrong with errors, services, interfaces and webhooks."""

from codegen.source.diagnostics import Rule

CODE_RANGE = Rule(
    "OS401",
    "error",
    "{code} is no code for a declared error",
    fix="use 1000–1399 or 1500–9999",
    why="""\
Codes 1400–1499 belong to the runtime (1401 unauthorized, 1403 forbidden, 1404 not_found, 1409 conflict, 1410 in_use,
1429 rate_limited, 1453 busy), negative ones to JSON-RPC itself.
""",
)

CODE_TAKEN = Rule(
    "OS402",
    "error",
    "the code {code} belongs to {other!r}",
    fix="the next free code is {near}",
    why="""\
Clients tell errors apart by code, so every code of a program (all modules generated together) is given once.
""",
)

HTTP_STATUS = Rule(
    "OS403",
    "error",
    "{status} is no HTTP status of an error",
    fix="use 400–599",
    why="""\
The status answers plain HTTP routes: 4xx where the caller can do something about it, 5xx where the server has to.
Left out, it is 400.
""",
)

SLUG_TAKEN = Rule(
    "OS404",
    "error",
    "the slug {slug!r} belongs to {other!r}",
    fix="rename one of them",
    why="""\
The slug is the snake_case name of an error; pages and clients are told it (`?error=plan_active`), without the module.
The runtime's are unauthorized, forbidden, not_found, conflict, in_use and rate_limited.
""",
)

ERROR_FIELD = Rule(
    "OS405",
    "error",
    "`error` is where the slug stands in an error's data",
    fix="rename the field",
    why="""\
On the wire an error's fields stand beside its slug: `"data": {"error": "plan_unknown", "plan_id": "vm5"}`.
""",
)

SERVICE_TAKEN = Rule(
    "OS406",
    "error",
    "{name!r} is declared already with major version {major}",
    fix='raise it: [version("{next}.0")]',
    why="""\
A service may stand once per major version, so that old clients are served while new ones move on. Services of two
modules may share a name where `[wire("…")]` gives one of them another name on the wire.
""",
)

UNTYPED_PARAM = Rule(
    "OS407",
    "error",
    "the type of {name!r} does not follow from anything",
    fix="write `{name}: …`",
    why="""\
A parameter without a type takes it from its name: `sid` is a sid; a field of the same name in the result type gives its
type; `…_sid` is sid, `…_cents` i64, `…_at` otime, `…_count` u32.

    wrong   search(text) -> [Hit]
    right   search(text: str) -> [Hit]
""",
)

UNKNOWN_PARAM = Rule(
    "OS408",
    "error",
    "{method!r} has no parameter {name!r}",
    fix="did you mean {near!r}?",
    why="""\
`@idempotent(param)` names the parameter that carries the idempotency key.
""",
)

WEBHOOK_ROUTE = Rule(
    "OS409",
    "error",
    "{route!r} is no path of a webhook",
    fix='write "/webhooks/{name}"',
    why="""\
A path begins with `/` and holds letters, digits, `_`, `-`, `.`, `~` between single slashes; no query, no parameters.
""",
)

WEBHOOK_TAKEN = Rule(
    "OS410",
    "error",
    "the path {route!r} belongs to the webhook {other!r}",
    fix="choose another path",
    why="""\
A request is handed to one webhook, by its path alone; paths are the server's, not the module's.
""",
)

NOT_ECHOED = Rule(
    "OS411",
    "error",
    "{name!r} is not in the {what} of {method!r}",
    fix="did you mean {near!r}?",
    why="""\
`@same(name)` says that a field of the answer is what was asked for: `name` is a field of the answer, and a parameter or
a field of a parameter.

    fetch(order_ref: str) -> Order @same(order_ref)
    refund(order: RefundOrder) -> Refund @same(payment_ref)
""",
)

NOT_PAGED = Rule(
    "OS412",
    "error",
    "{method!r} does not answer page by page",
    fix="take `cursor?: str` and answer a struct with `next_cursor?: str`",
    why="""\
`@paged` says that the pages of an answer come to an end: `cursor` may be left out for the first page and is the
`next_cursor` of the page before for every other one; the last page has none.

    list_orders(day: date, cursor?: str) -> OrderPage @paged
""",
)
