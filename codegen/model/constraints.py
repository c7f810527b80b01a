"""Constraints: `@len @min @max @regex`, whether they fit a type, and what several of them together allow."""

from __future__ import annotations

from codegen.model.model import Constraints, ListOf, MapOf, Primitive, Type
from codegen.model.notes import Notes, json_of
from codegen.model.types import Base, Space, show
from codegen.model.values import COMPARABLE, BadValue, parse
from codegen.runtime.values.pattern import BadPattern, read_pattern
from codegen.source.catalog_notes import (
    BAD_BOUND,
    BAD_REGEX,
    BOUNDS_CROSSED,
    CONSTRAINT_MISFIT,
)
from codegen.source.diagnostics import Report
from codegen.source.span import Span
from codegen.syntax import tree

_FITS = {
    "len": "str, bytes, lists and maps",
    "regex": "str",
    "min": "numbers, decimal, money, otime, datetime and date",
    "max": "numbers, decimal, money, otime, datetime and date",
}


def read_constraints(space: Space, notes: Notes, type_: Type) -> tuple[Constraints, Base | None]:
    """The constraints among notes, and what the type comes down to with them and those of its aliases."""
    base = space.base(type_)
    if base is None or _FITS.keys().isdisjoint(notes.by_name):
        return Constraints(), base
    report = space.report
    for name in _FITS:
        if name in notes and not _fits(name, base.type):
            report.add(CONSTRAINT_MISFIT, notes.span(name), name=name, type=show(type_), near=_FITS[name])
    minimum, maximum = (_bound(report, notes, name, base.type) for name in ("min", "max"))
    low, high = _lengths(report, notes) if _fits("len", base.type) else (None, None)
    own = Constraints(
        minimum=minimum,
        maximum=maximum,
        min_length=low,
        max_length=high,
        regex=_regex(report, notes) if _fits("regex", base.type) else None,
    )
    return own, Base(base.type, base.nullable, _together(report, notes, base, own))


def _fits(note: str, type_: Type) -> bool:
    match type_:
        case Primitive(name):
            if note == "len":
                return name in ("str", "bytes")
            return name == "str" if note == "regex" else name in COMPARABLE
        case ListOf() | MapOf():
            return note == "len"
        case _:
            return False


def _bound(report: Report, notes: Notes, name: str, type_: Type) -> int | float | str | None:
    """The bound as written (decimals and money as string), None where it does not stand or is wrong."""
    note = notes.get(name)
    if note is None or not isinstance(type_, Primitive) or type_.name not in COMPARABLE:
        return None
    value = json_of(note.args[0].value)
    assert isinstance(value, int | float | str)
    try:
        if isinstance(value, float) and type_.name in ("decimal", "money"):
            raise BadValue(f'write it as a string: "{value}"')
        parse(type_.name, value)
    except BadValue as error:
        report.add(BAD_BOUND, note.args[0].span, value=_shown(note.args[0].value), type=show(type_), reason=error)
        return None
    return str(value) if type_.name in ("decimal", "money") else value


def _shown(value: tree.Value) -> str:
    return value.text if isinstance(value, tree.NumberValue) else repr(json_of(value))


def _lengths(report: Report, notes: Notes) -> tuple[int | None, int | None]:
    note = notes.get("len")
    if note is None:
        return None, None
    low, high = (json_of(arg.value) for arg in note.args)
    assert isinstance(low, int) and isinstance(high, int)
    if low < 0 or high >= 2**31:
        wrong = note.args[0 if low < 0 else 1]
        report.add(
            BAD_BOUND, wrong.span, value=_shown(wrong.value), type="a length", reason="lengths are 0 to 2147483647"
        )
        return None, None
    return low, high


def _regex(report: Report, notes: Notes) -> str | None:
    note = notes.get("regex")
    if note is None:
        return None
    pattern = notes.text("regex")
    assert pattern is not None
    try:
        read_pattern(pattern)
    except BadPattern as error:
        report.add(BAD_REGEX, note.args[0].span, reason=error)
        return None
    return pattern


def _together(report: Report, notes: Notes, base: Base, own: Constraints) -> Constraints:
    """The strictest of each bound; a finding where nothing is left between them."""
    name = base.type.name if isinstance(base.type, Primitive) else ""
    both = base.constraints
    minimum = _strictest(name, own.minimum, both.minimum, max)
    maximum = _strictest(name, own.maximum, both.maximum, min)
    low = max((length for length in (own.min_length, both.min_length) if length is not None), default=None)
    high = min((length for length in (own.max_length, both.max_length) if length is not None), default=None)
    if minimum is not None and maximum is not None and parse(name, minimum) > parse(name, maximum):
        report.add(BOUNDS_CROSSED, _span(notes, "min", "max"), low=minimum, high=maximum)
        maximum = None
    if low is not None and high is not None and low > high:
        report.add(BOUNDS_CROSSED, _span(notes, "len"), low=low, high=high)
        high = None
    return Constraints(minimum, maximum, low, high, own.regex or both.regex)


def _strictest(
    name: str, own: int | float | str | None, other: int | float | str | None, choose: object
) -> int | float | str | None:
    if own is None or other is None:
        return other if own is None else own
    first = parse(name, own) >= parse(name, other)
    return own if first == (choose is max) else other


def _span(notes: Notes, *names: str) -> Span:
    return next(notes.span(name) for name in names if name in notes)
