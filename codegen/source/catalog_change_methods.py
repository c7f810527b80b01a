"""OS67x to OS69x and OS707: changes of services and their methods."""

from codegen.source.changes import ChangeRule

SERVICE_ADD = ChangeRule(
    "OS670",
    "warning",
    "service {name!r} was added",
    why="""\
Nobody relies on it yet.
""",
    name="SERVICE_ADD",
)
SERVICE_DELETE = ChangeRule(
    "OS671",
    "error",
    "service {name!r} was deleted",
    fix="keep it beside the new one: two major versions can be served at once",
    why="""\
All its methods are refused, and clients have none of them.
""",
    name="SERVICE_DELETE",
    wire="breaking",
    source="breaking",
)
SERVICE_RENAME = ChangeRule(
    "OS672",
    "error",
    "service {old!r} is now {name!r}",
    fix="keep the name",
    why="""\
For callers every method of the old name is gone.
""",
    name="SERVICE_RENAME",
    wire="breaking",
    source="breaking",
)
METHOD_ADD = ChangeRule(
    "OS673",
    "warning",
    "method {name!r} was added to {owner!r}",
    why="""\
Nobody relies on it yet.
""",
    name="METHOD_ADD",
)
METHOD_DELETE = ChangeRule(
    "OS674",
    "error",
    "method {name!r} of {owner!r} was deleted",
    fix="keep it as @deprecated until nobody calls it",
    why="""\
Calls to it are refused, and clients have no such method.
""",
    name="METHOD_DELETE",
    wire="breaking",
    source="breaking",
)
METHOD_RENAME = ChangeRule(
    "OS675",
    "error",
    "method {old!r} of {owner!r} is now {name!r}",
    fix="keep the name",
    why="""\
For callers the old method is gone.
""",
    name="METHOD_RENAME",
    wire="breaking",
    source="breaking",
)
PARAM_ADD_OPTIONAL = ChangeRule(
    "OS676",
    "warning",
    "parameter {name!r} was added to {owner!r}; it may be left out",
    why="""\
Old callers leave it out.
""",
    name="PARAM_ADD_OPTIONAL",
)
PARAM_ADD_REQUIRED = ChangeRule(
    "OS677",
    "error",
    "parameter {name!r} was added to {owner!r} and must be given",
    fix="write `{name}?:` or give it a default",
    why="""\
Old callers do not know it and are refused.
""",
    name="PARAM_ADD_REQUIRED",
    wire="breaking",
    source="breaking",
)
PARAM_DELETE = ChangeRule(
    "OS678",
    "error",
    "parameter {name!r} of {owner!r} was deleted",
    fix="keep it, and let it have no effect",
    why="""\
Old callers still give it and are refused: unknown parameters are errors.
""",
    name="PARAM_DELETE",
    wire="breaking",
    source="breaking",
)
PARAM_RENAME = ChangeRule(
    "OS679",
    "error",
    "parameter {old!r} of {owner!r} is now {name!r}",
    fix="keep the name",
    why="""\
With `@was` the old name is still read, so old callers are served. Code gives and takes parameters by name.
""",
    name="PARAM_RENAME",
    source="breaking",
)
PARAM_REORDER = ChangeRule(
    "OS680",
    "error",
    "the parameters of {owner!r} stand in another order",
    fix="add new parameters at the end",
    why="""\
Parameters may be given by position.
""",
    name="PARAM_REORDER",
    wire="breaking",
    source="breaking",
)
PARAM_TYPE_CHANGE = ChangeRule(
    "OS681",
    "error",
    "parameter {name!r} of {owner!r} changed its type from {old} to {new}",
    fix="add a parameter of the new type that may be left out",
    why="""\
Old callers give what is read as something else, or refused.
""",
    name="PARAM_TYPE_CHANGE",
    wire="breaking",
    source="breaking",
)
PARAM_OPTIONAL_TO_REQUIRED = ChangeRule(
    "OS682",
    "error",
    "parameter {name!r} of {owner!r} must be given now",
    fix="leave it optional, or give it a default",
    why="""\
Old callers leave it out and are refused.
""",
    name="PARAM_OPTIONAL_TO_REQUIRED",
    wire="breaking",
    source="breaking",
)
PARAM_REQUIRED_TO_OPTIONAL = ChangeRule(
    "OS683",
    "warning",
    "parameter {name!r} of {owner!r} may be left out now",
    why="""\
Whoever gives it goes on as before.
""",
    name="PARAM_REQUIRED_TO_OPTIONAL",
)
PARAM_DEFAULT_CHANGE = ChangeRule(
    "OS707",
    "warning",
    "the default of parameter {name!r} of {owner!r} changed from {old} to {new}",
    why="""\
Callers that leave it out now mean something else. Nothing breaks by form, so somebody has to know.
""",
    name="PARAM_DEFAULT_CHANGE",
    warns=True,
)
RESULT_CHANGE = ChangeRule(
    "OS684",
    "error",
    "the result of {owner!r} was {old} and is {new} now",
    fix="add a method with the new result",
    why="""\
Old callers read something else than they expect.
""",
    name="RESULT_CHANGE",
    wire="breaking",
    source="breaking",
)
METHOD_ERROR_ADD = ChangeRule(
    "OS685",
    "warning",
    "{owner!r} may answer with {name!r} now",
    why="""\
Callers treat an error that they do not know as any error.
""",
    name="METHOD_ERROR_ADD",
)
METHOD_ERROR_DELETE = ChangeRule(
    "OS686",
    "error",
    "{owner!r} no longer answers with {name!r}",
    fix="keep the error in the list",
    why="""\
Code that waits for this error waits in vain.
""",
    name="METHOD_ERROR_DELETE",
    source="breaking",
)
AUTH_TIGHTEN = ChangeRule(
    "OS687",
    "error",
    "{owner!r} asks for {new!r} now, where {old!r} was enough",
    fix="keep the scope, and add a method with the narrower one",
    why="""\
Callers that were let in are refused.
""",
    name="AUTH_TIGHTEN",
    wire="breaking",
)
AUTH_LOOSEN = ChangeRule(
    "OS688",
    "error",
    "{owner!r} lets {new!r} in now, where {old!r} was asked for",
    fix="keep the scope",
    why="""\
More people may call it from now on. Somebody has to want that.
""",
    name="AUTH_LOOSEN",
    wire="approval",
)
AUTH_NODE = ChangeRule(
    "OS689",
    "error",
    "{owner!r} is for {new!r} now and was for {old!r}",
    fix="add a method with the other scope",
    why="""\
Nodes and people are told apart by their keys: those who were let in are refused, and others let in. Somebody
has to want that.
""",
    name="AUTH_NODE",
    wire="breaking",
)
SAFE_DELETE = ChangeRule(
    "OS690",
    "error",
    "{owner!r} is no longer @safe",
    fix="keep it without writes",
    why="""\
Clients repeat safe calls by themselves when an answer is lost; old ones go on doing so.
""",
    name="SAFE_DELETE",
    wire="breaking",
)
SAFE_ADD = ChangeRule(
    "OS691",
    "warning",
    "{owner!r} is @safe now",
    why="""\
Clients may repeat it.
""",
    name="SAFE_ADD",
)
IDEMPOTENT_DELETE = ChangeRule(
    "OS692",
    "error",
    "{owner!r} is no longer @idempotent({old})",
    fix="keep the key",
    why="""\
Old clients repeat the call with the same key, and its effect happens twice.
""",
    name="IDEMPOTENT_DELETE",
    wire="breaking",
)
IDEMPOTENT_ADD = ChangeRule(
    "OS693",
    "warning",
    "{owner!r} is @idempotent({new}) now",
    why="""\
Clients may repeat it with the same key. Where parameters that must be given stand behind the key, Python clients take
it by name only: code that gives it by position breaks.
""",
    name="IDEMPOTENT_ADD",
)
