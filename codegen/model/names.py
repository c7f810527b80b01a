"""Symbol tables: every declared name of every module, what kind of thing it is, and how a path finds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from codegen.model.model import RUNTIME_ERRORS, Error, QName
from codegen.model.primitives import PRIMITIVES
from codegen.source.catalog_names import NOT_A_ROOTOBJECT, UNKNOWN_ERROR, UNKNOWN_PREFIX, UNKNOWN_TYPE
from codegen.source.diagnostics import Report, Rule
from codegen.source.nearest import nearest
from codegen.source.span import Span
from codegen.syntax import tree

Kind = Literal[
    "struct", "root object", "enum", "union", "alias", "error group", "error", "event", "service", "interface"
]

RUNTIME: dict[str, Error] = {error.name: error for error in RUNTIME_ERRORS}
MAX_SUGGESTIONS = 50
"""Comparing names is slow; whoever has more unknown ones has another trouble than spelling."""


def a(kind: str) -> str:
    """The kind with its article: `an enum`."""
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


@dataclass(slots=True)
class Symbol:
    """A declared name. `scope` is the file it stands in, which decides how its own paths are read."""

    name: str
    kind: Kind
    node: tree.Declaration
    scope: Scope

    @property
    def qname(self) -> QName:
        return f"{self.scope.module.name}.{self.name}"

    @property
    def span(self) -> Span:
        return self.node.name.span


@dataclass(slots=True)
class ModuleNames:
    """A directory of schema files. `path` is relative to the schemas' root (`.` for the root itself)."""

    path: str
    name: str
    version: str
    span: Span
    scopes: list[Scope] = field(default_factory=list)
    symbols: dict[str, Symbol] = field(default_factory=dict)
    imports: dict[str, tree.Import] = field(default_factory=dict)
    """Path of each imported module → the first import of it."""


@dataclass(slots=True)
class Scope:
    """A file: its module and the prefixes its imports bind (None: the import was wrong, which is reported)."""

    file: tree.File
    module: ModuleNames
    prefixes: dict[str, ModuleNames | None] = field(default_factory=dict)

    def find(self, path: tree.Path) -> Symbol | None:
        parts = path.parts
        if len(parts) == 1:
            return self.module.symbols.get(parts[0].text)
        module = self.prefixes.get(parts[0].text) if len(parts) == 2 else None
        return module.symbols.get(parts[1].text) if module else None

    def lost(self, path: tree.Path) -> bool:
        """Whether the path begins with the prefix of an import that is itself wrong."""
        return len(path.parts) > 1 and self.prefixes.get(path.parts[0].text, self.module) is None

    def names(self, kinds: Iterable[str]) -> list[str]:
        """All names of these kinds as they would be written here: own ones bare, imported ones with their prefix."""
        wanted = set(kinds)
        found = [symbol.name for symbol in self.module.symbols.values() if symbol.kind in wanted]
        for prefix, module in self.prefixes.items():
            if module is not None:
                found += [f"{prefix}.{s.name}" for s in module.symbols.values() if s.kind in wanted]
        return found


