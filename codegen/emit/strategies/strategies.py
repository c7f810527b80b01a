"""Hypothesis strategies: for every type and event a function that gives valid values of it (`any_user()`)."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.imports import Imports, Origin
from codegen.emit.python.parts import parts_of
from codegen.emit.python.references import Origins, late_imports, values
from codegen.emit.python.types import model_name, python_type
from codegen.emit.render import environment
from codegen.emit.schema.dialect import Schema, primitive_schema
from codegen.emit.schema.types import constrained, through_aliases
from codegen.model.casing import snake
from codegen.model.mentions import targets
from codegen.model.model import (
    Alias,
    Constraints,
    Enum,
    Event,
    Field,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Primitive,
    Program,
    QName,
    Ref,
    Struct,
    Type,
    TypeDecl,
    Union,
)
from codegen.model.types import named_in
from codegen.runtime.values.python_names import class_name, quoted

RUNTIME = "codegen.runtime.testing.strategies"
_SIMPLE = {"bool": "st.booleans()", "uuid": "st.uuids()"}
_BOUNDED = {
    "decimal": "decimals",
    "money": "money",
    "otime": "otimes",
    "datetime": "datetimes",
    "date": "dates",
    "duration": "durations",
}
_SPARE = 3
"""How many more items than it must a list or a map has at most."""


def emit(program: Program) -> Iterable[Output]:
    parts, graph = parts_of(program), _Graph(program)
    late = late_imports(program, parts, "strategies")
    template = environment("strategies").get_template("module.py.j2")
    names: dict[str, list[str]] = {}
    for part in parts:
        declared = values(part.module.types, part.module.events)
        if not declared:
            continue
        names[part.name] = [f"any_{snake(each.name)}" for each in declared]
        path = part.path("strategies")
        imports = Imports(path, {"st", *names[part.name]}, late.get(part.name, ()))
        imports.name("__future__", "annotations")
        imports.bind("hypothesis", "strategies", "st")
        cache = imports.name("functools", "cache")  # what a type holds twice is made once, at any depth
        writer = _Writer(program, graph, imports, Origins(parts, "strategies", part))
        strategies = [writer.strategy(each) for each in declared]
        yield Output(
            path,
            template.render(
                header=header(part.module.files),
                module=part.module.name,
                strategies=strategies,
                cache=cache,
                imports=imports.text(),
                late=imports.late_text(),
            ),
        )
    yield from parts.doors("strategies", "Hypothesis strategies for the types", names)


class Arguments:
    """Writes strategies of values outside of `strategies/`, with calls of the functions there."""

    def __init__(self, program: Program, imports: Imports) -> None:
        self._imports = imports
        self._writer = _Writer(program, _Graph(program), imports, lambda each: f"~.strategies.{each.module}")

    def text(self, type_: Type, *, nullable: bool = False) -> str:
        """The expression of a strategy for `type_`."""
        text = self._writer.value(type_, [], nullable)
        if "st." in text:
            self._imports.bind("hypothesis", "strategies", "st")
        return text


class _Graph:
    """Which types lead to which."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def reach(self) -> dict[QName, set[QName]]:
        """Type → all types its values may hold, at any depth."""
        direct = {name: set(targets(declared)) for name, declared in self.program.types.items()}
        found: dict[QName, set[QName]] = {}
        for name in direct:
            seen: set[QName] = set()
            pending = list(direct[name])
            while pending:
                target = pending.pop()
                if target not in seen:
                    seen.add(target)
                    pending.extend(found[target] if target in found else direct[target])
            found[name] = seen
        return found

    def recursive(self, name: QName) -> bool:
        return name in self.reach.get(name, ())

    def back(self, owner: QName, target: QName) -> bool:
        """Whether a value of `target` inside one of `owner` may hold one of `owner` again."""
        return target == owner or owner in self.reach[target]


@dataclass(frozen=True, slots=True)
class Strategy:
    """One function: of a struct or event by its fields (argument, expression), of anything else by one expression."""

    name: str
    type: str
    recursive: bool
    fields: list[tuple[str, str]] | None = None
    text: str = ""


