"""One line of a usage file: canonical JSON of a record.

A line is one JSON object in UTF-8 without its line feed, at most 16 KiB: keys sorted, no spaces, nothing escaped but
`"` and `\\`, values only text and whole numbers. Decimal numbers are text without an exponent, as they were given; a
time is text in UTC with whole seconds. A field that does not apply is left out, never null:

    {"applies_to":"llm","cost":"0.000312","idempotency_key":"n1/6f0c/17","local_seq":17,"model":"m","node_id":"n1",
    "occurred_at":"2026-11-20T19:03:14Z","quantity":"1560","resource_kind":"llm_token","schema":1,"stream_id":"6f0c",
    "user_sid":"01JD4ZK7Q1M8"}

(here broken for the eye). A record has one line and a line has one record: `encode(decode(line)) == line`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from json import JSONEncoder, loads
from json.encoder import encode_basestring

from handlers.usage_format.fields import FIELDS, Field, moment
from handlers.usage_format.record import SCHEMA, Finding, InvalidUsage, LoggedUsage

LONGEST_LINE = 16 * 1024
"""Bytes, without the line feed."""
_BIG = 2**63
_IN_ORDER = tuple(field.name for field in FIELDS)
_BY_NAME = {field.name: field for field in FIELDS}
_canonical = JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def _pattern(field: Field) -> str:
    # The comma stands behind a field, save before the last one, which may be absent.
    last = field is FIELDS[-1]
    pair = f',"{field.name}":{field.pattern}' if last else f'"{field.name}":{field.pattern}{_comma(field)}'
    return f"(?:{pair})?" if field.optional else pair


def _comma(field: Field) -> str:
    return "" if field is FIELDS[-2] else ","


# PERF: one match checks a whole canonical line and takes it apart, in a third of the time that reading the JSON and
# writing it again takes. What it does not match (an escaped quote, anything wrong) is read by `_explain`.
_whole = re.compile(r"\{" + "".join(map(_pattern, FIELDS)) + r"\}").fullmatch


def encode(record: LoggedUsage) -> bytes:
    """The line of a record, without a line feed. Raises `InvalidUsage` where no line can hold it."""
    parts = []
    for name in _IN_ORDER:
        value = getattr(record, name, SCHEMA)
        if value is not None:
            parts.append(f'"{name}":{_written(value)}')
    line = f"{{{','.join(parts)}}}"
    if (found := _whole(line)) is None or _record(found) is None:
        read = _explain(line)
        if isinstance(read, Finding):
            raise InvalidUsage(read.detail)
    if len(encoded := line.encode()) > LONGEST_LINE:
        raise InvalidUsage(f"the line has {len(encoded)} bytes, more than {LONGEST_LINE}")
    return encoded


def decode(line: bytes) -> LoggedUsage | Finding:
    """The record of a line (without its line feed), or what is wrong with the line. Never raises."""
    if len(line) > LONGEST_LINE:
        return Finding("parse_error", f"the line is longer than {LONGEST_LINE} bytes")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return Finding("parse_error", f"byte {error.start + 1} of the line is no UTF-8")
    found = _whole(text)
    if found is None:
        return _explain(text)
    return _record(found) or _explain(text)


def _record(found: re.Match[str]) -> LoggedUsage | None:
    """The record of a line that has the right form; None where a number or a time in it is out of bounds."""
    cents, applies, cost, key, instance, seconds, seq, model, node, at, quantity, kind, _, stream, user, void = (
        found.groups()
    )
    number, interval, amount, occurred_at = int(seq), int(seconds or 0), int(cents or 0), moment(at)
    if occurred_at is None or not 1 <= number < _BIG or interval >= 2**32 or amount >= _BIG:
        return None
    return LoggedUsage(
        node,
        stream,
        number,
        user,
        kind,
        Decimal(quantity),
        key,
        occurred_at,
        applies,
        None if seconds is None else interval,
        instance,
        model,
        None if cost is None else Decimal(cost),
        None if cents is None else amount,
        void,
    )


def line_hash(line: bytes) -> str:
    """SHA-256 of a line without its line feed, in hex: what tells a repeated record from another of the same key."""
    return sha256(line).hexdigest()


def _explain(text: str) -> LoggedUsage | Finding:
    """Read a line the long way, a field at a time, so that what is wrong can be told."""
    try:
        read = loads(text)
    except (ValueError, RecursionError) as error:
        return Finding("parse_error", f"no JSON: {error}"[:500])
    if not isinstance(read, dict):
        return Finding("parse_error", "the line is no JSON object")
    for name in sorted(read.keys() - _BY_NAME.keys()):
        return Finding("parse_error", f"there is no field {name!r:.80}")
    for field in FIELDS:
        if field.name not in read:
            if not field.optional:
                return Finding("parse_error", f"`{field.name}` is missing")
        elif fault := field.fault(read[field.name]):
            return Finding("parse_error", f"`{field.name}` {fault}")
    canonical = _canonical(read)
    if canonical != text:
        at = next((i for i, (a, b) in enumerate(zip(canonical, text, strict=False)) if a != b), len(canonical))
        return Finding("not_canonical", f"the same record is written otherwise from character {at + 1} on")
    fields = {name: value for name, value in read.items() if name != "schema"}
    for name in ("quantity", "cost"):
        if name in fields:
            fields[name] = Decimal(fields[name])
    return LoggedUsage(**(fields | {"occurred_at": datetime.fromisoformat(fields["occurred_at"])}))


def _written(value: object) -> str:
    """A value as JSON; one that a line cannot hold comes out as what `_explain` refuses."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidUsage("text has half a character") from None
        return encode_basestring(value)
    if isinstance(value, Decimal):
        return f'"{value if value else abs(value):f}"'
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidUsage("`occurred_at` has no time zone")
        if value.microsecond:
            raise InvalidUsage("`occurred_at` is not in whole seconds")
        return f'"{value.astimezone(UTC).isoformat()[:19]}Z"'
    return repr(value)
