"""Modules: which files belong together, their names and versions, what they import, and in which order they follow."""

import re
from collections.abc import Iterable, Mapping, Sequence
from keyword import iskeyword
from posixpath import basename, dirname, join, normpath

from codegen.model.casing import is_pascal, is_snake, snake, to_pascal, to_snake
from codegen.model.graph import order
from codegen.model.names import RUNTIME, Kind, ModuleNames, Names, Scope, Symbol, classify, tell_groups
from codegen.source.catalog_names import (
    BAD_CASE,
    BAD_VERSION,
    DUPLICATE_MODULE,
    DUPLICATE_NAME,
    DUPLICATE_PREFIX,
    IMPORT_CYCLE,
    IMPORT_SELF,
    NAMES_MEET,
    RESERVED_NAME,
    SECOND_HEADER,
    UNKNOWN_IMPORT,
)
from codegen.source.diagnostics import Related, Report
from codegen.source.nearest import nearest
from codegen.source.span import Span
from codegen.syntax import tree

DEFAULT_VERSION = "1.0.0"
_VERSION = re.compile(r"(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){1,2}", re.ASCII)


def is_version(text: str) -> bool:
    """`X.Y` or `X.Y.Z`, whole numbers without leading zeros."""
    return _VERSION.fullmatch(text) is not None


def gather(files: Mapping[str, Sequence[tree.File]], report: Report, root_name: str) -> Names:
    """The symbol tables of all modules. `files` are given by module directory, relative to the root (`.`)."""
    by_path = {
        normpath(path): _module(normpath(path), trees, report, root_name) for path, trees in sorted(files.items())
    }
    _distinct(by_path.values(), report)
    for module in by_path.values():
        for scope in module.scopes:
            _imports(scope, by_path, report)
    names = Names(report, _ordered(by_path, report))
    for module in names.modules:
        _declare(module, report)
    tell_groups(names)
    return names


def _module(path: str, trees: Sequence[tree.File], report: Report, root_name: str) -> ModuleNames:
    """One module, named by its `module` line or else its directory."""
    trees = sorted(trees, key=lambda file: basename(file.path))
    headers = [file.module for file in trees if file.module is not None]
    for second in headers[1:]:
        report.add(SECOND_HEADER, second.span, related=[Related(headers[0].span, "the first one")])
    header = headers[0] if headers else None
    name = header.name.text if header else basename(path) if path != "." else root_name
    span = header.name.span if header else _head(trees[0])
    if not is_snake(name):
        report.add(
            BAD_CASE, span, what="the module's name", name=name, style="snake_case", near=f"module {to_snake(name)}"
        )
    elif iskeyword(name):
        report.add(RESERVED_NAME, span, name=name, what="a module", reason="it is a keyword of Python")
    elif name == "runtime":
        report.add(RESERVED_NAME, span, name=name, what="a module", reason="it holds the predeclared errors")
    version = DEFAULT_VERSION
    if header and header.version:
        version = header.version.value
        if not is_version(version):
            report.add(BAD_VERSION, header.version.span, version=version)
    module = ModuleNames(path, name, version, span)
    module.scopes = [Scope(file, module) for file in trees]
    return module


def _head(file: tree.File) -> Span:
    return Span(file.path, 1, 1, 1, 2)


def _distinct(modules: Iterable[ModuleNames], report: Report) -> None:
    first: dict[str, ModuleNames] = {}
    for module in modules:
        other = first.setdefault(module.name, module)
        if other is not module:
            report.add(
                DUPLICATE_MODULE,
                module.span,
                name=module.name,
                related=[Related(other.span, "the first module of this name")],
            )


def _imports(scope: Scope, by_path: Mapping[str, ModuleNames], report: Report) -> None:
    """Bind the prefixes of a file's imports."""
    spans: dict[str, Span] = {}
    for node in scope.file.imports:
        target = _target(scope.module, node.target.value, by_path)
        if target is None:
            report.add(
                UNKNOWN_IMPORT,
                node.target.span,
                target=node.target.value,
                near=_near_target(scope.module, node.target.value, by_path),
            )
        elif target is scope.module:
            report.add(IMPORT_SELF, node.target.span)
            target = None
        else:
            scope.module.imports.setdefault(target.path, node)
        prefix = node.alias.text if node.alias else target.name if target else basename(normpath(node.target.value))
        if node.alias and not is_snake(prefix):
            report.add(
                BAD_CASE, node.alias.span, what="the prefix", name=prefix, style="snake_case", near=to_snake(prefix)
            )
        if prefix in spans:
            report.add(DUPLICATE_PREFIX, node.span, name=prefix, related=[Related(spans[prefix], "the first import")])
        else:
            spans[prefix] = node.span
            scope.prefixes[prefix] = target


