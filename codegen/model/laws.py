"""The laws of an interface's method: what its notes say of every answer, for the conformance kit to check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from codegen.model.model import Param, Struct, Type
from codegen.model.notes import Notes, argument_text
from codegen.model.types import Space
from codegen.source.catalog_notes import NOTE_ARGUMENTS
from codegen.source.catalog_services import NOT_ECHOED, NOT_PAGED
from codegen.source.nearest import nearest

CURSOR, NEXT_CURSOR = "cursor", "next_cursor"


class Laws(TypedDict):
    """Arguments of `Method`."""

    same: tuple[str, ...]
    deadline: int | None
    offline: bool
    paged: bool


def read_laws(space: Space, method: str, notes: Notes, params: Sequence[Param], result: Type | None) -> Laws:
    answer = _struct(space, result)
    return Laws(
        same=_same(space, method, notes, params, answer),
        deadline=_deadline(space, notes),
        offline="offline" in notes,
        paged=_paged(space, method, notes, params, answer),
    )


def echo_path(params: Sequence[tuple[str, Struct | None]], name: str) -> tuple[str, ...] | None:
    """Where an argument stands: it is a parameter, or a field of one; None for nowhere.

    `params` are names with the struct of each, None for what is no struct.
    """
    for param, _ in params:
        if param == name:
            return (name,)
    for param, struct in params:
        if struct is not None and any(field.name == name for field in struct.fields):
            return param, name
    return None


def _same(space: Space, method: str, notes: Notes, params: Sequence[Param], answer: Struct | None) -> tuple[str, ...]:
    note = notes.get("same")
    if note is None:
        return ()
    given = [(param.name, _struct(space, param.type)) for param in params]
    arguments = [name for name, _ in given] + [f.name for _, struct in given if struct for f in struct.fields]
    answered = [field.name for field in answer.fields] if answer else []
    for arg in note.args:
        name = argument_text(arg)
        if name not in answered or echo_path(given, name) is None:
            what = "arguments" if name in answered else "answer"
            both = [each for each in answered if each in arguments]
            space.report.add(NOT_ECHOED, arg.span, method=method, name=name, what=what, near=nearest(name, both))
    return tuple(dict.fromkeys(argument_text(arg) for arg in note.args))


def _deadline(space: Space, notes: Notes) -> int | None:
    text = notes.text("deadline")
    if text is None:
        return None
    if int(text) < 1:
        space.report.add(NOTE_ARGUMENTS, notes.span("deadline"), name="deadline", usage="@deadline(30), in seconds")
        return None
    return int(text)


def _paged(space: Space, method: str, notes: Notes, params: Sequence[Param], answer: Struct | None) -> bool:
    if "paged" not in notes:
        return False
    cursors = [param.type for param in params if param.name == CURSOR and not param.required]
    following = (
        [field.type for field in answer.fields if field.name == NEXT_CURSOR and field.nullable] if answer else []
    )
    if not cursors or cursors != following:
        space.report.add(NOT_PAGED, notes.span("paged"), method=method)
    return True


def _struct(space: Space, type_: Type | None) -> Struct | None:
    base = space.base(type_) if type_ is not None else None
    return space.struct(base.type) if base is not None else None
