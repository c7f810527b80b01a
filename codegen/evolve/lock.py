"""The lock: a checked model as canonical JSON, and back.

`schemas/schema.lock.json` holds the model that the newest migration leads to. It keeps all that storage and the rules
about breaking changes need; places in files, file names and doc lines are left out, and declarations stand sorted by
name, so that moving or explaining a declaration does not change the lock. Values that are a dataclass's default are
left out too; types are written as in schemas (`[shop.Customer?]`, `map<str, money<USD>>`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any

from codegen.model import model
from codegen.model.model import ListOf, MapOf, Named, Nullable, Primitive, Program, Ref, Type

FORMAT = 1
WIDTH = 110

_LEFT_OUT = frozenset({"span", "doc", "path", "files", "module"})
_TYPES = (Primitive, Ref, Named, ListOf, MapOf, Nullable)
_DECLARATIONS = {
    cls.__name__.lower(): cls for cls in (model.Struct, model.Enum, model.Union, model.Alias, model.ErrorGroup)
}
_SECTIONS = ("types", "errors", "services", "interfaces", "events", "webhooks")

_encode = json.JSONEncoder(ensure_ascii=False).encode


class LockError(ValueError):
    """The text is no lock that this generator can read."""


def dump(program: Program) -> str:
    """The lock's text, the same for the same meaning on every machine."""
    modules = [_module(module) for module in program.modules]
    return _layout({"format": FORMAT, "modules": modules}, "") + "\n"


