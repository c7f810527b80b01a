"""Times: moments as such, in UTC, and spans with a unit."""

from collections.abc import Iterator

from codegen.model import INTEGER_BOUNDS
from codegen.rules.lint import Found, Subject, found, rule
from codegen.source.catalog_lint import LOCAL_TIME, NUMBER_DURATION, NUMBER_TIME, TIME_TYPE

_NUMBERS = frozenset({*INTEGER_BOUNDS, "f32", "f64"})
_MOMENTS = frozenset({"otime", "datetime"})
_STAMPS = frozenset(["timestamp", "ts", "epoch", "datetime"])
_SPANS = frozenset(["timeout", "duration", "interval", "ttl", "delay", "lifetime"])


@rule(TIME_TYPE)
def time_type(subject: Subject) -> Iterator[Found]:
    for value in subject.values():
        primitive = subject.primitive(value.type)
        if value.name.endswith("_at") and primitive is not None and primitive not in _MOMENTS:
            yield found(value, type=primitive)


@rule(NUMBER_TIME)
def number_time(subject: Subject) -> Iterator[Found]:
    for value in subject.values():
        primitive = subject.primitive(value.type)
        if value.name.split("_")[-1] in _STAMPS and (primitive in _NUMBERS or primitive == "str"):
            yield found(value, type=primitive)


@rule(NUMBER_DURATION)
def number_duration(subject: Subject) -> Iterator[Found]:
    for value in subject.values():
        primitive = subject.primitive(value.type)
        if value.name.split("_")[-1] in _SPANS and primitive in _NUMBERS:
            yield found(value, type=primitive)


@rule(LOCAL_TIME)
def local_time(subject: Subject) -> Iterator[Found]:
    for value in subject.values():
        primitive = subject.primitive(value.type)
        if "local" in value.name.split("_") and primitive in _MOMENTS:
            yield found(value, type=primitive)
