"""The table of primitive types: the checker reads the names, people the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrimitiveSpec:
    """One type: what values it has, and how they look in Python, in a column and in JSON."""

    meaning: str
    python: str
    column: str
    json: str


def _integer(bits: int, signed: bool) -> PrimitiveSpec:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    column = "exact number" if not signed and bits == 64 else "big integer" if bits > 32 else "integer"
    return PrimitiveSpec(f"whole number from {low} to {high}", "int", column, "number")


PRIMITIVES: Mapping[str, PrimitiveSpec] = {
    "bool": PrimitiveSpec("true or false", "bool", "boolean", "boolean"),
    "str": PrimitiveSpec("text", "str", "text", "string"),
    "bytes": PrimitiveSpec("bytes", "bytes", "blob", "base64 string"),
    **{f"i{bits}": _integer(bits, True) for bits in (8, 16, 32, 64)},
    **{f"u{bits}": _integer(bits, False) for bits in (8, 16, 32, 64)},
    "f32": PrimitiveSpec("finite number of single precision", "float", "double", "number"),
    "f64": PrimitiveSpec("finite number of double precision", "float", "double", "number"),
    "decimal": PrimitiveSpec("exact decimal number", "Decimal", "exact, ordered", "string"),
    "money": PrimitiveSpec(
        "amount in a currency, `money<USD>`: whole nano-units (10⁻⁹)", "Money (int)", "big integer", 'string, `"12.50"`'
    ),
    "otime": PrimitiveSpec(
        "moment in UTC, whole seconds, 1970 to 2106", "datetime", "big integer", "string, `2026-05-20T22:03:14Z`"
    ),
    "datetime": PrimitiveSpec("moment in UTC, microseconds", "datetime", "exact, ordered", "RFC 3339 string"),
    "date": PrimitiveSpec("day", "date", "exact, ordered", "string, `2026-05-20`"),
    "duration": PrimitiveSpec("span of time in days and smaller", "timedelta", "exact, ordered", "ISO 8601 string"),
    "uuid": PrimitiveSpec("UUID", "UUID", "uuid", "string"),
    "sid": PrimitiveSpec("identifier of a root object: 4 to 26 letters and digits", "str", "char", "string"),
    "json": PrimitiveSpec("any JSON value", "Any", "JSON", "any"),
    "any": PrimitiveSpec("the same as json", "Any", "JSON", "any"),
}