def load(text: str) -> Program:
    """The model that `dump` wrote, without places and doc lines. Raises LockError."""
    try:
        data = json.loads(text)
        found = data["format"]
    except (ValueError, KeyError, TypeError) as error:
        if "\n<<<<<<< " in f"\n{text}":
            mend = "merge the schemas, then plan one of the two again with `oschema migrate rebase --onto REF`"
            raise LockError(f"two branches changed the lock: {mend}") from error
        raise LockError('the lock is no JSON object with a "format"; restore it from version control') from error
    if found != FORMAT:
        raise LockError(
            f"the lock has format {found!r}, this oschema reads format {FORMAT}; use the oschema that "
            "wrote it, or restore the lock from version control"
        )
    try:
        return Program(modules=tuple(_load_module(module) for module in data["modules"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LockError(f"the lock was edited or cut ({error}); restore it from version control") from error


def same_meaning(old: model.TypeDecl, new: model.TypeDecl) -> bool:
    """Whether two declarations are the same but for what the lock leaves out."""
    return type(old) is type(new) and _write(old) == _write(new)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- writing ----------------------------------------------------------------------------------------------------


def _module(module: model.Module) -> dict[str, Any]:
    data: dict[str, Any] = _write(module)
    for section in _SECTIONS:
        if section in data:
            data[section].sort(key=lambda declared: (declared["name"], declared.get("wire", "")))
    return data


def _write(value: Any) -> Any:
    if isinstance(value, _TYPES):
        return type_text(value)
    if isinstance(value, tuple):
        return [_write(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    kind: type = type(value)
    name = kind.__name__.lower()
    data: dict[str, Any] = {"kind": name} if name in _DECLARATIONS else {}
    for field, default in _written(kind):
        item = getattr(value, field)
        if not (item is default or (type(item) is type(default) and item == default)):
            data[field] = _write(item)
    return data


@cache
def _written(kind: type) -> tuple[tuple[str, Any], ...]:
    """The fields of a dataclass that the lock has, each with its default. PERF: found once for each class."""
    return tuple((field.name, _default(field)) for field in dataclasses.fields(kind) if field.name not in _LEFT_OUT)


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _layout(value: Any, indent: str) -> str:
    """JSON with what is short on one line, so that a change of a field is a change of a line."""
    if not isinstance(value, dict | list) or 3 * len(value) <= WIDTH:  # an entry takes three columns at least
        line = _encode(value)
        if len(indent) + len(line) <= WIDTH or not isinstance(value, dict | list):
            return line
    deeper = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(deeper + _layout(item, deeper) for item in value) + f"\n{indent}]"
    return (
        "{\n"
        + ",\n".join(f"{deeper}{_encode(key)}: {_layout(item, deeper)}" for key, item in value.items())
        + f"\n{indent}}}"
    )


def type_text(type_: Type) -> str:
    """A type as it is written in schemas, with qualified names."""
    match type_:
        case Primitive(name, currency):
            return f"{name}<{currency}>" if currency else name
        case Ref(target):
            return f"&{target}"
        case Named(target):
            return target
        case ListOf(item):
            return f"[{type_text(item)}]"
        case MapOf(key, value):
            return f"map<{type_text(key)}, {type_text(value)}>"
        case Nullable(inner):
            return f"{type_text(inner)}?"


# --- reading ----------------------------------------------------------------------------------------------------


def _load_module(data: Mapping[str, Any]) -> model.Module:
    sections = {
        name: tuple(_read_declaration(item, data["name"], name) for item in data.get(name, ())) for name in _SECTIONS
    }
    return model.Module(
        name=data["name"], version=data["version"], path="", files=(), imports=tuple(data["imports"]), **sections
    )


def _read_declaration(data: Mapping[str, Any], module: str, section: str) -> Any:
    classes = {
        "errors": model.Error,
        "services": model.Service,
        "interfaces": model.Interface,
        "events": model.Event,
        "webhooks": model.Webhook,
    }
    cls = _DECLARATIONS[data["kind"]] if section == "types" else classes[section]
    return _read(cls, {**{key: value for key, value in data.items() if key != "kind"}, "module": module})


def _read(hint: Any, value: Any) -> Any:
    """The value that a field of this type holds."""
    if hint == Type:
        return parse_type(value)
    if dataclasses.is_dataclass(hint):
        cls: Any = hint
        hints = _hints(cls)
        return cls(**{key: _read(hints[key], item) for key, item in value.items()})
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and arguments[-1] is not ...:
        return tuple(value)
    if origin is tuple:
        return tuple(_read(arguments[0], item) for item in value)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        rest = [argument for argument in arguments if argument is not type(None)]
        if type(None) in arguments and set(rest) == set(typing.get_args(Type)):
            return parse_type(value)
        if type(None) in arguments and len(rest) == 1:
            return _read(rest[0], value)
    return value


@cache
def _hints(cls: type) -> Mapping[str, Any]:
    """The types of a class's fields. PERF: evaluating them took most of the time of reading a lock."""
    return typing.get_type_hints(cls)


_TOKEN = re.compile(r"\s*(map<|money<|[&\[\]<>,?]|[A-Za-z_0-9.]+)")


@cache
def parse_type(text: str) -> Type:
    """The type that `type_text` wrote. Raises ValueError."""
    tokens = [match[1] for match in _TOKEN.finditer(text)]
    type_ = _parse(tokens)
    if tokens or type_text(type_) != text:
        raise ValueError(f"{text!r} is no type")
    return type_


def _parse(tokens: list[str]) -> Type:
    """Takes one type from the front of the tokens."""
    head = _take(tokens)
    type_: Type
    match head:
        case "&":
            type_ = Ref(_take(tokens))
        case "[":
            type_ = ListOf(_parse(tokens))
            _take(tokens)
        case "map<":
            key = _parse(tokens)
            _take(tokens)
            type_ = MapOf(key, _parse(tokens))
            _take(tokens)
        case "money<":
            type_ = Primitive("money", _take(tokens))
            _take(tokens)
        case _ if "." in head:
            type_ = Named(head)
        case _ if head in typing.get_args(model.PrimitiveName):
            type_ = Primitive(typing.cast(model.PrimitiveName, head))
        case _:
            raise ValueError(f"{head!r} is no type")
    while tokens and tokens[0] == "?":
        tokens.pop(0)
        type_ = Nullable(type_)
    return type_


def _take(tokens: list[str]) -> str:
    if not tokens:
        raise ValueError("a type ends too early")
    return tokens.pop(0)
