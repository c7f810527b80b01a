"""Whether two trees say the same, wherever it stands."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from codegen.syntax import tree


def same_meaning(one: tree.File, other: tree.File) -> bool:
    """Equal but for places and the order of comments; a type written out where `one` left it to inference is fine."""
    return _same(
        (one.module, one.imports, one.declarations), (other.module, other.imports, other.declarations)
    ) and sorted(_texts(one)) == sorted(_texts(other))


def _texts(file: tree.File) -> Iterator[str]:
    return (comment.text.rstrip() for comment in file.comments)


def _same(one: object, other: object) -> bool:
    if isinstance(one, tree.Param) and isinstance(other, tree.Param) and one.type is None:
        return one.optional == other.optional and _same(
            (one.name, one.default, one.notes), (other.name, other.default, other.notes)
        )
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, tree.DocLine) and isinstance(other, tree.DocLine):
        return one.text.rstrip() == other.text.rstrip()
    if is_dataclass(one):
        return all(
            (getattr(one, field.name) is None) == (getattr(other, field.name) is None)
            if field.name in ("span", "open_span")
            else _same(getattr(one, field.name), getattr(other, field.name))
            for field in fields(one)
        )
    return one == other
