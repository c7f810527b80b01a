"""How the reference writes types, constraints and doc lines, with links to where each type stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from codegen.emit.calls.catalogue import Catalogue
from codegen.model.model import (
    Alias,
    Constraints,
    Default,
    Enum,
    Error,
    ErrorGroup,
    Field,
    Json,
    ListOf,
    MapOf,
    Member,
    Named,
    Nullable,
    Param,
    Primitive,
    QName,
    Ref,
    Struct,
    Type,
    TypeDecl,
    Union,
)

_OLD = '<span class="badge old">deprecated</span>'
_CODE = re.compile(r"`([^`\n]+)`")


class Text:
    """Writes HTML; links lead from one page of the reference to another, which all stand in one folder."""

    def __init__(self, calls: Catalogue) -> None:
        self._calls = calls
        self._links: dict[QName, str] = {
            declared.qname: f"{page(declared.module)}#{calls.names[declared.qname]}"
            for declared in calls.program.types.values()
        }
        self._types: dict[tuple[Type, bool], Markup] = {}
        # With the member, so that its id stays its own.
        self._members: dict[tuple[int, bool, bool], tuple[Member, str]] = {}
        self._error_lines: dict[QName, str] = {}
        self._by_name = {calls.names[qname]: qname for qname in self._links}
        self._errors = {error.name: f"errors.html#{error.slug}" for error in calls.program.errors.values()}

    def name(self, declared: TypeDecl) -> str:
        return self._calls.names[declared.qname]

    def type(self, type_: Type, nullable: bool = False) -> Markup:
        key = (type_, nullable and not isinstance(type_, Nullable))
        if key not in self._types:
            self._types[key] = Markup(self._type(type_) + " or null" * key[1])
        return self._types[key]

    def _type(self, type_: Type) -> str:
        """Names of a schema are letters, digits and underscores: nothing to escape."""
        match type_:
            case Primitive(name, currency):
                text = f"{name} {currency}" if currency else name
                return f'<a class="type plain" href="index.html#values">{text}</a>'
            case Ref(target):
                return f"sid of {self.link(target)}"
            case Named(target):
                return self.link(target)
            case ListOf(item):
                return f"list of {self._type(item)}"
            case MapOf(key, value):
                return f"map of {self._type(key)} to {self._type(value)}"
            case Nullable(inner):
                return f"{self._type(inner)} or null"

    def link(self, target: QName) -> Markup:
        return Markup(f'<a class="type" href="{self._links[target]}">{self._calls.names[target]}</a>')

    def error_link(self, target: QName) -> Markup:
        error = self._calls.program.errors[target]
        return Markup('<a href="errors.html#{0}"><code>{0}</code></a> <span class="of">{1}</span>').format(
            error.slug, error.message
        )

    def limits(self, constraints: Constraints) -> list[str]:
        return list(limits(constraints))

    def doc(self, text: str) -> Markup:
        """Paragraphs, with `names` as code; a name of a type or an error becomes a link."""
        parts = re.split(r"\n\s*\n", text) if text else ()
        return Markup("\n".join(f"<p>{self.line(part)}</p>" for part in parts if part.strip()))

    def line(self, text: str) -> Markup:
        parts = _CODE.split(str(escape(text.replace("\n", " "))))
        return Markup("".join(self._code(part) if at % 2 else part for at, part in enumerate(parts)))

    def _code(self, name: str) -> str:
        """`name` is escaped already; one that needs it is no type's."""
        link = self._links.get(self._by_name.get(name, "")) or self._errors.get(name)
        return f'<a href="{link}"><code>{name}</code></a>' if link else f"<code>{name}</code>"

    def about(self, member: Field | Param) -> str:
        """Its doc, or that of its type where it has none and the type is but a name for another."""
        if member.doc or not isinstance(member.type, Named):
            return member.doc
        declared = self._calls.program.types[member.type.target]
        return declared.doc if isinstance(declared, Alias | Enum) else ""

    def rules(self, member: Field | Param) -> list[str]:
        """What else holds for a value, in a few words each."""
        found = [word for alias in self._calls.program.aliases_of(member.type) for word in limits(alias.constraints)]
        enum = self._calls.program.base(member.type)
        if isinstance(enum, Named) and isinstance(declared := self._calls.program.types[enum.target], Enum):
            known = [value.name for value in declared.values[:8]] + ["…"] * (len(declared.values) > 8 or declared.open)
            found.append(" | ".join(known))
        if isinstance(member, Field):
            own = (member.constraints,) if member.constraints else ()
            found += [word for each in own for word in limits(each)]
            words = ("unique", "immutable", "sensitive", "computed")
            found += [word for word in words if getattr(member, word)]
            found += ["set once"] * member.set_once + ["set by the server"] * member.server
            found += ["indexed"] * (member.index and not member.unique)
        if member.default is not None:
            found.append(f"default {default(member.default)}")
        if member.since:
            found.append(f"since {member.since}")
        return found

    def members(self, members: Sequence[Field | Param], *, inputs: bool = False, nested: bool = False) -> Markup:
        """Fields or parameters as a list. `inputs`: say which must be given; `nested`: with the fields of structs."""
        return Markup(f'<ul class="members">{"".join(self._member(each, inputs, nested) for each in members)}</ul>')

    def _member(self, member: Field | Param, inputs: bool, nested: bool) -> str:
        key = (id(member), inputs, nested)
        if key not in self._members:
            self._members[key] = (member, self._written(member, inputs, nested))
        return self._members[key][1]

    def _written(self, member: Field | Param, inputs: bool, nested: bool) -> str:
        type_ = self.type(member.type, member.nullable and not member.optional)
        head = f'<code class="name">{member.name}</code> <span class="of">{type_}</span>'
        if inputs and member.required:
            head += ' <span class="must">required</span>'
        elif member.optional:
            head += ' <span class="may">optional</span>'
        parts = [f'<p class="member">{head}{" " + _OLD if member.deprecated else ""}</p>', self.doc(self.about(member))]
        if member.deprecated:
            parts.append(self.deprecation(member))
        if rules := self.rules(member):
            parts.append(f'<p class="rules">{"".join(f"<span>{escape(rule)}</span>" for rule in rules)}</p>')
        if nested and (inner := self._fields_of(member.type)):
            parts.append(
                f'<details class="inner"><summary>{len(inner)} field{"s" * (len(inner) != 1)}</summary>'
                f"{self.members(inner, inputs=True)}</details>"
            )
        return f"<li>{''.join(parts)}</li>"

    def deprecation(self, member: Member) -> Markup:
        """What to know of a thing that goes away; nothing for one that stays."""
        if member.deprecated is None:
            return Markup()
        since = f" since {member.deprecated.since}" if member.deprecated.since else ""
        return Markup(f'<p class="old-note">Deprecated{escape(since)}: {self.line(member.deprecated.reason)}</p>')

    def errors(self, errors: Iterable[Error]) -> Markup:
        return Markup(f'<ul class="errors">{"".join(map(self._error, errors))}</ul>')

    def _error(self, error: Error) -> str:
        if error.qname not in self._error_lines:
            self._error_lines[error.qname] = (
                f'<li><span class="number">{error.code}</span> <a href="errors.html#{error.slug}"><code>{error.slug}'
                f'</code></a> <span class="message">{escape(error.message)}</span> '
                f'<span class="status">HTTP {error.status}</span></li>'
            )
        return self._error_lines[error.qname]

    def _fields_of(self, type_: Type) -> tuple[Field, ...]:
        """The fields of a struct, also of one in a list."""
        base = self._calls.program.base(type_)
        if isinstance(base, ListOf):
            base = self._calls.program.base(base.item)
        declared = self._calls.program.types[base.target] if isinstance(base, Named) else None
        return declared.fields if isinstance(declared, Struct) else ()


def page(module: str) -> str:
    return f"types-{module}.html"


def kind(declared: TypeDecl) -> str:
    match declared:
        case Struct(rootobject=True):
            return "root object"
        case Struct():
            return "struct"
        case Enum(open=is_open):
            return "open enum" if is_open else "enum"
        case Union():
            return "union"
        case Alias():
            return "alias"
        case ErrorGroup():
            return "error group"


def limits(constraints: Constraints) -> Iterable[str]:
    low, high = constraints.minimum, constraints.maximum
    if low is not None and high is not None:
        yield f"{low} to {high}"
    elif low is not None:
        yield f"at least {low}"
    elif high is not None:
        yield f"at most {high}"
    short, long = constraints.min_length, constraints.max_length
    if short is not None and long is not None:
        yield f"length {short} to {long}" if short != long else f"length {short}"
    elif short is not None:
        yield f"length at least {short}"
    elif long is not None:
        yield f"length at most {long}"
    if constraints.regex is not None:
        yield f"matches {constraints.regex}"


def default(value: Default) -> str:
    return "now" if value.now else _json_text(value.value)


def _json_text(value: Json) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return value if isinstance(value, str) and value else repr(value).replace("'", '"')
