"""The syntax tree: what a file says, word by word, before any name is resolved.

Every node carries its span. A tree is made for bad input too: what could not be read is left out and reported.
Comments are kept beside the tree (`File.comments`), in order, so that the formatter loses none.
"""

from __future__ import annotations

from dataclasses import dataclass

from codegen.source.span import Span


@dataclass(frozen=True, slots=True)
class Name:
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Path:
    """Dotted name: `User`, `common.Money`, `true`, `now`."""

    parts: tuple[Name, ...]
    span: Span

    @property
    def text(self) -> str:
        return ".".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Comment:
    """`// …` or `# …`; `text` is the raw text with its marker. `///` doc lines are `docs` of the node they precede."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class DocLine:
    """One `/// …` line; `text` without the marker and one leading space."""

    text: str
    span: Span


# --- values -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StringValue:
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class NumberValue:
    """`text` is the number without `_`; `value` an int where it has neither fraction nor exponent."""

    text: str
    value: int | float
    span: Span


@dataclass(frozen=True, slots=True)
class PathValue:
    """A bare word: `true`, `false`, `null`, `now`, an enum value, a field name in `index(a, b)`."""

    path: Path
    span: Span


@dataclass(frozen=True, slots=True)
class ListValue:
    items: tuple[Value, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class EmptyMapValue:
    span: Span


Value = StringValue | NumberValue | PathValue | ListValue | EmptyMapValue


@dataclass(frozen=True, slots=True)
class Arg:
    name: Name | None
    value: Value
    span: Span


@dataclass(frozen=True, slots=True)
class Note:
    """`rootobject`, `index(a, b)`, `@len(0, 80)`. `has_parens` tells `crud` from `crud()`."""

    name: Name
    args: tuple[Arg, ...]
    span: Span
    has_parens: bool = False


# --- types ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedType:
    """`str`, `User`, `common.Kind`, `money<USD>` (argument `USD`)."""

    path: Path
    argument: Path | None
    span: Span


@dataclass(frozen=True, slots=True)
class RefType:
    path: Path
    span: Span


@dataclass(frozen=True, slots=True)
class ListType:
    item: TypeExpr
    span: Span


@dataclass(frozen=True, slots=True)
class MapType:
    key: TypeExpr
    value: TypeExpr
    span: Span


@dataclass(frozen=True, slots=True)
class OptionalType:
    """`T?`"""

    inner: TypeExpr
    span: Span


TypeExpr = NamedType | RefType | ListType | MapType | OptionalType


# --- declarations -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    docs: tuple[DocLine, ...]
    name: Name
    optional: bool
    type: TypeExpr
    default: Value | None
    notes: tuple[Note, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Struct:
    fields: tuple[Field, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Alternative:
    docs: tuple[DocLine, ...]
    value: StringValue | TypeExpr
    notes: tuple[Note, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Alternatives:
    """`a | b | ...`; `open_span` is the span of `...` where it stands."""

    items: tuple[Alternative, ...]
    open_span: Span | None
    span: Span


@dataclass(frozen=True, slots=True)
class TypeDef:
    """`Name = …`; `brackets` are all notes, wherever they were written (the formatter moves them in front)."""

    docs: tuple[DocLine, ...]
    brackets: tuple[Note, ...]
    name: Name
    body: Struct | Alternatives
    span: Span


@dataclass(frozen=True, slots=True)
class Param:
    """`type` is None where it is left to inference."""

    name: Name
    optional: bool
    type: TypeExpr | None
    default: Value | None
    span: Span
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    docs: tuple[DocLine, ...]
    name: Name
    params: tuple[Param, ...]
    result: TypeExpr | None
    errors: tuple[Path, ...]
    notes: tuple[Note, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Service:
    docs: tuple[DocLine, ...]
    brackets: tuple[Note, ...]
    name: Name
    methods: tuple[Method, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Interface:
    docs: tuple[DocLine, ...]
    brackets: tuple[Note, ...]
    name: Name
    methods: tuple[Method, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Error:
    """`error PlanActive(1103, 409) "a plan is already active" { … }`"""

    docs: tuple[DocLine, ...]
    brackets: tuple[Note, ...]
    name: Name
    code: NumberValue | None
    status: NumberValue | None
    message: StringValue | None
    body: Struct | None
    span: Span


@dataclass(frozen=True, slots=True)
class Event:
    docs: tuple[DocLine, ...]
    brackets: tuple[Note, ...]
    name: Name
    body: Struct
    span: Span


@dataclass(frozen=True, slots=True)
class Webhook:
    docs: tuple[DocLine, ...]
    brackets: tuple[Note, ...]
    name: Name
    route: StringValue
    result: TypeExpr | None
    errors: tuple[Path, ...]
    notes: tuple[Note, ...]
    span: Span


Declaration = TypeDef | Service | Interface | Error | Event | Webhook


@dataclass(frozen=True, slots=True)
class ModuleHeader:
    name: Name
    version: StringValue | None
    span: Span


@dataclass(frozen=True, slots=True)
class Import:
    target: StringValue
    alias: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class File:
    """One source file. `path` is as the user gave it, with `/`; `prefixes` are the first words of all dotted paths."""

    path: str
    module: ModuleHeader | None
    imports: tuple[Import, ...]
    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...]
    prefixes: frozenset[str]
    span: Span
