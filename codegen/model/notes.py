"""Reading notes by their table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from codegen.model.model import Deprecated, Json
from codegen.model.names import a
from codegen.model.note_table import TABLE, Kind, NoteSpec, Place
from codegen.source.catalog_notes import MISPLACED_NOTE, NOTE_ARGUMENTS, REPEATED_NOTE, UNKNOWN_NOTE
from codegen.source.diagnostics import Related, Report
from codegen.source.nearest import nearest
from codegen.source.span import Span
from codegen.syntax import tree


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of one declaration or member that are in order, by name."""

    by_name: Mapping[str, tuple[tree.Note, ...]]
    extensions: Mapping[str, Json]

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def get(self, name: str) -> tree.Note | None:
        notes = self.by_name.get(name)
        return notes[0] if notes else None

    def all(self, name: str) -> tuple[tree.Note, ...]:
        return self.by_name.get(name, ())

    def span(self, name: str) -> Span:
        return self.by_name[name][0].span

    def text(self, name: str) -> str | None:
        """The first argument of a note as text, None where the note does not stand."""
        note = self.get(name)
        return argument_text(note.args[0]) if note and note.args else None


_NONE = Notes({}, {})


def read_notes(report: Report, notes: Sequence[tree.Note], place: Place) -> Notes:
    """Check notes by the table; those in order are kept, `x_*` become extensions."""
    if not notes:
        return _NONE
    kept: dict[str, tuple[tree.Note, ...]] = {}
    extensions: dict[str, Json] = {}
    seen: dict[str, Span] = {}
    for note in notes:
        name = note.name.text
        spec = TABLE.get(name)
        repeats = spec is not None and spec.repeats and place == "struct"
        if name in seen and not repeats:
            report.add(REPEATED_NOTE, note.span, name=name, related=[Related(seen[name], "the first one")])
            continue
        seen.setdefault(name, note.span)
        if name.startswith("x_"):
            extensions[name] = _extension(note)
        elif spec is None:
            report.add(
                UNKNOWN_NOTE,
                note.name.span,
                name=name,
                near=nearest(name, [spec.name for spec in TABLE.values() if place in spec.places])
                or nearest(name, TABLE),
            )
        elif place not in spec.places:
            report.add(MISPLACED_NOTE, note.span, name=name, place=a(place), near=_places(spec))
        elif not _fits(note, spec, place):
            report.add(NOTE_ARGUMENTS, note.span, name=name, usage=spec.usage)
        else:
            kept[name] = (*kept.get(name, ()), note)
    return Notes(kept, extensions)


def _fits(note: tree.Note, spec: NoteSpec, place: Place) -> bool:
    plain = [arg for arg in note.args if arg.name is None]
    named = [arg for arg in note.args if arg.name is not None]
    if spec.name in ("index", "unique"):
        # After a field they stand alone; before a declaration they name the fields.
        if bool(plain) != (place == "struct"):
            return False
    elif len(plain) < len(spec.arguments) - spec.optional:
        return False
    if len(plain) > len(spec.arguments) and spec.rest is None:
        return False
    kinds: list[Kind] = [*spec.arguments, *([spec.rest] * len(plain) if spec.rest else [])]
    if not all(_is(arg.value, kind) for arg, kind in zip(plain, kinds, strict=False)):
        return False
    names = [arg.name.text for arg in named if arg.name]
    if len(set(names)) < len(names):
        return False
    return spec.any_named or all(
        arg.name is not None and arg.name.text in spec.named and _is(arg.value, spec.named[arg.name.text])
        for arg in named
    )


def _is(value: tree.Value, kind: Kind) -> bool:
    match kind:
        case "string":
            return isinstance(value, tree.StringValue)
        case "int":
            return isinstance(value, tree.NumberValue) and isinstance(value.value, int)
        case "bound":
            return isinstance(value, tree.NumberValue | tree.StringValue)
        case "word":
            return isinstance(value, tree.PathValue) and len(value.path.parts) == 1
        case "any":
            return True


def _places(spec: NoteSpec) -> str:
    places = [a(place) for place in spec.places]
    return places[0] if len(places) == 1 else f"{', '.join(places[:-1])} and {places[-1]}"


def argument_text(arg: tree.Arg) -> str:
    match arg.value:
        case tree.StringValue(value):
            return value
        case tree.PathValue(path):
            return path.text
        case tree.NumberValue(text):
            return text
        case _:
            return ""


def json_of(value: tree.Value) -> Json:
    """A written value as JSON; bare words other than true, false and null as strings."""
    match value:
        case tree.StringValue(text):
            return text
        case tree.NumberValue():
            return value.value
        case tree.PathValue(path):
            literals: dict[str, Json] = {"true": True, "false": False, "null": None}
            return literals.get(path.text, path.text)
        case tree.ListValue(items):
            return [json_of(item) for item in items]
        case tree.EmptyMapValue():
            return {}


def _extension(note: tree.Note) -> Json:
    """`x_a` → true, `x_a("v")` → "v", `x_a(1, 2)` → [1, 2], `x_a(k="v")` → {"k": "v"}."""
    if not note.args:
        return True
    plain = [json_of(arg.value) for arg in note.args if arg.name is None]
    named: dict[str, Json] = {arg.name.text: json_of(arg.value) for arg in note.args if arg.name is not None}
    if named:
        return {**({"": plain} if plain else {}), **named}
    return plain[0] if len(plain) == 1 else list(plain)


class Common(TypedDict):
    """What every named thing of the model takes from its notes and doc lines, as arguments of its constructor."""

    doc: str
    deprecated: Deprecated | None
    since: str | None
    was: str | None
    extensions: Mapping[str, Json]


def common(notes: Notes, docs: Iterable[tree.DocLine]) -> Common:
    deprecated = None
    if note := notes.get("deprecated"):
        plain = [argument_text(arg) for arg in note.args if arg.name is None]
        since = [argument_text(arg) for arg in note.args if arg.name is not None]
        deprecated = Deprecated(plain[0] if plain else "", since[0] if since else None)
    return Common(
        doc="\n".join(line.text for line in docs),
        deprecated=deprecated,
        since=notes.text("since"),
        was=notes.text("was"),
        extensions=notes.extensions,
    )
