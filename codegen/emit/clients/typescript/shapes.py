"""Where types have numbers that JSON does not tell apart: whole ones of 64 bits, which are `bigint`, and floats.

The generated runtime reads a whole number beyond 2^53 as a `bigint` and all others as a `number`; by these shapes each
becomes what its type says, at any depth. A type without such numbers has no shape.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from codegen.emit.clients.typescript.names import WHOLE, Names
from codegen.model.model import (
    Alias,
    Field,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Primitive,
    Program,
    QName,
    Struct,
    Type,
    TypeDecl,
    Union,
)

FLOATS = frozenset({"f32", "f64"})


class Shapes:
    """The shapes of a program as TypeScript literals."""

    def __init__(self, program: Program, names: Names) -> None:
        self._program, self._names = program, names
        self._shaped = _shaped(program)

    def of(self, type_: Type) -> str | None:
        """The literal of a type's shape, None where it has none."""
        match type_:
            case Primitive(name):
                return '"bigint"' if name in WHOLE else '"number"' if name in FLOATS else None
            case Named(target):
                declared = self._program.types[target]
                if isinstance(declared, Alias):
                    return self.of(declared.type)
                return json.dumps(self._names[target]) if target in self._shaped else None
            case ListOf(inner) | MapOf(_, inner):
                each = self.of(inner)
                return f"{{ each: {each} }}" if each else None
            case Nullable(inner):
                return self.of(inner)
            case _:
                return None

    def of_fields(self, fields: Iterable[Field]) -> str | None:
        return members({field.name: self.of(field.type) for field in fields})

    def of_declared(self, declared: TypeDecl) -> str | None:
        """That of a struct or a union by itself, as other shapes name it."""
        if declared.qname not in self._shaped:
            return None
        if isinstance(declared, Union):
            of = {
                tag: json.dumps(self._names[member])
                for tag, member in zip(declared.tags, declared.members, strict=True)
                if member in self._shaped
            }
            return f"{{ tag: {json.dumps(declared.tag)}, of: {_object(of)} }}"
        assert isinstance(declared, Struct)
        return self.of_fields(declared.fields)


def members(shapes: Mapping[str, str | None]) -> str | None:
    """The shape of an object whose members have these."""
    known = {name: shape for name, shape in shapes.items() if shape}
    return f"{{ fields: {_object(known)} }}" if known else None


def _object(literals: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{key(name)}: {literal}" for name, literal in literals.items()) + " }"


def key(name: str) -> str:
    """A key of an object literal; as a plain one `__proto__` would name the prototype."""
    text = json.dumps(name)
    return f"[{text}]" if "proto" in name else text


def _shaped(program: Program) -> frozenset[QName]:
    """The structs and unions that have such a number, themselves or through others."""
    users: dict[QName, list[QName]] = {}
    found: list[QName] = []
    for declared in program.types.values():
        match declared:
            case Struct():
                used = [leaf for field in declared.fields for leaf in _leaves(program, field.type)]
            case Union():
                used = [Named(member) for member in declared.members]
            case _:
                continue
        if any(isinstance(leaf, Primitive) for leaf in used):
            found.append(declared.qname)
        for leaf in used:
            if isinstance(leaf, Named):
                users.setdefault(leaf.target, []).append(declared.qname)
    shaped = set(found)
    while found:
        for user in users.get(found.pop(), ()):
            if user not in shaped:
                shaped.add(user)
                found.append(user)
    return frozenset(shaped)


def _leaves(program: Program, type_: Type) -> Iterable[Named | Primitive]:
    """The structs, unions and such numbers that a type is made of."""
    match program.base(type_):
        case Primitive(name) as leaf if name in WHOLE or name in FLOATS:
            yield leaf
        case Named() as leaf:
            yield leaf
        case ListOf(inner) | MapOf(_, inner) | Nullable(inner):
            yield from _leaves(program, inner)
