"""Example values that keep every constraint: the same on each run, and named after what they stand for."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from decimal import Decimal
from hashlib import sha256

from pydantic_core import to_json

from codegen.emit.openrpc.samples import sample
from codegen.model.model import (
    INTEGER_BOUNDS,
    Alias,
    Constraints,
    Enum,
    Error,
    Field,
    Json,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Param,
    Primitive,
    Program,
    QName,
    Ref,
    Struct,
    Type,
    Union,
)
from codegen.runtime.values.pattern import read_pattern

_SID_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DEPTH = 3
"""Structs nested deeper show only what they must have."""
_LARGEST = 20_000
"""Characters of JSON; a larger example explains nothing."""

_WORDS: Sequence[tuple[str, str]] = (
    ("email", "ada@example.org"),
    ("url", "https://example.org/return"),
    ("uri", "https://example.org/return"),
    ("phone", "+255712345678"),
    ("currency", "USD"),
    ("country", "TZ"),
    ("locale", "en"),
    ("language", "en"),
    ("ssh", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx0nUkPfLk2mEYb3W7VQnIfdWJ1hZlVv5sGm4zqPmTu ada@example.org"),
    ("public_key", sha256(b"public key").hexdigest()),
    ("sha256", sha256(b"example").hexdigest()),
    ("hash", sha256(b"example").hexdigest()),
    ("commit", sha256(b"commit").hexdigest()[:40]),
    ("address", "5af:1c2b:77e0:9d31:4c02:8e11:0b6a:93f4"),
    ("month", "2026-05"),
    ("isbn", "9780131103627"),
    ("reason", "Requested by the customer"),
    ("detail", "The connection was refused"),
    ("message", "Hello"),
    ("description", "A short description"),
    ("title", "A good title"),
    ("note", "A short note"),
    ("display_name", "Ada Lovelace"),
    ("name", "Ada"),
    ("path", "data/2026-05-20.jsonl"),
    ("version", "1.0.0"),
    ("cursor", "eyJhZnRlciI6IjAxSlZIIn0"),
    ("code", "A17"),
)
"""What a text is about, by a word of its name → the text."""


class NoExample(Exception):
    """No value was found that keeps all constraints."""


class Examples:
    """Values for the types of a program, in their JSON form."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._open: list[QName] = []
        self._kept: dict[tuple[QName, int], Json] = {}

    def params(self, params: Sequence[Param]) -> dict[str, Json]:
        """All parameters by name, without those optional ones for which no value is found. Raises `NoExample`."""
        values: dict[str, Json] = {}
        for param in params:
            try:
                values[param.name] = self.param(param)
            except NoExample:
                if param.required:
                    raise
        _check_size(values)
        return values

    def param(self, param: Param) -> Json:
        if param.default is not None and not param.default.now:
            return param.default.value
        return self.value(param.type, param.name)

    def result(self, type_: Type | None, nullable: bool = False) -> Json:
        """Null for no result. Raises `NoExample`."""
        try:
            value = None if type_ is None else self.value(type_)
            _check_size(value)
        except NoExample:
            if nullable:
                return None
            raise
        return value

    def error(self, error: Error) -> dict[str, Json]:
        """The error object of an answer. Raises `NoExample`."""
        return {
            "code": error.code,
            "message": error.message,
            "data": {"error": error.slug, **self._fields(error.fields)},
        }

    def value(self, type_: Type, *names: str, constraints: tuple[Constraints, ...] = ()) -> Json:
        """A value of `type_` under `constraints`; `names` say what it is about, the nearest first."""
        match type_:
            case Nullable(inner):
                return self.value(inner, *names, constraints=constraints)
            case Ref(target):
                return _sid(_snake(self._program.types[target].name))
            case ListOf(item):
                low, high = _lengths(constraints)
                if low == 0 and (high == 0 or len(self._open) > _DEPTH):
                    return []
                try:
                    return [self.value(item, *names) for _ in range(max(low, 1))]
                except NoExample:
                    if low:
                        raise
                    return []
            case MapOf(key, item):
                return self._map(key, item, names, constraints)
            case Primitive():
                return self._primitive(type_, names, constraints)
            case Named(target):
                declared = self._program.types[target]
                if isinstance(declared, Alias):
                    return self.value(
                        declared.type, *names, _snake(declared.name), constraints=(*constraints, declared.constraints)
                    )
                if isinstance(declared, Enum):
                    return declared.values[0].name
                if isinstance(declared, Union):
                    return self._union(declared)
                assert isinstance(declared, Struct), target  # error groups are no values
                return self._struct(declared)

    def _map(self, key: Type, item: Type, names: tuple[str, ...], constraints: tuple[Constraints, ...]) -> Json:
        low, high = _lengths(constraints)
        if low > 1:
            raise NoExample  # keys must differ, and one type has one example
        if high == 0 or (low == 0 and len(self._open) > _DEPTH):
            return {}
        try:
            return {str(self.value(key, "key")): self.value(item, *names)}
        except NoExample:
            if low:
                raise
            return {}

    def _union(self, union: Union) -> Json:
        for member in union.members:
            try:
                return self._struct(self._program.struct(member))
            except NoExample:
                continue
        raise NoExample

    def _struct(self, struct: Struct) -> Json:
        if struct.qname in self._open:
            raise NoExample  # an optional field, a list or a map on the way ends the circle
        depth = min(len(self._open), _DEPTH)
        if (struct.qname, depth) in self._kept:
            return self._kept[struct.qname, depth]
        self._open.append(struct.qname)
        try:
            tag: dict[str, Json] = {struct.union_tag[0]: struct.union_tag[1]} if struct.union_tag else {}
            fields = struct.fields
            if len(fields) > 2 and all(field.optional for field in fields):
                fields = fields[:2]
            value: Json = {**tag, **self._fields(fields, own=_snake(struct.name))}
        finally:
            self._open.pop()
        if not self._open:
            self._kept[struct.qname, depth] = value
        return value

    def _fields(self, fields: Sequence[Field], own: str = "") -> dict[str, Json]:
        values: dict[str, Json] = {}
        for field in fields:
            if field.optional and (len(self._open) >= _DEPTH or field.deprecated):
                continue
            try:
                values[field.name] = self._field(field, own)
            except NoExample:
                if not field.optional:
                    if not field.nullable:
                        raise
                    values[field.name] = None
        return values

    def _field(self, field: Field, own: str) -> Json:
        if field.default is not None and not field.default.now:
            return field.default.value
        if field.name == "sid" and field.type == Primitive("sid"):
            return _sid(own)
        constraints = (field.constraints,) if field.constraints else ()
        return self.value(field.type, field.name, own, constraints=constraints)

    def _primitive(self, type_: Primitive, names: tuple[str, ...], constraints: tuple[Constraints, ...]) -> Json:
        name = type_.name
        if name == "bool":
            return True
        if name == "json":
            return {"any": "value"}
        if name == "str":
            return _text(names, constraints)
        if name == "bytes":
            low, high = _lengths(constraints)
            return b64encode(b"Hello, world. "[: min(max(low, 5), high)].ljust(low, b".")).decode()
        if name == "sid":
            return _sid(next((n for n in names if n), "sid").removesuffix("_sid"))
        if name == "uuid":
            return "0196f2a4-6c1e-7b52-9d0f-3a5b8c7d2e41"
        if name == "duration":
            return "PT1H30M"
        if name in ("otime", "datetime", "date"):
            start = "2026-05-20" if name == "date" else "2026-05-20T22:03:14Z"
            return _clipped_text(start, constraints)
        return _number(type_, names, constraints)


