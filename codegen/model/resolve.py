"""Trees to model: names first, then each kind of declaration after those it rests on, then what only all show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from posixpath import basename, join
from typing import Any

from codegen.model.aliases import build_aliases, build_enum, build_groups, build_union
from codegen.model.check_names import check_names
from codegen.model.check_shapes import check_shapes
from codegen.model.errors import build_errors, build_event
from codegen.model.model import Module, Program, QName, TypeDecl
from codegen.model.modules import gather
from codegen.model.names import ModuleNames
from codegen.model.services import Groups, build_interface, build_service, build_webhook
from codegen.model.structs import build_struct, find_principal
from codegen.model.types import Space
from codegen.source.catalog_names import UNKNOWN_ERROR, UNKNOWN_IMPORT, UNKNOWN_PREFIX, UNKNOWN_TYPE
from codegen.source.catalog_notes import UNKNOWN_FIELD
from codegen.source.catalog_services import UNKNOWN_PARAM
from codegen.source.diagnostics import Report, Rule
from codegen.source.span import Span
from codegen.syntax import tree

_OF_NAMES = frozenset({UNKNOWN_TYPE, UNKNOWN_ERROR})
_OF_THE_FILE = frozenset({UNKNOWN_PREFIX, UNKNOWN_IMPORT, UNKNOWN_FIELD, UNKNOWN_PARAM})


class _PartialReport(Report):
    """Of schemas with syntax errors: leaves out what may only follow from a declaration that could not be read.

    A name may be declared where a file that is broken writes it like a declaration; a field, a parameter or an import
    may be missing in such a file only.
    """

    def __init__(self, broken: Mapping[str, str]) -> None:
        super().__init__()
        self._paths = frozenset(broken)
        self._maybe = {match[1] or match[2] for text in broken.values() for match in _DECLARES.finditer(text)}

    def add(self, rule: Rule, span: Span, **values: Any) -> None:
        follows = (rule in _OF_NAMES and str(values["name"]).rpartition(".")[2] in self._maybe) or (
            rule in _OF_THE_FILE and span.path in self._paths
        )
        if not follows:
            super().add(rule, span, **values)


_DECLARES = re.compile(r"\b(?:(?:error|event|service|interface)\s+([A-Z]\w*)|([A-Z]\w*)\s*(?:\[[^\]]*\]\s*)?=)")


def resolve(
    files: Mapping[str, Sequence[tree.File]],
    report: Report,
    *,
    root_name: str = "schemas",
    texts: Mapping[str, str] | None = None,
) -> Program | None:
    """The checked model of all files; None, with findings, where anything is wrong.

    `files` are given by module directory, relative to the schemas' root (`.` for the root itself, whose module is
    `root_name` where no `module` line names it). `texts` are those of the files, by path: where files have syntax
    errors, what is missing is not reported if it may stand in what could not be read.
    """
    errors = {finding.span.path for finding in report.findings() if finding.rule.severity == "error"}
    own = _PartialReport({path: (texts or {}).get(path, "") for path in errors}) if errors else Report()
    program = _resolve(files, own, root_name)
    report.extend(own.findings())
    return None if report.has_errors else program


def _resolve(files: Mapping[str, Sequence[tree.File]], report: Report, root_name: str) -> Program:
    names = gather({path: trees for path, trees in files.items() if trees}, report, root_name)
    space = Space(names)
    find_principal(space)
    for symbol in names.symbols("enum"):
        space.types[symbol.qname] = build_enum(space, symbol)
    for symbol in names.symbols("union"):
        space.types[symbol.qname] = build_union(space, symbol)
    groups = build_groups(space)
    build_aliases(space)
    for symbol in names.symbols("struct", "root object"):
        space.types[symbol.qname] = build_struct(space, symbol)
    build_errors(space)
    check_shapes(space)
    modules = [_module(space, module, groups) for module in names.modules]
    check_names(space, modules)
    return Program(modules=tuple(modules))


def _module(space: Space, module: ModuleNames, groups: Groups) -> Module:
    """One module with its declarations in source order."""
    types: dict[QName, TypeDecl] = {**space.types, **groups}
    symbols = list(module.symbols.values())
    declarations = [(scope, node) for scope in module.scopes for node in scope.file.declarations]
    by_path = {other.path: other.name for other in space.names.modules}
    return Module(
        name=module.name,
        version=module.version,
        path=module.path,
        files=tuple(_relative(module, scope.file.path) for scope in module.scopes),
        imports=tuple(sorted(by_path[path] for path in module.imports)),
        types=tuple(types[symbol.qname] for symbol in symbols if symbol.qname in types),
        errors=tuple(space.errors[symbol.qname] for symbol in symbols if symbol.kind == "error"),
        services=tuple(
            build_service(space, scope, node, groups) for scope, node in declarations if isinstance(node, tree.Service)
        ),
        interfaces=tuple(build_interface(space, symbol, groups) for symbol in symbols if symbol.kind == "interface"),
        events=tuple(build_event(space, symbol) for symbol in symbols if symbol.kind == "event"),
        webhooks=tuple(
            build_webhook(space, scope, node, groups) for scope, node in declarations if isinstance(node, tree.Webhook)
        ),
    )


def _relative(module: ModuleNames, path: str) -> str:
    """A file's path from the schemas' root."""
    name = basename(path)
    return name if module.path == "." else join(module.path, name)
