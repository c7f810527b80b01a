"""Turn the checked model into a TypeScript client: one ES module without dependencies, and the same as plain script."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codegen.emit.calls.groups import (
    SAFE_VERBS,
    Group,
    find_fields,
    groups,
    input_fields,
    listed_fields,
    patch_fields,
)
from codegen.emit.header import header
from codegen.emit.json_text import json_text
from codegen.emit.output import Output
from codegen.emit.render import environment
from codegen.model.model import (
    Alias,
    CrudVerb,
    Enum,
    Error,
    Field,
    ListOf,
    MapOf,
    Method,
    Named,
    Nullable,
    Param,
    Primitive,
    Program,
    QName,
    Ref,
    Struct,
    Type,
    TypeDecl,
    Union,
)

_NUMBERS = frozenset({"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"})
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
        "DECLARED",
        "Error",
        "Record",
        "Promise",
        "Response",
        "Set",
        "Array",
        "Object",
        "String",
        "Math",
        "JSON",
        "AbortSignal",
        "Uint8Array",
    }
)


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    type: str
    optional: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """An interface where `fields` is given, else a type alias."""

    name: str
    doc: str
    fields: tuple[Member, ...] | None = None
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Constants:
    """`entries` are pairs of literals: a key and its value."""

    name: str
    entries: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DeclaredError:
    name: str
    slug: str
    doc: str
    fields: tuple[Member, ...]
    kinds: str
    """What `typeof` says of each field that must be there, as an object literal."""


@dataclass(frozen=True, slots=True)
class Call:
    """`params` is the type of the parameters object, None where there are none; `wire`, `key` are literals."""

    name: str
    wire: str
    doc: str
    params: str | None
    required: bool
    result: str
    safe: bool
    key: str


@dataclass(frozen=True, slots=True)
class CallGroup:
    name: str
    doc: str
    calls: tuple[Call, ...]


class Names:
    """The TypeScript name of each type and error: its own, with the module's in front where two would meet."""

    def __init__(self, program: Program) -> None:
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
    """How a type of the model is spelled in TypeScript."""

    def __init__(self, program: Program, names: Names) -> None:
        self.program, self.names = program, names

    def text(self, type_: Type, nullable: bool = False) -> str:
        return self._text(type_) + (" | null" if nullable else "")

    def _text(self, type_: Type) -> str:
        match type_:
            case Primitive("bool"):
                return "boolean"
            case Primitive("json"):
                return "Json"
            case Primitive(name):
                return "number" if name in _NUMBERS else "string"
            case Ref():
                return "string"
            case Named(target):
                return self.names[target]
            case ListOf(item):
                inner = self._text(item)
                return f"({inner})[]" if "|" in inner else f"{inner}[]"
            case MapOf(_, value):
                return f"Record<string, {self._text(value)}>"
            case Nullable(inner_type):
                return f"{self._text(inner_type)} | null"

    def kinds(self, field: Field) -> list[str]:
        """What `typeof` may say of a field's value."""
        match base := self.program.base(field.type):
            case Primitive("json"):
                return []
            case Primitive():
                kind = self._text(base)
            case Ref():
                kind = "string"
            case Named(target):
                kind = "string" if isinstance(self.program.types[target], Enum) else "object"
            case _:
                kind = "object"
        nullable = field.nullable or any(alias.nullable for alias in self.program.aliases_of(field.type))
        return [kind, *(["null"] if nullable else []), *(["undefined"] if field.optional else [])]

    def member(self, field: Field | Param, *, optional: bool) -> Member:
        """What may be absent may be null as well, where null is a value of it at all."""
        return Member(field.name, self.text(field.type, field.nullable), optional, _field_doc(field))


def emit(program: Program) -> Iterable[Output]:
    names = Names(program)
    types = Types(program, names)
    all_groups = groups(program)
    call_groups = [_group(group, types) for group in all_groups]
    first = next((f"{group.name}.{call.name}(…)" for group in call_groups for call in group.calls), "…")
    template = environment("clients.typescript").get_template("client.ts.j2")
    sources = [file for module in program.modules for file in module.files]
    for path, typed in (("clients/typescript/client.ts", True), ("clients/typescript/client.js", False)):
        yield Output(
            path,
            template.render(
                header=header(sources, "//"),
                typed=typed,
                client="Client",
                example=first,
                groups=call_groups,
                declarations=list(_declarations(program, types, all_groups)) if typed else [],
                errors=[_error(error, types) for error in program.errors.values()],
                busy=names["runtime.Busy"],
                constants=[_constants(enum, names) for enum in program.types.values() if isinstance(enum, Enum)],
            ),
        )
    yield Output("clients/typescript/package.json", json_text(_package(program, header(sources, ""))))


def _package(program: Program, first_line: str) -> dict[str, object]:
    """What node and bundlers need to know of the folder."""
    modules = "-".join(module.name.replace("_", "-") for module in program.modules) or "empty"
    return {
        "name": f"{modules[:200]}-client",
        "description": first_line.strip(),
        "private": True,
        "type": "module",
        "exports": {".": {"types": "./client.ts", "default": "./client.js"}},
    }


def _constants(enum: Enum, names: Names) -> Constants:
    """The known values of an enum, for programs that compare with them: of an open one the type holds any string."""
    literals = [json.dumps(value.name) for value in enum.values]
    # As a plain key `__proto__` would name the prototype.
    return Constants(names[enum.qname], [("[" + text + "]" if "proto" in text else text, text) for text in literals])


def _declarations(program: Program, types: Types, all_groups: Iterable[Group]) -> Iterator[Declaration]:
    for declared in program.types.values():
        yield from _declaration(declared, types)
    for group in all_groups:
        if group.root is not None:
            yield from _inputs(group.root, types)