def _target(module: ModuleNames, target: str, by_path: Mapping[str, ModuleNames]) -> ModuleNames | None:
    """The module at a path: a directory, or a file (its suffix may be left out) of one."""
    path = normpath(join(module.path, target))
    if not target or target.startswith("/"):
        return None
    if path in by_path:
        return by_path[path]
    holder = by_path.get(dirname(path) or ".")
    wanted = {basename(path), f"{basename(path)}.oschema"}
    if holder and any(basename(scope.file.path) in wanted for scope in holder.scopes):
        return holder
    return None


def _near_target(module: ModuleNames, target: str, by_path: Mapping[str, ModuleNames]) -> str | None:
    others = {_way(module.path, path): other for path, other in by_path.items() if other is not module}
    last = basename(normpath(target))
    same = [way for way, other in others.items() if last in (other.name, basename(other.path))]
    return same[0] if same else nearest(target, others)


def _way(start: str, path: str) -> str:
    """The relative path from one module directory to another."""
    here = [] if start == "." else start.split("/")
    there = [] if path == "." else path.split("/")
    common = 0
    while common < min(len(here), len(there)) and here[common] == there[common]:
        common += 1
    return "/".join([".."] * (len(here) - common) + there[common:]) or "."


def _ordered(by_path: Mapping[str, ModuleNames], report: Report) -> list[ModuleNames]:
    """Modules after those they import, else by name."""
    paths = sorted(by_path, key=lambda path: (by_path[path].name, path))
    done, cycles = order({path: sorted(by_path[path].imports, key=paths.index) for path in paths})
    for cycle in cycles:
        node = by_path[cycle[-1]].imports[cycle[0]]
        report.add(IMPORT_CYCLE, node.span, cycle=" → ".join(by_path[path].name for path in [*cycle, cycle[0]]))
    return [by_path[path] for path in done]


def _declare(module: ModuleNames, report: Report) -> None:
    """Fill a module's table of names; the first of a name counts."""
    by_snake: dict[str, Symbol] = {}
    for scope in module.scopes:
        for node in scope.file.declarations:
            if isinstance(node, tree.Webhook):
                continue
            symbol = Symbol(node.name.text, _kind(node), node, scope)
            _check_name(symbol, report)
            first = module.symbols.setdefault(symbol.name, symbol)
            if first is not symbol:
                # The versions of a service share its name; that they differ is checked with their versions.
                if not (symbol.kind == first.kind == "service"):
                    report.add(
                        DUPLICATE_NAME,
                        symbol.span,
                        name=symbol.name,
                        related=[Related(first.span, f"{first.name} is declared here")],
                    )
                continue
            other = by_snake.setdefault(snake(symbol.name), symbol)
            if other is not symbol:
                report.add(
                    NAMES_MEET,
                    symbol.span,
                    name=symbol.name,
                    other=other.name,
                    meet=snake(symbol.name),
                    related=[Related(other.span, f"{other.name} is declared here")],
                )


def _kind(node: tree.Declaration) -> Kind:
    match node:
        case tree.TypeDef():
            return classify(node)
        case tree.Service():
            return "service"
        case tree.Interface():
            return "interface"
        case tree.Error():
            return "error"
        case _:
            return "event"


def _check_name(symbol: Symbol, report: Report) -> None:
    if not is_pascal(symbol.name):
        report.add(
            BAD_CASE,
            symbol.span,
            what=f"the name of the {symbol.kind}",
            name=symbol.name,
            style="PascalCase",
            near=to_pascal(symbol.name),
        )
    elif iskeyword(symbol.name):
        report.add(
            RESERVED_NAME, symbol.span, name=symbol.name, what="a declaration", reason="it is a keyword of Python"
        )
    elif symbol.name in RUNTIME:
        report.add(
            RESERVED_NAME, symbol.span, name=symbol.name, what="a declaration", reason="it is a predeclared error"
        )
