"""Names in the trees of schemas: where each is declared, what stands at a place, and where a declaration is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from posixpath import basename, dirname, join, normpath

from codegen.model.load import Sources
from codegen.source.span import Span
from codegen.syntax import tree


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration and the module directory it stands in."""

    directory: str
    node: tree.Declaration


class Names:
    """All names of a directory of schemas. Trees with errors in them have what could be read."""

    def __init__(self, sources: Sources) -> None:
        self._files = {file.path: (at, file) for at, files in sources.trees.items() for file in files}
        self._trees = sources.trees
        self._modules = {
            at: next((file.module.name.text for file in files if file.module), basename(at) if at != "." else "")
            or sources.root_name
            for at, files in sources.trees.items()
        }
        self._declared: dict[tuple[str, str], Declared] = {}
        for at, file in self._files.values():
            for node in file.declarations:
                self._declared.setdefault((at, node.name.text), Declared(at, node))

    def file(self, path: str) -> tree.File | None:
        found = self._files.get(path)
        return None if found is None else found[1]

    def of_module(self, path: str, prefix: str | None = None) -> list[Declared]:
        """What the file's own module declares, or the one that `prefix` stands for in the file."""
        wanted = self._files[path][0] if prefix is None else self.prefixes(path).get(prefix)
        return [each for (directory, _), each in self._declared.items() if directory == wanted]

    def prefixes(self, path: str) -> dict[str, str]:
        """What stands before the dot in a file's names → the module directory that it means."""
        at, file = self._files[path]
        found: dict[str, str] = {}
        for node in file.imports:
            target = normpath(join(at, node.target.value))
            directory = target if target in self._trees else dirname(target) or "."
            if directory in self._modules:
                found[node.alias.text if node.alias else self._modules[directory]] = directory
        return found

    def meant(self, path: str, name: tree.Path) -> Declared | None:
        """The declaration that a name in this file means."""
        at, _ = self._files[path]
        *before, last = [part.text for part in name.parts]
        if before:
            at = self.prefixes(path).get(".".join(before), "")
        return self._declared.get((at, last))

    def at(self, path: str, line: int, column: int) -> Declared | None:
        """The declaration whose name, or a use of it, stands at a place."""
        if path not in self._files:
            return None
        at, file = self._files[path]
        for node in file.declarations:
            if _holds(node.name.span, line, column):
                return self._declared[at, node.name.text]
            if _holds(node.span, line, column):
                for used in _paths(node):
                    if _holds(used.span, line, column):
                        return self.meant(path, used)
        return None

    def uses(self, declared: Declared) -> Iterator[Span]:
        """The last word of every name that means the declaration, by file and place."""
        name = declared.node.name.text
        for path in sorted(self._files):
            for node in self._files[path][1].declarations:
                for used in sorted(_paths(node), key=lambda each: each.span):
                    if used.parts[-1].text == name and self.meant(path, used) == declared:
                        yield used.parts[-1].span


def _holds(span: Span, line: int, column: int) -> bool:
    """Whether a place is in the span; right behind it counts, for that is where a cursor rests after a word."""
    return (span.line, span.column) <= (line, column) <= (span.end_line, span.end_column)


def _paths(node: object) -> Iterator[tree.Path]:
    """Every name of a type or an error below a node. Words in notes and defaults are none."""
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, tree.Path):
            yield part
        elif isinstance(part, Span):
            continue
        elif isinstance(part, tuple):
            pending.extend(part)
        elif is_dataclass(part) and not isinstance(part, tree.PathValue | tree.Name | tree.DocLine):
            pending.extend(getattr(part, each.name) for each in fields(part))
