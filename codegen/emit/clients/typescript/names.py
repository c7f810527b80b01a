"""How the model's names and types are spelled in TypeScript, and what one file imports for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from codegen.emit.output import Integers
from codegen.emit.python.parts import Parts
from codegen.model.model import (
    Error,
    ListOf,
    MapOf,
    Named,
    Nullable,
    Primitive,
    Program,
    QName,
    Ref,
    Type,
    TypeDecl,
)

NUMBERS = frozenset({"i8", "i16", "i32", "u8", "u16", "u32", "f32", "f64"})
WHOLE = frozenset({"i64", "u64"})
"""Whole numbers that a `number` of JavaScript would round."""
RUNTIME = "runtime"
"""The file of what every client has, as a part's name (no schema file is called so: theirs are in `modules/`)."""

_RESERVED = frozenset(
    {
        "Client",
        "ClientOptions",
        "Page",
        "Json",
        "ParameterError",
        "RpcError",
        "TransportError",
        "Transport",
        "Kinds",
        "Part",
        "Shape",
        "Error",
        "Record",
        "Promise",
        "Response",
        "ReturnType",
        "Array",
        "BigInt",
        "Object",
        "Number",
        "Set",
        "String",
        "Math",
        "JSON",
        "AbortSignal",
        "Uint8Array",
    }
)


class Names:
    """The TypeScript name of each type and error: its own, with the module's in front where two would meet.

    `whole` is what whole numbers of 64 bits are.
    """

    def __init__(self, program: Program, whole: Integers) -> None:
        self.whole = whole
        declared = [*program.types.values(), *program.errors.values()]
        count = Counter(item.name for item in declared)
        self._names: dict[QName, str] = {
            item.qname: item.name
            if count[item.name] == 1 and item.name not in _RESERVED
            else "".join(part.capitalize() for part in item.module.split("_")) + item.name
            for item in declared
        }
        self._taken = frozenset(self._names.values())

    def __getitem__(self, qname: QName) -> str:
        return self._names[qname]

    def derived(self, qname: QName, suffix: str) -> str:
        """The name of a type made from another: `UserInput`, with a `_` behind it where the schema has one itself."""
        name = f"{self._names[qname]}{suffix}"
        return f"{name}_" if name in self._taken else name


class Types:
    """Spells types in one file, and keeps what that file imports of others.

    `own` is the name of the file's part.
    """

    def __init__(self, program: Program, names: Names, parts: Parts, own: str) -> None:
        self.program, self.names = program, names
        self._parts, self._own = parts, own
        self._used: dict[str, set[str]] = {}

    def text(self, type_: Type, nullable: bool = False) -> str:
        return self._text(type_) + (" | null" if nullable else "")

    def named(self, declared: TypeDecl | Error) -> str:
        """The name of a type, which is imported where it is another file's."""
        name = self.names[declared.qname]
        self._use(self._parts.of(declared).name, name)
        return name

    def page(self, item: str) -> str:
        self._use(RUNTIME, "Page")
        return f"Page<{item}>"

    def imports(self) -> Iterator[tuple[str, list[str]]]:
        """The types that are used here: other parts by name, and what is used of each."""
        for part in sorted(self._used):
            yield part, sorted(self._used[part])

    def _use(self, part: str, name: str) -> None:
        if part != self._own:
            self._used.setdefault(part, set()).add(name)

    def _text(self, type_: Type) -> str:
        match type_:
            case Primitive("bool"):
                return "boolean"
            case Primitive("json"):
                self._use(RUNTIME, "Json")
                return "Json"
            case Primitive(name):
                return self.names.whole if name in WHOLE else "number" if name in NUMBERS else "string"
            case Ref():
                return "string"
            case Named(target):
                return self.named(self.program.types[target])
            case ListOf(item):
                inner = self._text(item)
                return f"({inner})[]" if "|" in inner else f"{inner}[]"
            case MapOf(_, value):
                return f"Record<string, {self._text(value)}>"
            case Nullable(inner_type):
                return f"{self._text(inner_type)} | null"


def path_of(part: str) -> str:
    """The file of a part (by its name) below `clients/typescript`, without its ending."""
    return f"modules/{part.replace('.', '/')}"
