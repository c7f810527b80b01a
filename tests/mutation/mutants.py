"""The mutants of a module: every small change of its syntax tree that a test should notice."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
RENAMED = {"max": "min", "min": "max", "any": "all", "all": "any"}
TOLD = frozenset({"_log", "log"})
"""Objects whose calls only tell people something."""
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. `place` is the function it is in, outermost first and without nested ones; empty at module level.

    `change` says what it does, `line` where. `apply` does it to the tree that it was found in.
    """

    place: str
    change: str
    line: int
    apply: Callable[[], None]


def mutants(tree: ast.Module) -> list[Mutant]:
    """All mutants of a module, in the order of its text. Applying one changes the tree."""
    return list(_Finder().module(tree))


class _Finder:
    """Walks statements and expressions, but not docstrings, annotations, decorators, defaults, messages of errors."""

    def __init__(self) -> None:
        self.scopes: list[str] = []
        self.function = ""

    def module(self, tree: ast.Module) -> Iterator[Mutant]:
        yield from self._body(tree.body)

    # --- statements -------------------------------------------------------------------------------------------

    def _body(self, body: list[ast.stmt]) -> Iterator[Mutant]:
        for place, statement in enumerate(body):
            if _no_effect(statement):
                continue
            if self.function and _removable(statement):
                yield self._replaced(body, place, ast.Pass(), f"{_text(statement)} → pass")
            if isinstance(statement, ast.Break):
                yield self._replaced(body, place, ast.Continue(), "break → continue")
            yield from self._statement(statement)

    def _statement(self, node: ast.stmt) -> Iterator[Mutant]:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield from self._scope(node)
            case ast.If() | ast.While():
                yield self._set(node, "test", _negated(node.test), f"{_text(node.test)} → not")
                yield from self._expression(node.test)
                yield from self._body(node.body)
                yield from self._body(node.orelse)
            case ast.For():
                yield from self._expression(node.iter)
                yield from self._body(node.body)
                yield from self._body(node.orelse)
            case ast.With():
                for item in node.items:
                    yield from self._expression(item.context_expr)
                yield from self._body(node.body)
            case ast.Try():
                yield from self._body(node.body)
                for handler in node.handlers:
                    yield from self._body(handler.body)
                yield from self._body(node.orelse)
                yield from self._body(node.finalbody)
            case ast.Match():
                yield from self._expression(node.subject)
                for case in node.cases:
                    if case.guard is not None:
                        yield self._set(case, "guard", _negated(case.guard), f"case if {_text(case.guard)} → not")
                    yield from self._body(case.body)
            case ast.Return(value=ast.expr() as value):
                if not (isinstance(value, ast.Constant) and value.value is None):
                    yield self._set(node, "value", ast.Constant(None), f"return {_text(value)} → None")
                yield from self._expression(value)
            case ast.AugAssign():
                if type(node.op) in CALCULATED:
                    yield self._set(node, "op", CALCULATED[type(node.op)](), f"{_text(node)} → other operator")
                yield from self._expression(node.value)
            case ast.Assign() | ast.Expr():
                yield from self._expression(node.value)
            case ast.AnnAssign(value=ast.expr() as value):
                yield from self._expression(value)
            case _:
                return

    def _scope(self, node: Scope) -> Iterator[Mutant]:
        self.scopes.append(node.name)
        outermost = not isinstance(node, ast.ClassDef) and not self.function
        if outermost:
            self.function = ".".join(self.scopes)
        yield from self._body(node.body)
        if outermost:
            self.function = ""
        self.scopes.pop()

    # --- expressions ------------------------------------------------------------------------------------------

    def _expression(self, node: ast.expr) -> Iterator[Mutant]:
        yield from self._of_itself(node)
        for child in ast.iter_child_nodes(node):
            match child:
                case ast.expr():
                    yield from self._expression(child)
                case ast.keyword():
                    yield from self._expression(child.value)
                case ast.comprehension():
                    yield from self._expression(child.iter)
                    for condition in child.ifs:
                        yield from self._expression(condition)

    def _of_itself(self, node: ast.expr) -> Iterator[Mutant]:
        match node:
            case ast.Compare():
                for place, operator in enumerate(node.ops):
                    other = COMPARED[type(operator)]()
                    yield self._replaced(node.ops, place, other, f"{_text(node)} → other comparison", node.lineno)
            case ast.BoolOp():
                if isinstance(node.op, ast.And):
                    yield self._set(node, "op", ast.Or(), f"{_text(node)} → or")
                else:
                    yield self._set(node, "op", ast.And(), f"{_text(node)} → and")
                for place, value in enumerate(node.values):
                    yield self._replaced(node.values, place, _negated(value), f"{_text(value)} in and/or → not")
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                same = ast.UnaryOp(type(node.op)(), node.operand)
                yield self._set(node, "operand", same, f"{_text(node)} → without its sign")
            case ast.BinOp() if type(node.op) in CALCULATED:
                yield self._set(node, "op", CALCULATED[type(node.op)](), f"{_text(node)} → other operator")
            case ast.IfExp():
                yield self._set(node, "test", _negated(node.test), f"… if {_text(node.test)} → not")
            case ast.Constant(value=bool() as value):
                yield self._set(node, "value", not value, f"{value} → {not value}")
            case ast.Constant(value=int() as value):
                yield self._set(node, "value", value + 1, f"{value} → {value + 1}")
            case ast.Constant(value=str() as value) if value and not set(value) & set(" \n"):
                yield self._set(node, "value", value + "~", f"{value!r} → other text")
            case ast.Call():
                if isinstance(node.func, ast.Name) and node.func.id in RENAMED:
                    yield self._set(node.func, "id", RENAMED[node.func.id], f"{_text(node)} → {RENAMED[node.func.id]}")
                for keyword in node.keywords:
                    if keyword.arg is not None:
                        yield self._without(
                            node.keywords, keyword, f"{_text(node)} without {keyword.arg}=", node.lineno
                        )
            case ast.Tuple(ctx=ast.Load()) if len(node.elts) > 1:
                for element in node.elts:
                    yield self._without(node.elts, element, f"{_text(node)} without {_text(element)}", node.lineno)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                for generator in node.generators:
                    for place, condition in enumerate(generator.ifs):
                        yield self._replaced(
                            generator.ifs, place, _negated(condition), f"… if {_text(condition)} → not", node.lineno
                        )

    # --- changes ----------------------------------------------------------------------------------------------

    def _set(self, node: ast.AST, name: str, value: object, change: str) -> Mutant:
        line: int = getattr(node, "lineno", 0)
        return Mutant(self.function, change, line, lambda: setattr(node, name, value))

    def _replaced(self, within: list[object] | list, place: int, other: object, change: str, line: int = 0) -> Mutant:  # type: ignore[type-arg]
        line = line or getattr(within[place], "lineno", 0)
        return Mutant(self.function, change, line, lambda: within.__setitem__(place, other))

    def _without(self, within: list, one: object, change: str, line: int) -> Mutant:  # type: ignore[type-arg]
        return Mutant(self.function, change, line, lambda: within.remove(one))


def _no_effect(node: ast.stmt) -> bool:
    """Docstrings, assertions of what cannot be otherwise, messages of errors, log lines, and what only types need."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Assert() | ast.Import() | ast.ImportFrom() | ast.Pass():
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name)))) if name in TOLD:
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(value=ast.Subscript(value=ast.Name(id="Literal" | "Callable" | "Mapping" | "tuple"))):
            return True
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
            return True
    return False


def _removable(node: ast.stmt) -> bool:
    """Statements whose removal leaves code that runs."""
    match node:
        case ast.Raise(exc=ast.expr()) | ast.Expr() | ast.AugAssign():
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
    return False


def _negated(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), node)


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 90 else text[:89] + "…"
