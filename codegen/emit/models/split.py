"""Divide the text of a module's models into a file for each schema file, with its own imports and no tokens left."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

from codegen.emit.header import header
from codegen.emit.models.feed import DOC, TOKEN_MODULE, Feed
from codegen.emit.output import Output
from codegen.emit.python.docstrings import docstring
from codegen.emit.python.imports import Imports
from codegen.emit.python.parts import Part, Parts
from codegen.emit.python.references import Origins, values
from codegen.emit.python.types import INPUT_NAMES
from codegen.model.mentions import targets
from codegen.model.model import Event, Module, Program, Struct, TypeDecl, old_names
from codegen.runtime.values.python_names import attribute_name, class_name, quoted

_DOC = re.compile(rf'^( *)"""\s*{DOC}(\d+)\s*"""', re.MULTILINE)
_TOKEN = re.compile(r"['\"](OSCHEMA_\w+)['\"]|\b(OSCHEMA_\w+)\b")


def split(
    program: Program,
    module: Module,
    text: str,
    feed: Feed,
    parts: Parts,
    late: Mapping[str, frozenset[str]],
) -> Iterator[Output]:
    """The files of a module, in the order of its schema files; the declarations of each stay in the order of `text`."""
    source = _Source(text)
    declared = {class_name(each.name): each for each in values(module.types, module.events)}
    bodies: dict[str, list[_Statement]] = {}
    for statement in source.statements:
        bodies.setdefault(parts.of(declared[statement.name]).name, []).append(statement)
    for part in parts:
        if part.module.name == module.name and part.name in bodies:
            file = _File(program, part, parts, late.get(part.name, frozenset()), feed)
            yield Output(part.path("models"), file.text(source, bodies[part.name], declared))


def field_names(module: Module) -> Iterable[str]:
    owners: tuple[Struct | Event, ...] = (*module.structs, *module.events)
    return (field.name for owner in owners for field in owner.fields)


@dataclass(slots=True)
class _Statement:
    """A class, an alias or a call of `model_rebuild`; `name` is the type's, `doc` the text below an alias."""

    name: str
    node: ast.stmt
    text: str
    doc: str = ""

    def names(self) -> Iterator[str]:
        """All that is written in it, in quotes as well: there it stands for what is defined further below."""
        for each in ast.walk(self.node):
            if isinstance(each, ast.Name):
                yield each.id
            elif isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value

    @property
    def alias(self) -> ast.expr | None:
        """What a `TypeAliasType` stands for."""
        value = self.node.value if isinstance(self.node, ast.Assign) else None
        return value.args[1] if isinstance(value, ast.Call) and len(value.args) == 2 else None


class _Source:
    """The text of one module, as datamodel-code-generator wrote it."""

    def __init__(self, text: str) -> None:
        lines = text.splitlines()
        self.imports: list[ast.ImportFrom] = []
        self.statements: list[_Statement] = []
        for node in ast.parse(text).body:
            own = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            match node:
                case ast.ImportFrom():
                    self.imports.append(node)
                case (
                    ast.ClassDef(name=name)
                    | ast.Assign(targets=[ast.Name(id=name)])
                    | ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name))))
                ):
                    self.statements.append(_Statement(name, node, own))
                case ast.Expr(value=ast.Constant()):
                    self.statements[-1].doc = f"\n{own}"
                case _:
                    raise ValueError(f"models have a statement of no known kind: {ast.unparse(node)}")


