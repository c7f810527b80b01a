"""OS6xx: changes of errors, events, webhooks and interfaces."""

from codegen.source.changes import ChangeRule

WEBHOOK_ADD = ChangeRule(
    "OS626",
    "warning",
    "webhook {name!r} was added",
    why="""\
Nobody calls it yet.
""",
    name="WEBHOOK_ADD",
)
WEBHOOK_DELETE = ChangeRule(
    "OS627",
    "error",
    "webhook {name!r} was deleted",
    fix="keep the path while somebody calls it",
    why="""\
Those who call it are answered 404.
""",
    name="WEBHOOK_DELETE",
    wire="breaking",
    source="breaking",
)
WEBHOOK_PATH_CHANGE = ChangeRule(
    "OS628",
    "error",
    "the path of webhook {owner!r} was {old!r} and is {new!r} now",
    fix="keep the path",
    why="""\
Those who call it know the old path.
""",
    name="WEBHOOK_PATH_CHANGE",
    wire="breaking",
)
WEBHOOK_SIGNATURE_CHANGE = ChangeRule(
    "OS629",
    "error",
    "webhook {owner!r} is signed otherwise now",
    fix="keep the old way while somebody signs so",
    why="""\
Those who call it sign in the old way and are refused.
""",
    name="WEBHOOK_SIGNATURE_CHANGE",
    wire="breaking",
)
INTERFACE_ADD = ChangeRule(
    "OS664",
    "warning",
    "interface {name!r} was added",
    why="""\
No plugin implements it yet.
""",
    name="INTERFACE_ADD",
)
INTERFACE_DELETE = ChangeRule(
    "OS665",
    "error",
    "interface {name!r} was deleted",
    fix="keep it while plugins implement it",
    why="""\
Plugins import it.
""",
    name="INTERFACE_DELETE",
    source="breaking",
    plugins=True,
)
INTERFACE_METHOD_ADD = ChangeRule(
    "OS666",
    "error",
    "method {name!r} was added to interface {owner!r}",
    fix="add an interface of its own that plugins may implement too",
    why="""\
Plugins that do not implement it are refused.
""",
    name="INTERFACE_METHOD_ADD",
    source="breaking",
    plugins=True,
)
INTERFACE_METHOD_DELETE = ChangeRule(
    "OS667",
    "error",
    "method {name!r} of interface {owner!r} was deleted",
    fix="keep it as @deprecated",
    why="""\
Kits and callers of plugins name it.
""",
    name="INTERFACE_METHOD_DELETE",
    source="breaking",
    plugins=True,
)
INTERFACE_METHOD_CHANGE = ChangeRule(
    "OS668",
    "error",
    "{owner!r} of an interface changed: {what}",
    fix="add a method of another name",
    why="""\
Plugins implement the old form.
""",
    name="INTERFACE_METHOD_CHANGE",
    source="breaking",
    plugins=True,
)
ERROR_ADD = ChangeRule(
    "OS694",
    "warning",
    "error {name!r} was added",
    why="""\
Nobody answers with it yet.
""",
    name="ERROR_ADD",
)
ERROR_DELETE = ChangeRule(
    "OS695",
    "error",
    "error {name!r} was deleted",
    fix="keep it while code may wait for it",
    why="""\
Code that names it does not compile.
""",
    name="ERROR_DELETE",
    source="breaking",
)
ERROR_CODE_CHANGE = ChangeRule(
    "OS696",
    "error",
    "the code of {owner!r} was {old} and is {new} now",
    fix="keep the code",
    why="""\
Callers tell errors by their codes.
""",
    name="ERROR_CODE_CHANGE",
    wire="breaking",
)
ERROR_STATUS_CHANGE = ChangeRule(
    "OS697",
    "warning",
    "the HTTP status of {owner!r} was {old} and is {new} now",
    why="""\
Plain HTTP routes answer with another status. Nothing breaks by form, so somebody has to know.
""",
    name="ERROR_STATUS_CHANGE",
    warns=True,
)
EVENT_ADD = ChangeRule(
    "OS698",
    "warning",
    "event {name!r} was added",
    why="""\
Nobody listens yet.
""",
    name="EVENT_ADD",
)
EVENT_DELETE = ChangeRule(
    "OS699",
    "error",
    "event {name!r} was deleted",
    fix="keep announcing it, as deprecated",
    why="""\
Those who listen wait in vain.
""",
    name="EVENT_DELETE",
    wire="breaking",
    source="breaking",
)