def _declaration(declared: TypeDecl, types: Types) -> Iterator[Declaration]:
    name = types.names[declared.qname]
    match declared:
        case Struct():
            tag = (Member(declared.union_tag[0], json.dumps(declared.union_tag[1])),) if declared.union_tag else ()
            fields = tuple(types.member(field, optional=field.optional) for field in declared.fields)
            yield Declaration(name, _doc(declared), tag + fields)
        case Enum():
            values = [json.dumps(value.name) for value in declared.values]
            # `string & {}` keeps an open enum's known values in completion lists.
            yield Declaration(name, _doc(declared), alias=" | ".join([*values, *(["(string & {})"] * declared.open)]))
        case Union():
            yield Declaration(name, _doc(declared), alias=" | ".join(types.names[m] for m in declared.members))
        case Alias():
            yield Declaration(name, _doc(declared), alias=types.text(declared.type, declared.nullable))


def _inputs(root: Struct, types: Types) -> Iterator[Declaration]:
    """`UserInput` for `new` and `set`, `UserPatch`, `UserFilter`; `UserListed` where something is left out of lists."""
    name = types.names[root.qname]

    def derived(suffix: str) -> str:
        return types.names.derived(root.qname, suffix)

    if {"new", "set"} & set(root.crud):
        yield Declaration(
            derived("Input"),
            f"What `{root.wire}.new` reads.",
            tuple(types.member(field, optional=not field.required) for field in input_fields(root)),
        )
    if "patch" in root.crud:
        yield Declaration(
            derived("Patch"),
            f"What `{root.wire}.patch` may change; what is absent stays.",
            tuple(types.member(field, optional=True) for field in patch_fields(root)),
        )
    if "find" in root.crud:
        yield Declaration(
            derived("Filter"),
            f"What `{root.wire}.find` may ask for.",
            tuple(types.member(field, optional=True) for field in find_fields(root)),
        )
    if "list_full" in root.crud and any(field.sensitive for field in root.fields):
        yield Declaration(
            derived("Listed"),
            f"`{name}` as lists give it: without what is sensitive.",
            tuple(types.member(field, optional=field.optional) for field in listed_fields(root)),
        )


def _error(error: Error, types: Types) -> DeclaredError:
    doc = f"{error.message} (code {error.code}, HTTP {error.status})" + (f"\n\n{error.doc}" if error.doc else "")
    return DeclaredError(
        types.names[error.qname],
        json.dumps(error.slug),
        doc,
        tuple(types.member(field, optional=field.optional) for field in error.fields),
        json.dumps({field.name: types.kinds(field) for field in error.fields}),
    )


def _group(group: Group, types: Types) -> CallGroup:
    crud = [_crud_call(group.root, verb, types) for verb in group.verbs if group.root is not None]
    return CallGroup(group.identifier, group.doc, (*crud, *(_method_call(method, types) for method in group.methods)))


def _method_call(method: Method, types: Types) -> Call:
    key = method.idempotent
    members = [types.member(param, optional=not param.required or param.name == key) for param in method.params]
    doc = _doc(method)
    if method.errors:
        doc += "\n\nThrows " + ", ".join(types.names[error] for error in method.errors) + "."
    return Call(
        method.name,
        json.dumps(method.wire),
        doc.strip(),
        _object(members),
        any(not m.optional for m in members),
        types.text(method.result, method.result_nullable) if method.result is not None else "null",
        method.safe,
        json.dumps(key) if key else "null",
    )


def _crud_call(root: Struct, verb: CrudVerb, types: Types) -> Call:
    name = types.names[root.qname]
    listed = types.names.derived(root.qname, "Listed") if any(field.sensitive for field in root.fields) else name
    given, patch, wanted = (types.names.derived(root.qname, suffix) for suffix in ("Input", "Patch", "Filter"))
    reason = "; reason?: string | null"
    more = reason if root.append_only else f"; rev?: number | null{reason}"
    page = "{ limit?: number; cursor?: string | null }"
    params, result, doc = {
        "new": (f"{{ data: {given}{reason} }}", name, f"Store a new `{name}`."),
        "get": ("{ sid: string }", name, "The object with this sid."),
        "set": (f"{{ data: {given}{more} }}", name, "Replace an object, or store it where its sid is new."),
        "patch": (f"{{ sid: string; data: {patch}{more} }}", name, "Change some fields; what is absent stays."),
        "delete": (f"{{ sid: string{reason} }}", "null", "Remove the object."),
        "list": (page, "Page<string>", "The sids, a page at a time."),
        "list_full": (page, f"Page<{listed}>", "The objects, a page at a time."),
        "exists": ("{ sid: string }", "boolean", "Whether there is an object with this sid."),
        "find": (
            f"{{ filter: {wanted}; limit?: number; cursor?: string | null }}",
            f"Page<{listed}>",
            "The objects whose indexed fields have these values.",
        ),
    }[verb]
    return Call(
        verb,
        json.dumps(f"{root.wire}.{verb}"),
        doc,
        params,
        verb not in ("list", "list_full"),
        result,
        verb in SAFE_VERBS,
        "null",
    )


def _object(members: list[Member]) -> str | None:
    if not members:
        return None
    return "{ " + "; ".join(f"{m.name}{'?' if m.optional else ''}: {m.type}" for m in members) + " }"


def _doc(member: TypeDecl | Method) -> str:
    deprecated = f"@deprecated {member.deprecated.reason}" if member.deprecated else ""
    return "\n\n".join(part for part in (member.doc, deprecated) if part)


def _field_doc(field: Field | Param) -> str:
    deprecated = f"@deprecated {field.deprecated.reason}" if field.deprecated else ""
    return "\n".join(part for part in (field.doc, deprecated) if part)