class _File:
    """One file while it is written."""

    def __init__(self, program: Program, part: Part, parts: Parts, late: frozenset[str], feed: Feed) -> None:
        self.program, self.part, self.parts, self.late, self.feed = program, part, parts, late, feed

    def text(self, source: _Source, statements: list[_Statement], declared: Mapping[str, TypeDecl | Event]) -> str:
        taken = [*declared, *map(attribute_name, field_names(self.part.module))]
        origin = Origins(self.parts, "models", self.part)
        imports = Imports(self.part.path("models"), taken, self.late, origin)
        imports.name("__future__", "annotations")
        used = {name for statement in statements for name in statement.names()}
        self._take_over(imports, source, used)
        for name, other in declared.items():
            if name in used and (module := origin(other)) is not None:
                imports.bind(module, name, name)
        written: list[str] = []
        below = {statement.name for statement in statements}
        quoted_any = False
        for statement in statements:
            below.discard(statement.name)
            hidden = below if _TOKEN.search(statement.text) else ()  # else datamodel-code-generator has quoted them
            later = statement.alias is not None and self._names_later(declared[statement.name], hidden)
            quoted_any = quoted_any or later
            written.append(self._statement(statement, declared, later, imports))
        if quoted_any and not self.late:
            names = (statement.name for statement in statements if isinstance(statement.node, ast.ClassDef))
            classes = (name for name in names if isinstance(declared[name], Struct | Event))
            written.append("\n\n" + "\n".join(f"{name}.model_rebuild()" for name in classes))
        body = "\n".join(written)
        title = f'"""Models of the module `{self.part.module.name}`."""'
        gap = "\n\n\n" if body.startswith("class ") else "\n\n"  # as ruff has it below imports
        late = imports.late_text()
        end = f"\n\n\n{late}\n" if late else "\n"
        return f"{header(self.part.module.files)}\n{title}\n\n{imports.text()}{gap}{body}{end}"

    def _take_over(self, imports: Imports, source: _Source, used: set[str]) -> None:
        """The imports of the whole module that this file needs."""
        for statement in source.imports:
            if statement.module not in ("__future__", TOKEN_MODULE):
                origin = f"~.models.{statement.module}" if statement.level else statement.module
                for alias in statement.names:
                    local = alias.asname or alias.name
                    if local in used and origin is not None:
                        imports.bind(origin, alias.name, local)

    def _statement(
        self, statement: _Statement, declared: Mapping[str, TypeDecl | Event], later: bool, imports: Imports
    ) -> str:
        """Its text, without tokens. `later`: it is written with a type that the file has not when it comes to it.

        An alias of types that stand below, or in a file of a circle are imported at the end, stands in quotes, so that
        pydantic reads it when it is used; and models become whole in the package, when all files are read.
        """
        if self.late and isinstance(statement.node, ast.Expr):
            return ""
        value = statement.alias
        if value is not None and later:
            meaning = ast.unparse(_Unquoted(declared).visit(value))
            alias = f"TypeAliasType({quoted(statement.name)}, {quoted(self._expanded(meaning, imports))})"
            return f"{statement.name} = {alias}{self._expanded(statement.doc, imports)}"
        return self._expanded(statement.text + statement.doc, imports) + self._reader(statement, declared, imports)

    def _reader(self, statement: _Statement, declared: Mapping[str, TypeDecl | Event], imports: Imports) -> str:
        """The line of a class that reads names beside those of its fields, where it does."""
        own = declared[statement.name]
        if not isinstance(statement.node, ast.ClassDef) or not isinstance(own, Struct | Event):
            return ""
        names = own.old_names if isinstance(own, Struct) else old_names(own.fields)
        ignored = own.ignored if isinstance(own, Struct) else ()
        if not names and not ignored:
            return ""
        arguments = ", ".join(json.dumps(each) for each in (names, ignored) if each or each is names)
        return f"\n    _input_names = {imports.name(INPUT_NAMES, 'also_reads')}({arguments})\n"

    def _names_later(self, declared: TypeDecl | Event, below: Container[str]) -> bool:
        """Whether it is written with a type that the file has not when it comes to it."""
        named = [self.program.types[target] for target in targets(declared)]
        return any(
            self.parts.of(each).dotted("models") in self.late
            or (each.module == declared.module and class_name(each.name) in below)
            for each in named
        )

    def _expanded(self, text: str, imports: Imports) -> str:
        plain = _DOC.sub(lambda match: docstring(self.feed.docs[int(match[2])], match[1]), text)
        return _TOKEN.sub(lambda match: self.feed.tokens[match[1] or match[2]](imports), plain)


class _Unquoted(ast.NodeTransformer):
    """Names of types without the quotes that stand for "defined below": all of it will stand in quotes."""

    def __init__(self, names: Container[str]) -> None:
        self.names = names

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Name(node.value) if isinstance(node.value, str) and node.value in self.names else node