FOREIGN: Mapping[str, str] = {
    "boolean": "bool",
    **dict.fromkeys(("int", "integer", "long", "bigint"), "i64"),
    **dict.fromkeys(("float", "double", "number", "real"), "f64"),
    **dict.fromkeys(("string", "text", "varchar", "char", "email", "url"), "str"),
    **dict.fromkeys(("timestamp", "time"), "otime"),
    **dict.fromkeys(("list", "array", "set"), "[T]"),
    **dict.fromkeys(("dict", "object", "hash", "map"), "map<str, T>"),
    **dict.fromkeys(("optional", "maybe"), "T?"),
    **dict.fromkeys(("blob", "binary"), "bytes"),
    **{f"int{bits}": f"i{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"u{bits}" for bits in (8, 16, 32, 64)},
}
"""What other languages call our types."""
TYPE_KINDS = frozenset({"struct", "root object", "enum", "union", "alias"})
ERROR_KINDS = frozenset({"error", "error group"})


@dataclass(slots=True)
class Names:
    """All modules, each after those it imports, and where findings go."""

    report: Report
    modules: list[ModuleNames]
    suggestions: int = MAX_SUGGESTIONS
    """How many more unknown names are compared with all others."""

    def symbols(self, *kinds: Kind) -> Iterable[Symbol]:
        """The symbols of these kinds, modules in order, declarations in source order."""
        for module in self.modules:
            for symbol in module.symbols.values():
                if symbol.kind in kinds:
                    yield symbol

    def type_symbol(self, scope: Scope, path: tree.Path) -> Symbol | None:
        """What a path names, None (and a finding) where there is nothing."""
        symbol = scope.find(path)
        if symbol is None:
            self._unknown(scope, path, UNKNOWN_TYPE, PRIMITIVES, TYPE_KINDS)
        return symbol

    def root_symbol(self, scope: Scope, path: tree.Path) -> Symbol | None:
        """What a path behind `&` names, None (and a finding) where there is nothing that could be referred to."""
        symbol = scope.find(path)
        if symbol is None and path.text in PRIMITIVES:
            fix = f"write {path.text!r} without `&`"
            self.report.add(NOT_A_ROOTOBJECT, path.span, name=path.text, kind="a primitive type", fix=fix)
        elif symbol is None:
            self._unknown(scope, path, UNKNOWN_TYPE, (), TYPE_KINDS)
        return symbol

    def error_symbol(self, scope: Scope, path: tree.Path) -> Symbol | Error | None:
        """The declaration or predeclared error a path names, None (and a finding) where there is nothing."""
        symbol = scope.find(path) or RUNTIME.get(path.text)
        if symbol is None:
            self._unknown(scope, path, UNKNOWN_ERROR, RUNTIME, ERROR_KINDS)
        return symbol

    def _unknown(self, scope: Scope, path: tree.Path, rule: Rule, known: Iterable[str], kinds: Iterable[str]) -> None:
        if scope.lost(path):
            return
        first = path.parts[0]
        if len(path.parts) > 1 and first.text not in scope.prefixes:
            self.report.add(UNKNOWN_PREFIX, first.span, name=first.text, near=nearest(first.text, scope.prefixes))
        else:
            near = FOREIGN.get(path.text.lower()) if rule is UNKNOWN_TYPE else None
            if near is None and self.suggestions > 0:
                self.suggestions -= 1
                candidates = [*known, *scope.names(kinds)]
                # The same name in an imported module is nearer than any other name.
                same = (name for name in sorted(candidates) if name.rpartition(".")[2] == path.parts[-1].text)
                near = next(same, None) or nearest(path.text, candidates)
            fix = None
            if near is None and rule is UNKNOWN_TYPE and path.text.isidentifier() and path.text.islower():
                fix = f'values have an enum, which is declared: `Name = "{path.text}" | …`'
            self.report.add(rule, path.span, name=path.text, near=near, fix=fix)


def classify(node: tree.TypeDef) -> Kind:
    """The kind of a type definition, as far as its own words tell: a union may turn out a group of errors."""
    if isinstance(node.body, tree.Struct):
        return "root object" if any(note.name.text == "rootobject" for note in node.brackets) else "struct"
    items = node.body.items
    if len(items) == 1 and isinstance(items[0].value, tree.NamedType) and node.body.open_span is None:
        return "alias"  # one bare word is a type, known or not
    if not items or is_value(items[0].value):
        return "enum"
    return "alias" if len(items) == 1 else "union"


def is_value(value: tree.StringValue | tree.TypeExpr) -> bool:
    """Whether an alternative is a value of an enum: a string, or a lower-case word that is no primitive."""
    if isinstance(value, tree.StringValue):
        return True
    return (
        isinstance(value, tree.NamedType)
        and value.argument is None
        and len(value.path.parts) == 1
        and value.path.text[:1].islower()
        and value.path.text not in PRIMITIVES
    )


def tell_groups(names: Names) -> None:
    """Turn unions whose first known member is an error (or a group of them) into error groups."""
    decided: set[int] = set()
    for symbol in names.symbols("union"):
        trail: list[Symbol] = []
        current: Symbol | Error | None = symbol
        while isinstance(current, Symbol) and current.kind == "union" and id(current) not in decided:
            decided.add(id(current))
            trail.append(current)
            current = next(_members(current), None)
        circle = isinstance(current, Symbol) and current.kind == "union"
        if _is_error(current) or (circle and any(_is_error(member) for one in trail for member in _members(one))):
            for one in trail:
                one.kind = "error group"


def _is_error(member: Symbol | Error | None) -> bool:
    return isinstance(member, Error) or (isinstance(member, Symbol) and member.kind in ERROR_KINDS)


def _members(symbol: Symbol) -> Iterator[Symbol | Error]:
    """What the alternatives name, as far as it is known."""
    assert isinstance(symbol.node, tree.TypeDef) and isinstance(symbol.node.body, tree.Alternatives)
    for item in symbol.node.body.items:
        if isinstance(item.value, tree.NamedType):
            found = symbol.scope.find(item.value.path) or RUNTIME.get(item.value.path.text)
            if found is not None:
                yield found
