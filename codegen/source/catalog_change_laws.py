"""OS647 to OS649, OS669: changes of the laws that an interface's methods state for plugins."""

from codegen.source.changes import ChangeRule

LAW_ADD = ChangeRule(
    "OS647",
    "error",
    "{owner!r} of an interface must keep {law} now",
    fix="add a method of another name that has the law, or approve it when the plugins you know keep it",
    why="""\
A plugin that kept the old contract may fail its kit, though it still compiles.
""",
    name="LAW_ADD",
    source="breaking",
    plugins=True,
)
LAW_DELETE = ChangeRule(
    "OS648",
    "warning",
    "{owner!r} of an interface need not keep {law} any more",
    why="""\
Every old plugin does; code that calls plugins may rely on it and must not from now on.
""",
    name="LAW_DELETE",
    warns=True,
)
DEADLINE_SHORTEN = ChangeRule(
    "OS649",
    "error",
    "{owner!r} of an interface has {new} s instead of {old} s",
    fix="keep the deadline, or approve it when the plugins you know keep the new one",
    why="""\
A plugin that came back in the old time may be too late.
""",
    name="DEADLINE_SHORTEN",
    source="breaking",
    plugins=True,
)
DEADLINE_LENGTHEN = ChangeRule(
    "OS669",
    "warning",
    "{owner!r} of an interface has {new} s instead of {old} s",
    why="""\
Every old plugin is in time; code that calls plugins may have to wait longer.
""",
    name="DEADLINE_LENGTHEN",
    warns=True,
)
