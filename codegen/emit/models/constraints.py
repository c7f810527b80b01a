"""Constraints that datamodel-code-generator cannot be told in JSON Schema, written as `Annotated[…]`."""

from __future__ import annotations

from codegen.emit.python.imports import Imports
from codegen.emit.python.patterns import pattern_notes
from codegen.emit.python.types import RUNTIME_TYPES
from codegen.emit.schema.dialect import Schema
from codegen.runtime.values.pattern import read_pattern
from codegen.runtime.values.python_names import quoted


def needs_code(schema: Schema) -> bool:
    """Whether JSON Schema's keywords do not say it, or datamodel-code-generator would not read them so."""
    return (
        "x-minimum" in schema
        or "x-maximum" in schema
        or "allOf" in schema
        or "minProperties" in schema
        or "maxProperties" in schema
        or ("pattern" in schema and bool(read_pattern(schema["pattern"]).begins))
    )


def annotated(text: str, schema: Schema, imports: Imports) -> str:
    """`Annotated[…]` with the constraints of a schema."""
    notes: list[str] = []
    limits: list[str] = []
    for argument, *keys in (
        ("ge", "minimum"),
        ("le", "maximum"),
        ("min_length", "minLength", "minItems", "minProperties"),
        ("max_length", "maxLength", "maxItems", "maxProperties"),
    ):
        limits.extend(f"{argument}={schema[key]!r}" for key in keys if key in schema)
    patterns = [schema["pattern"]] if "pattern" in schema else []
    patterns += [part["pattern"] for part in schema.get("allOf", ())]
    limit, matches = pattern_notes(patterns, imports)
    limits.extend(limit)
    notes.extend(matches)
    sides = (("at_least", "x-minimum"), ("at_most", "x-maximum"))
    bounds = [f"{argument}={quoted(str(schema[key]))}" for argument, key in sides if key in schema]
    if bounds:
        notes.append(f"{imports.name(RUNTIME_TYPES, 'Bounds')}({', '.join(bounds)})")
    if limits:
        notes.insert(0, f"{imports.name('pydantic', 'Field')}({', '.join(limits)})")
    return f"{imports.name('typing', 'Annotated')}[{text}, {', '.join(notes)}]" if notes else text
