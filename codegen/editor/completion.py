"""What may be written at a place, told by the text before it: the tree of a half-written line says little."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from codegen.editor.names import Declared, Names
from codegen.model.note_table import TABLE
from codegen.model.primitives import PRIMITIVES
from codegen.source.files import SourceFile
from codegen.syntax import tree

Kind = Literal["type", "error", "note", "primitive", "module"]

_MEMBERS = {"field", "data field", "enum value", "union member", "method", "interface method", "parameter", "webhook"}
"""Places of notes that stand behind what they are about, with `@`; an alias has them too."""
_COMMENT = re.compile(r'^(?:[^"/#]|"(?:[^"\\]|\\.)*"|/(?!/))*(?://|#)')
_STRING = re.compile(r'^(?:[^"]|"(?:[^"\\]|\\.)*")*"(?:[^"\\]|\\.)*$')
_NOTE = re.compile(r"@\w*$")
_BRACKET = re.compile(r"^\s*\[(?:[^\]]*,)?\s*\w*$")
_DOTTED = re.compile(r"([a-z]\w*)\.\w*$")
_REFERENCE = re.compile(r"&\s*\w*$")
_ERROR = re.compile(r"!\s*(?:[\w.]+\s*\|\s*)*\w*$")
_TYPE = re.compile(r"(?::|->|=|\||\[|<|,)\s*\w*$")


@dataclass(frozen=True, slots=True)
class Offer:
    """`insert` is what is written, where it is more than the label."""

    label: str
    kind: Kind
    detail: str
    insert: str = ""


def offers(names: Names, source: SourceFile, line: int, column: int) -> Iterator[Offer]:
    """What may be written where the cursor stands; nothing in comments and strings."""
    before = source.lines[line - 1][: column - 1]
    if _COMMENT.match(before) or _STRING.match(before):
        return
    if _NOTE.search(before):
        yield from _notes(behind=True)
    elif _BRACKET.match(before) and not _inside(source, line):
        yield from _notes(behind=False)
    elif names.file(source.path) is None:
        return
    elif dotted := _DOTTED.search(before):
        yield from map(_declared, names.of_module(source.path, dotted[1]))
    elif _REFERENCE.search(before):
        yield from map(_declared, filter(_is_root, names.of_module(source.path)))
        yield from _modules(names, source.path)
    elif _ERROR.search(before):
        yield from (_declared(each) for each in names.of_module(source.path) if _may_be_error(each.node))
        yield from _modules(names, source.path)
    elif _TYPE.search(before):
        yield from (Offer(name, "primitive", spec.meaning) for name, spec in PRIMITIVES.items())
        yield from (_declared(each) for each in names.of_module(source.path) if isinstance(each.node, tree.TypeDef))
        yield from _modules(names, source.path)


def _notes(*, behind: bool) -> Iterator[Offer]:
    for spec in TABLE.values():
        if any(place in _MEMBERS or place == "alias" if behind else place not in _MEMBERS for place in spec.places):
            yield Offer(spec.name, "note", spec.meaning)


def _inside(source: SourceFile, line: int) -> bool:
    """Whether a line stands within the braces of a declaration."""
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|#[^\n]*', "", "\n".join(source.lines[: line - 1]))
    return text.count("{") > text.count("}")


def _modules(names: Names, path: str) -> Iterator[Offer]:
    for prefix, directory in names.prefixes(path).items():
        yield Offer(prefix, "module", f"the module in {directory}", f"{prefix}.")


def _declared(declared: Declared) -> Offer:
    node = declared.node
    doc = node.docs[0].text if node.docs else ""
    return Offer(node.name.text, "error" if isinstance(node, tree.Error) else "type", doc)


def _is_root(declared: Declared) -> bool:
    node = declared.node
    return isinstance(node, tree.TypeDef) and any(note.name.text == "rootobject" for note in node.brackets)


def _may_be_error(node: tree.Declaration) -> bool:
    """An error, or alternatives, which may be a group of errors."""
    return isinstance(node, tree.Error) or (isinstance(node, tree.TypeDef) and isinstance(node.body, tree.Alternatives))