class _Writer:
    """Writes the expressions of one file. `origin` says where the strategy of a type is imported from, if it is."""

    def __init__(self, program: Program, graph: _Graph, imports: Imports, origin: Origin) -> None:
        self.program, self.graph, self.imports, self.origin = program, graph, imports, origin
        self.owner: QName = ""

    def strategy(self, declared: TypeDecl | Event) -> Strategy:
        self.owner = declared.qname
        recursive = self.graph.recursive(declared.qname)
        name = f"any_{snake(declared.name)}"
        match declared:
            case Struct() | Event():
                type_ = self.imports.name(f"~.models.{declared.module}", class_name(declared.name))
                # As the model's signature has them: by the name on the wire wherever that is an identifier.
                fields = [
                    (f"{field.name}_" if keyword.iskeyword(field.name) else field.name, self._field(field))
                    for field in declared.fields
                ]
                return Strategy(name, type_, recursive, fields)
            case Alias():
                type_ = python_type(self.program, declared.type, self.imports, nullable=declared.nullable)
                text = self.value(declared.type, [declared.constraints], declared.nullable)
            case Enum(open=True):
                type_ = "str"
                known = ", ".join(quoted(value.name) for value in declared.values)
                text = f"st.sampled_from([{known}]) | {self._runtime('texts')}(1, 20)"
            case Enum():
                type_ = model_name(self.program, declared.qname, self.imports)
                text = f"st.sampled_from({type_})"
            case _:
                assert isinstance(declared, Union)
                type_ = model_name(self.program, declared.qname, self.imports)
                text = self._union(declared)
        return Strategy(name, type_, recursive, None, text)

    def _field(self, field: Field) -> str:
        return self.value(field.type, [field.constraints], field.nullable)

    def _union(self, declared: Union) -> str:
        """At the last depth only members that hold no such union again."""
        calls = [self._call(member) for member in declared.members]
        ends = [
            call
            for call, member in zip(calls, declared.members, strict=True)
            if not self.graph.back(declared.qname, member)
        ]
        text = " | ".join(calls)
        return f"{text} if depth else {' | '.join(ends)}" if ends and len(ends) < len(calls) else text

    def value(self, type_: Type, constraints: list[Constraints], nullable: bool = False) -> str:
        type_, nullable, own = through_aliases(self.program, type_, nullable, constraints)
        text = self._bare(type_, own)
        if not nullable:
            return text
        either = f"st.none() | {text}"
        return f"({either} if depth else st.none())" if self._leads_back(type_) else either

    def _leads_back(self, type_: Type) -> bool:
        return any(self.graph.back(self.owner, target) for target in named_in(type_))

    def _bare(self, type_: Type, constraints: list[Constraints]) -> str:
        match type_:
            case Named(target=target):
                return self._call(target)
            case Nullable(inner=inner):
                return f"({self.value(inner, [], True)})"
            case ListOf(item=item):
                size = self._size(constrained(self.program, type_, {}, constraints), "Items")
                return self._short(f"st.lists({self.value(item, [])}, {size})", "st.builds(list)", type_)
            case MapOf(key=key, value=value):
                size = self._size(constrained(self.program, type_, {}, constraints), "Properties")
                text = f"st.dictionaries({self.value(key, [])}, {self.value(value, [])}, {size})"
                return self._short(text, "st.builds(dict)", type_)
            case _:
                schema = constrained(self.program, type_, primitive_schema(type_), constraints)
                return self._primitive(type_, schema, constraints)

    def _short(self, text: str, empty: str, type_: Type) -> str:
        """Nothing in it at the last depth, where it would lead back."""
        return f"({text} if depth else {empty})" if self._leads_back(type_) else text

    @staticmethod
    def _size(schema: Schema, noun: str) -> str:
        low = schema.get(f"min{noun}", 0)
        high = min(low + _SPARE, schema.get(f"max{noun}", low + _SPARE))
        return f"min_size={low}, max_size={high}" if low else f"max_size={high}"

    def _primitive(self, type_: Primitive | Ref, schema: Schema, constraints: list[Constraints]) -> str:
        if isinstance(type_, Ref):
            return f"{self._runtime('sids')}()"
        match type_.name:
            case "bool" | "uuid" as name:
                return _SIMPLE[name]
            case "json":
                return f"{self._runtime('json_values')}()"
            case "str" | "sid" if type_.name == "str" or constraints:
                return f"{self._runtime('texts')}({self._text_arguments(schema)})"
            case "sid":
                return f"{self._runtime('sids')}()"
            case "bytes":
                low = max((each.min_length or 0 for each in constraints), default=0)
                high = min((each.max_length for each in constraints if each.max_length is not None), default=low + 40)
                return f"st.binary(min_size={low}, max_size={high})"
            case "f32" | "f64" as name:
                parts = [repr(float(schema[key])) if key in schema else "None" for key in ("minimum", "maximum")]
                width = ", width=32" if name == "f32" else ""
                return f"{self._runtime('floats')}({', '.join(parts)}{width})"
            case name if name in _BOUNDED:
                sides: Iterable[tuple[str, Any]] = (("low", schema.get("x-minimum")), ("high", schema.get("x-maximum")))
                arguments = ", ".join(f"{side}={quoted(str(bound))}" for side, bound in sides if bound is not None)
                return f"{self._runtime(_BOUNDED[name])}({arguments})"
            case _:
                return f"st.integers({schema['minimum']}, {schema['maximum']})"

    @staticmethod
    def _text_arguments(schema: Schema) -> str:
        patterns = [schema["pattern"]] if "pattern" in schema else []
        patterns += [part["pattern"] for part in schema.get("allOf", ())]
        arguments = [repr(schema.get("minLength", 0)), repr(schema.get("maxLength")), *map(quoted, patterns)]
        while arguments and arguments[-1] in ("0", "None"):
            arguments.pop()
        return ", ".join(arguments)

    def _call(self, target: QName) -> str:
        declared = self.program.types[target]
        name = f"any_{snake(declared.name)}"
        if (origin := self.origin(declared)) is not None:
            name = self.imports.name(origin, name)
        if self.graph.back(self.owner, target) and self.graph.recursive(target):
            return f"st.deferred(lambda: {name}(max(depth - 1, 0)))"
        return f"{name}()"

    def _runtime(self, name: str) -> str:
        return self.imports.name(RUNTIME, name)
