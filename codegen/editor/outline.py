"""The outline of a file: its declarations, and what stands in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from codegen.source.span import Span
from codegen.syntax import tree

_CLASS, _METHOD, _FIELD, _ENUM, _INTERFACE, _FUNCTION, _STRUCT, _EVENT = 5, 6, 8, 10, 11, 12, 23, 24
"""Kinds of symbols, as the protocol numbers them."""


def outline(file: tree.File, ranged: Callable[[Span], Any]) -> Iterator[dict[str, Any]]:
    """The symbols of a file; `ranged` writes a span as the protocol has it."""
    for node in file.declarations:
        yield {
            **_symbol(node.name, node.span, _kind(node), ranged),
            "children": [_symbol(name, span, kind, ranged) for name, span, kind in _members(node)],
        }


def _symbol(name: tree.Name, span: Span, kind: int, ranged: Callable[[Span], Any]) -> dict[str, Any]:
    return {"name": name.text, "kind": kind, "range": ranged(span), "selectionRange": ranged(name.span)}


def _kind(node: tree.Declaration) -> int:
    match node:
        case tree.TypeDef(body=tree.Struct()):
            return _STRUCT
        case tree.TypeDef():
            return _ENUM
        case tree.Service() | tree.Interface():
            return _INTERFACE
        case tree.Webhook():
            return _FUNCTION
        case tree.Event():
            return _EVENT
        case _:
            return _CLASS


def _members(node: tree.Declaration) -> list[tuple[tree.Name, Span, int]]:
    match node:
        case tree.Service(methods=methods) | tree.Interface(methods=methods):
            return [(each.name, each.span, _METHOD) for each in methods]
        case (
            tree.TypeDef(body=tree.Struct(fields=fields))
            | tree.Error(body=tree.Struct(fields=fields))
            | tree.Event(body=tree.Struct(fields=fields))
        ):
            return [(each.name, each.span, _FIELD) for each in fields]
        case _:
            return []
