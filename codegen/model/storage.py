"""What a checked model keeps in a database: tables, columns and indexes, the same for SQLite and PostgreSQL.

Tables come before those that refer to them where references are not circular. How a kind of column is kept is said in
`codegen.runtime.values.columns`; which SQL it takes in `codegen.evolve.ddl`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from codegen.model.model import (
    INTEGER_BOUNDS,
    Constraints,
    Default,
    Enum,
    Field,
    Named,
    Primitive,
    Program,
    QName,
    Ref,
    Struct,
    Type,
)
from codegen.model.once import made_once
from codegen.runtime.values.columns import Kind

MAX_NAME = 63
"""PostgreSQL cuts longer names."""

_KINDS: Mapping[str, Kind] = {
    "bool": "bool",
    "str": "text",
    "bytes": "blob",
    "f32": "double",
    "f64": "double",
    "decimal": "decimal",
    "money": "money",
    "otime": "otime",
    "datetime": "datetime",
    "date": "date",
    "duration": "duration",
    "uuid": "uuid",
    "sid": "sid",
    "json": "json",
    "i8": "i8",
    "i16": "i16",
    "i32": "i32",
    "i64": "i64",
    "u8": "u8",
    "u16": "u16",
    "u32": "u32",
    "u64": "u64",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One stored field; the column has the field's name.

    `default` is the schema's; databases have none, it fills old rows in migrations. `references` is the table that a
    `ref` points at. `values` are those of an enum. `constraints` are all that hold (own and of aliases). `type` is the
    schema's type, which tells how a `json` column's content looks. `was` is the earlier name.
    """

    name: str
    kind: Kind
    nullable: bool
    type: Type
    default: Default | None = None
    references: str | None = None
    values: tuple[str, ...] = ()
    constraints: tuple[Constraints, ...] = ()
    was: str | None = None

    @property
    def integer_bounds(self) -> tuple[int, int] | None:
        """Of the kind, without the constraints."""
        return INTEGER_BOUNDS.get(self.kind)


@dataclass(frozen=True, slots=True)
class TableIndex:
    """`name` is deterministic and at most 63 characters. Uniqueness is a unique index on both databases."""

    name: str
    columns: tuple[str, ...]
    unique: bool


@dataclass(frozen=True, slots=True)
class Table:
    """The table of one root object. Its primary key is `sid`. `was` is the struct's earlier name."""

    name: str
    struct: QName
    columns: tuple[Column, ...]
    indexes: tuple[TableIndex, ...]
    append_only: bool = False
    was: str | None = None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def references(self) -> frozenset[str]:
        """Other tables that must exist before this one can refer to them."""
        return frozenset(c.references for c in self.columns if c.references) - {self.name}


@made_once
def tables(program: Program) -> tuple[Table, ...]:
    """The tables of all root objects, each after those it refers to (in a circle: in source order)."""
    return _in_order([table_of(program, struct) for struct in program.rootobjects])


def table_of(program: Program, struct: Struct) -> Table:
    """The table of one root object."""
    indexes = (
        TableIndex(short_name("uq" if index.unique else "ix", struct.table, *index.fields), index.fields, index.unique)
        for index in struct.indexes
    )
    return Table(
        name=struct.table,
        struct=struct.qname,
        columns=tuple(column_of(program, f) for f in struct.stored_fields),
        indexes=tuple({index.name: index for index in indexes}.values()),
        append_only=struct.append_only,
        was=struct.was,
    )


def column_of(program: Program, field: Field) -> Column:
    """The column of one stored field."""
    base = program.base(field.type)
    kind = kind_of(program, base)
    target = program.types[base.target] if isinstance(base, Named) else None
    return Column(
        name=field.name,
        kind="i64" if field.implied and field.name == "rev" else kind,  # a count of writes never leaves 63 bits
        nullable=field.nullable or any(alias.nullable for alias in program.aliases_of(field.type)),
        type=field.type,
        default=field.default,
        references=program.struct(base.target).table if isinstance(base, Ref) else None,
        values=tuple(value.name for value in target.values) if isinstance(target, Enum) else (),
        constraints=program.constraints_of(field),
        was=field.was,
    )


def kind_of(program: Program, type_: Type) -> Kind:
    """How values of a type are kept; structs, unions, lists and maps are `json`."""
    base = program.base(type_)
    if isinstance(base, Primitive):
        return _KINDS[base.name]
    if isinstance(base, Ref):
        return "ref"
    if isinstance(base, Named):
        target = program.types[base.target]
        if isinstance(target, Enum):
            return "enum_open" if target.open else "enum_closed"
    return "json"


@cache
def short_name(prefix: str, table: str, *columns: str) -> str:
    """`prefix_table__column_and_column`; a digest ends what would be too long or could be read in two ways."""
    parts = (table, *columns)
    plain = f"{prefix}_{table}__{'_and_'.join(columns)}"
    if len(plain) <= MAX_NAME and not any("__" in part or "_and_" in part for part in parts):
        return plain
    digest = hashlib.sha256(" ".join((prefix, *parts)).encode()).hexdigest()[:10]
    return f"{plain[: MAX_NAME - len(digest) - 1]}_{digest}"


def _in_order(found: Iterable[Table]) -> tuple[Table, ...]:
    """Depth first over references, so that the order depends on the source's order alone."""
    by_name = {table.name: table for table in found}
    ordered: dict[str, Table] = {}
    entered: set[str] = set()

    def visit(table: Table) -> None:
        if table.name in entered:
            return
        entered.add(table.name)
        for column in table.columns:
            if column.references is not None:
                visit(by_name[column.references])
        ordered[table.name] = table

    for table in by_name.values():
        visit(table)
    return tuple(ordered.values())
