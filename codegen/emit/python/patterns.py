"""Patterns in the types of generated Python."""

from __future__ import annotations

from collections.abc import Iterable

from codegen.emit.python.imports import Imports
from codegen.runtime.values.pattern import read_pattern
from codegen.runtime.values.python_names import quoted


def pattern_notes(patterns: Iterable[str], imports: Imports) -> tuple[list[str], list[str]]:
    """Arguments of pydantic's `Field`, which takes one pattern and does not look ahead; `Matches` for all others."""
    limits: list[str] = []
    matches: list[str] = []
    for text in patterns:
        pattern = read_pattern(text)
        if pattern.begins or limits:
            matches.append(f"{imports.name('codegen.runtime.values.pattern', 'Matches')}({quoted(pattern.portable)})")
        else:
            limits.append(f"pattern={quoted(pattern.plain)}")
    return limits, matches
