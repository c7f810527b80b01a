"""The checked model: the one meaning of a set of schemas, which every later stage reads.

Names are resolved to qualified names (`shop.Customer`), notes are folded into typed attributes, inferred types are
written out, implied fields (`sid`, `rev`) are present. A model exists only for schemas without errors; later stages
need not check again. All collections keep source order (files by name, declarations by place), so output is stable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from codegen.model.casing import constant as python_constant
from codegen.source.span import NOWHERE, Span

QName = str
"""`module.Name`; the predeclared runtime errors are `runtime.NotFound` and so on."""

Scope = Literal["public", "user", "own", "node", "admin"]
SCOPES: tuple[Scope, ...] = ("public", "user", "own", "node", "admin")
CrudVerb = Literal["new", "get", "set", "patch", "delete", "list", "list_full", "exists", "find"]
CRUD_VERBS: tuple[CrudVerb, ...] = ("new", "get", "set", "patch", "delete", "list", "list_full", "exists", "find")

PrimitiveName = Literal[
    "bool",
    "str",
    "bytes",
    "i8",
    "i16",
    "i32",
    "i64",
    "u8",
    "u16",
    "u32",
    "u64",
    "f32",
    "f64",
    "decimal",
    "money",
    "otime",
    "datetime",
    "date",
    "duration",
    "uuid",
    "sid",
    "json",
]

INTEGER_BOUNDS: Mapping[str, tuple[int, int]] = {
    **{f"i{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}


# --- types ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Primitive:
    """`any` is given as `json`. `currency` is set for money only."""

    name: PrimitiveName
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Ref:
    """`&T`: stored and sent as the sid of a root object."""

    target: QName


@dataclass(frozen=True, slots=True)
class Named:
    """A struct, enum, union, alias or error group, as a value."""

    target: QName


@dataclass(frozen=True, slots=True)
class ListOf:
    item: Type


@dataclass(frozen=True, slots=True)
class MapOf:
    key: Type
    value: Type


@dataclass(frozen=True, slots=True)
class Nullable:
    """`T?` in a place other than the outermost of a field or parameter (there it is their `nullable`)."""

    inner: Type


Type = Primitive | Ref | Named | ListOf | MapOf | Nullable


# --- parts ------------------------------------------------------------------------------------------------------

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Default:
    """`now` for the time of creation, else the JSON form of the value (`None` for `null`)."""

    value: Json = None
    now: bool = False


@dataclass(frozen=True, slots=True)
class Constraints:
    """`minimum` and `maximum` are inclusive, as written (numbers as int, float or decimal string; times as string)."""

    minimum: int | float | str | None = None
    maximum: int | float | str | None = None
    min_length: int | None = None
    max_length: int | None = None
    regex: str | None = None

    def __bool__(self) -> bool:
        return self != _NO_CONSTRAINTS


_NO_CONSTRAINTS = Constraints()


@dataclass(frozen=True, slots=True)
class Deprecated:
    reason: str
    since: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What every named thing has. `doc` is the doc lines joined by newlines; `extensions` the `x_*` notes."""

    name: str
    span: Span = NOWHERE
    doc: str = ""
    deprecated: Deprecated | None = None
    since: str | None = None
    was: str | None = None
    extensions: Mapping[str, Json] = field(default_factory=dict)


def old_names(members: Iterable[Member]) -> dict[str, str]:
    """Names that members had before (`@was`) → their names now."""
    return {member.was: member.name for member in members if member.was is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared(Member):
    """A member of a module. `qname` is `module.name`."""

    module: str

    @property
    def qname(self) -> QName:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Member):
    """A field of a struct, error or event.

    `optional`: written `f?:`, may be absent or null, both mean the same. `nullable`: null is a legal value (true for
    every optional field). A field is required on input unless it is optional, has a default, or is `server`/`computed`.
    `constraints` are the field's own; those of aliases in its type hold too (`Program.constraints_of`).
    """

    type: Type
    optional: bool = False
    nullable: bool = False
    default: Default | None = None
    constraints: Constraints = _NO_CONSTRAINTS
    index: bool = False
    unique: bool = False
    immutable: bool = False
    set_once: bool = False
    server: bool = False
    computed: bool = False
    sensitive: bool = False
    owner: bool = False
    implied: bool = False
    """`sid` (where not written) and `rev` of a root object."""

    @property
    def required(self) -> bool:
        """Must stand in input."""
        return not (self.optional or self.default is not None or self.server or self.computed)


