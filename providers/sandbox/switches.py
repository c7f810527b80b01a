"""Switches of the sandbox: what each does, for people, and which values it takes; null puts it back to its default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Switch(NamedTuple):
    """`takes` tells whether a value, which is not null, is one of its own."""

    text: str
    takes: Callable[[Any], bool]


def flag(text: str) -> Switch:
    """True or false."""
    return Switch(text, lambda value: isinstance(value, bool))


def seconds(text: str) -> Switch:
    """A number that is not below zero, of seconds or of anything else."""
    return Switch(text, lambda value: _is_number(value) and value >= 0)


def count(text: str, least: int = 0) -> Switch:
    """A whole number."""
    return Switch(text, lambda value: type(value) is int and value >= least)


def moment(text: str) -> Switch:
    """Unix time, of any age: what vendors claim need not be true."""
    return Switch(text, lambda value: type(value) is int)


def word(text: str) -> Switch:
    """Any text."""
    return Switch(text, lambda value: isinstance(value, str))


def one_of(text: str, *words: str) -> Switch:
    """One of these."""
    return Switch(text, lambda value: isinstance(value, str) and value in words)


def names(text: str) -> Switch:
    """A list of texts."""
    return Switch(text, lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value))


def counts(text: str, *fields: str) -> Switch:
    """An object of numbers, with any of these fields."""
    return Switch(text, lambda value: _has_only(value, fields) and all(map(_is_number, value.values())))


def fields(text: str, *allowed: str) -> Switch:
    """An object with any of these fields."""
    return Switch(text, lambda value: _has_only(value, allowed))


def _has_only(value: Any, fields: tuple[str, ...]) -> bool:
    return isinstance(value, dict) and value.keys() <= set(fields)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