def _check_size(value: Json) -> None:
    if len(to_json(value)) > _LARGEST:
        raise NoExample


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _sid(about: str) -> str:
    """The same for everything of that name, so that references in examples lead somewhere."""
    return "01JV" + "".join(_SID_SIGNS[byte % 32] for byte in sha256(about.encode()).digest()[:22])


def _lengths(constraints: tuple[Constraints, ...]) -> tuple[int, int]:
    return (
        max((c.min_length or 0 for c in constraints), default=0),
        min((c.max_length for c in constraints if c.max_length is not None), default=1 << 30),
    )


def _text(names: tuple[str, ...], constraints: tuple[Constraints, ...]) -> str:
    low, high = _lengths(constraints)
    patterns = [c.regex for c in constraints if c.regex is not None]
    for text in _candidates(names, patterns, low, high):
        if low <= len(text) <= high and all(read_pattern(pattern).fullmatch(text) for pattern in patterns):
            return text
    raise NoExample


def _candidates(names: tuple[str, ...], patterns: list[str], low: int, high: int) -> Iterator[str]:
    first = next((name for name in names if name), "text")
    for name in names:
        yield from (text for word, text in _WORDS if f"_{word}_" in f"_{name}_" or name.endswith(word))
    plain = first.replace("_", "-")
    if low < 1 << 16:
        yield from (f"{plain}-1".ljust(low, "1"), plain.ljust(low, "x"), plain[:high], "x" * max(low, 1), "")
    for pattern in patterns:
        for seed in (first, "", "again", "more"):
            text = sample(pattern, seed)
            if text is not None:
                yield text


def _clipped_text(value: str, constraints: tuple[Constraints, ...]) -> str:
    """Times in their one written form sort as text."""
    for constraint in constraints:
        if isinstance(constraint.minimum, str):
            value = max(value, constraint.minimum)
        if isinstance(constraint.maximum, str):
            value = min(value, constraint.maximum)
    return value


def _number(type_: Primitive, names: tuple[str, ...], constraints: tuple[Constraints, ...]) -> Json:
    exact = type_.name in ("money", "decimal")
    whole = type_.name in INTEGER_BOUNDS
    about = next((name for name in names if name), "")
    start = (
        Decimal("12.50")
        if exact
        else Decimal(1999 if about.endswith("cents") else 1 if about == "rev" else 3)
        if whole
        else Decimal("0.5")
    )
    low, high = INTEGER_BOUNDS.get(type_.name, (None, None))
    bounds = [
        (
            Decimal(str(c.minimum)) if c.minimum is not None else None,
            Decimal(str(c.maximum)) if c.maximum is not None else None,
        )
        for c in constraints
    ]
    for least, most in [*bounds, (Decimal(low), Decimal(high))] if low is not None and high is not None else bounds:
        start = start if least is None else max(start, least)
        start = start if most is None else min(start, most)
    if exact:
        return format(start, "f")
    return int(start) if whole else float(start)