# --- declarations -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Index:
    fields: tuple[str, ...]
    unique: bool
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Struct(Declared):
    """A plain struct, or a root object (stored, with CRUD) where `rootobject` is set.

    Of a root object: the first field is `sid`; one that is not `append_only` ends with the implied server field
    `rev: u64`. `wire` is the prefix of its CRUD methods (`usage_record`); `table` its table's name; `crud` the verbs
    offered; `indexes` holds field-level and declaration-level ones (not the primary key); `owner` is the field that
    refers to the principal (`sid` for the principal itself), None where there is none.
    """

    fields: tuple[Field, ...]
    rootobject: bool = False
    principal: bool = False
    append_only: bool = False
    wire: str = ""
    table: str = ""
    crud: tuple[CrudVerb, ...] = ()
    auth: Scope = "admin"
    indexes: tuple[Index, ...] = ()
    owner: str | None = None
    reserved: tuple[str, ...] = ()
    union_tag: tuple[str, str] | None = None
    """(field, value) that it carries on the wire as a member of a union."""
    ignored: tuple[str, ...] = ()
    """Fields that input may have and that are left out; only forms of root objects have any."""

    @property
    def old_names(self) -> dict[str, str]:
        """Names that its fields had before → their names now. The tag of a union is never one of them."""
        tag = self.union_tag[0] if self.union_tag else None
        return {old: new for old, new in old_names(self.fields).items() if old != tag}

    def field(self, name: str) -> Field:
        return next(f for f in self.fields if f.name == name)

    @property
    def stored_fields(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if not f.computed)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumValue(Member):
    """`name` is the value itself, any string; `constant` the name that its constant has instead of the value."""

    constant: str | None = None

    @property
    def constant_name(self) -> str:
        """Its constant's name in Python."""
        return python_constant(self.constant or self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enum(Declared):
    """`open`: readers keep unknown values."""

    values: tuple[EnumValue, ...]
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Union(Declared):
    """Tagged union of plain structs; `tags` gives each member's tag value, in member order."""

    members: tuple[QName, ...]
    tag: str = "type"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias(Declared):
    type: Type
    nullable: bool = False
    constraints: Constraints = _NO_CONSTRAINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup(Declared):
    """`ProvisionError = PoolEmpty | …`; `errors` are flat: groups within are unfolded."""

    errors: tuple[QName, ...]


TypeDecl = Struct | Enum | Union | Alias | ErrorGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Declared):
    """`slug` is the snake_case name; `code` the JSON-RPC code, `status` the HTTP one."""

    slug: str
    code: int
    status: int
    message: str
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Param(Member):
    """`nullable`: null is a legal value (true for every optional one)."""

    type: Type
    optional: bool = False
    nullable: bool = False
    default: Default | None = None

    @property
    def required(self) -> bool:
        return not (self.optional or self.default is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Member):
    """A method of a service or an interface. `errors` are flat qualified names of errors, in written order.

    `wire` is the full name on the wire (`billing.plan_buy`, `billing.v2.plan_buy`), empty for interfaces.
    `idempotent` is the parameter that carries the idempotency key. The last four are laws of an interface's method:
    fields of the answer that are those of the arguments, seconds within which it comes back, whether it does without
    a network, whether it answers page by page.
    """

    params: tuple[Param, ...]
    result: Type | None = None
    result_nullable: bool = False
    errors: tuple[QName, ...] = ()
    wire: str = ""
    auth: Scope = "admin"
    safe: bool = False
    idempotent: str | None = None
    audit: bool = False
    same: tuple[str, ...] = ()
    deadline: int | None = None
    offline: bool = False
    paged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Declared):
    """`wire` is the prefix of its methods: `billing`, `billing.v2`. `version` is `X.Y` or `X.Y.Z`, default `1.0`."""

    methods: tuple[Method, ...]
    wire: str
    version: str = "1.0"
    auth: Scope = "admin"

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface(Declared):
    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Declared):
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(Declared):
    """`signed` are the arguments of `@signed(…)`: the scheme, and its named ones (`header`, `tolerance`)."""

    route: str
    result: Type | None = None
    result_nullable: bool = False
    errors: tuple[QName, ...] = ()
    scheme: str | None = None
    signed: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """`path` is its directory relative to the schemas' root (`.` for the root itself); `files` relative, sorted."""

    name: str
    version: str
    path: str
    files: tuple[str, ...]
    imports: tuple[str, ...]
    types: tuple[TypeDecl, ...] = ()
    errors: tuple[Error, ...] = ()
    services: tuple[Service, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    events: tuple[Event, ...] = ()
    webhooks: tuple[Webhook, ...] = ()

    @property
    def structs(self) -> tuple[Struct, ...]:
        return tuple(t for t in self.types if isinstance(t, Struct))

    @property
    def rootobjects(self) -> tuple[Struct, ...]:
        return tuple(s for s in self.structs if s.rootobject)


_RETRY_AFTER = Field(name="retry_after", type=Primitive("u32"), doc="Seconds after which to try again.")

RUNTIME_ERRORS: tuple[Error, ...] = tuple(
    Error(name=name, module="runtime", slug=slug, code=code, status=status, message=message, fields=tuple(fields))
    for name, slug, code, status, message, *fields in (
        ("Unauthorized", "unauthorized", 1401, 401, "sign in first"),
        ("Forbidden", "forbidden", 1403, 403, "not allowed"),
        ("NotFound", "not_found", 1404, 404, "no such object"),
        ("Conflict", "conflict", 1409, 409, "the object was changed or exists already"),
        ("InUse", "in_use", 1410, 409, "another object refers to this one"),
        ("RateLimited", "rate_limited", 1429, 429, "too many requests"),
        ("Busy", "busy", 1453, 503, "the server is busy; try again", _RETRY_AFTER),
    )
)


@dataclass(frozen=True, kw_only=True)
class Program:
    """All modules generated together, each after those it imports (then by name)."""

    modules: tuple[Module, ...]

    @cached_property
    def types(self) -> Mapping[QName, TypeDecl]:
        return {t.qname: t for module in self.modules for t in module.types}

    @cached_property
    def errors(self) -> Mapping[QName, Error]:
        """Declared and predeclared errors."""
        declared = {e.qname: e for module in self.modules for e in module.errors}
        return {**{e.qname: e for e in RUNTIME_ERRORS}, **declared}

    @cached_property
    def rootobjects(self) -> tuple[Struct, ...]:
        return tuple(s for module in self.modules for s in module.rootobjects)

    @cached_property
    def services(self) -> tuple[Service, ...]:
        return tuple(s for module in self.modules for s in module.services)

    @cached_property
    def principal(self) -> Struct | None:
        return next((s for s in self.rootobjects if s.principal), None)

    def module(self, name: str) -> Module:
        return next(m for m in self.modules if m.name == name)

    def struct(self, qname: QName) -> Struct:
        found = self.types[qname]
        assert isinstance(found, Struct), qname
        return found

    def aliases_of(self, type_: Type) -> Iterator[Alias]:
        """The aliases a type goes through, outermost first."""
        while isinstance(type_, Named):
            target = self.types[type_.target]
            if not isinstance(target, Alias):
                return
            yield target
            type_ = target.type

    def base(self, type_: Type) -> Type:
        """The type with aliases taken away from its outermost level."""
        for alias in self.aliases_of(type_):
            type_ = alias.type
        return type_

    def constraints_of(self, field: Field) -> tuple[Constraints, ...]:
        """All constraints that hold for a field's value: its own, then those of its aliases."""
        own = (field.constraints,) if field.constraints else ()
        return own + tuple(alias.constraints for alias in self.aliases_of(field.type) if alias.constraints)
