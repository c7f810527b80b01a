"""The SQL that makes tables, indexes and append-only triggers, for SQLite and PostgreSQL.

Every object has a name that follows from its table and columns, so migrations can speak of it: `pk_` primary keys,
`fk_` foreign keys, `ck_` checks (one for a column), `ix_` and `uq_` indexes, `ao_` append-only triggers. Constraints
stand in their column's definition, which is the same text in CREATE TABLE and in ADD COLUMN.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from codegen.evolve import sql
from codegen.model.model import INTEGER_BOUNDS, Program
from codegen.model.storage import MAX_NAME, Column, Table, TableIndex, short_name, tables
from codegen.runtime.values.columns import Dialect, Kind

_SQLITE_TYPES: Mapping[Kind, str] = {
    "bool": "INTEGER",
    "blob": "BLOB",
    "i8": "INTEGER",
    "i16": "INTEGER",
    "i32": "INTEGER",
    "i64": "INTEGER",
    "u8": "INTEGER",
    "u16": "INTEGER",
    "u32": "INTEGER",
    "double": "REAL",
    "money": "INTEGER",
    "otime": "INTEGER",
    "datetime": "INTEGER",
    "duration": "INTEGER",
}
_POSTGRESQL_TYPES: Mapping[Kind, str] = {
    "bool": "BOOLEAN",
    "blob": "BYTEA",
    "i8": "INTEGER",
    "i16": "INTEGER",
    "i32": "INTEGER",
    "i64": "BIGINT",
    "u8": "INTEGER",
    "u16": "INTEGER",
    "u32": "BIGINT",
    "u64": "NUMERIC(20, 0)",
    "double": "DOUBLE PRECISION",
    "decimal": "NUMERIC",
    "money": "BIGINT",
    "otime": "BIGINT",
    "datetime": "BIGINT",
    "duration": "BIGINT",
    "date": "DATE",
    "uuid": "UUID",
    "sid": 'VARCHAR(26) COLLATE "C"',
    "ref": 'VARCHAR(26) COLLATE "C"',
    "json": "JSON",
}

OTIME_BOUNDS = (0, 2**32 - 1)

Bound = int | float | str


def create_all(program: Program, dialect: Dialect) -> str:
    """Everything an empty database needs, as one script."""
    return script(create_tables(tables(program), dialect))


def script(statements: list[str]) -> str:
    """Statements as the text of a file."""
    return "".join(f"{statement};\n\n" for statement in statements).rstrip("\n") + "\n"


def create_tables(wanted: Collection[Table], dialect: Dialect) -> list[str]:
    """Tables in the given order, each with its indexes and triggers; circular references close at the end."""
    statements: list[str] = []
    later: list[str] = []
    new = {table.name for table in wanted}
    made: set[str] = set()
    for table in wanted:
        ahead = (table.references & new) - made if dialect == "postgresql" else frozenset[str]()
        statements += [
            create_table(table, dialect, without=ahead),
            *create_indexes(table),
            *create_triggers(table, dialect),
        ]
        later += [add_foreign_key(table, column) for column in table.columns if column.references in ahead]
        made.add(table.name)
    return statements + later


def create_table(table: Table, dialect: Dialect, *, as_name: str = "", without: Collection[str] = ()) -> str:
    """`as_name` is the name to make it under while it is rebuilt; references to tables in `without` are left out."""
    lines = (
        column_definition(table, column, dialect, reference=column.references not in without)
        for column in table.columns
    )
    body = ",\n    ".join(lines)
    strict = " STRICT" if dialect == "sqlite" else ""
    return f"CREATE TABLE {sql.name(as_name or table.name)} (\n    {body}\n){strict}"


def column_definition(
    table: Table, column: Column, dialect: Dialect, *, reference: bool = True, nullable: bool | None = None
) -> str:
    """Name, type, nullability and constraints of one column."""
    parts = [sql.name(column.name), column_type(column.kind, dialect)]
    if not (column.nullable if nullable is None else nullable):
        parts.append("NOT NULL")
    if column.name == "sid":
        parts.append(f"CONSTRAINT {sql.name(primary_key_name(table))} PRIMARY KEY")
    if column.references is not None and reference:
        parts.append(f"CONSTRAINT {sql.name(foreign_key_name(table, column))} {_references(column)}")
    check = check_of(column, dialect)
    if check:
        parts.append(f"CONSTRAINT {sql.name(check_name(table, column))} CHECK ({check})")
    return " ".join(parts)


def column_type(kind: Kind, dialect: Dialect) -> str:
    if dialect == "sqlite":
        return _SQLITE_TYPES.get(kind, "TEXT")
    return _POSTGRESQL_TYPES.get(kind, 'TEXT COLLATE "C"')


def primary_key_name(table: Table) -> str:
    plain = f"pk_{table.name}"
    return plain if len(plain) <= MAX_NAME else short_name("pk", table.name, "sid")


def foreign_key_name(table: Table, column: Column) -> str:
    return short_name("fk", table.name, column.name)


def check_name(table: Table, column: Column) -> str:
    return short_name("ck", table.name, column.name)


def add_foreign_key(table: Table, column: Column) -> str:
    return (
        f"ALTER TABLE {sql.name(table.name)} ADD CONSTRAINT {sql.name(foreign_key_name(table, column))} "
        f"FOREIGN KEY ({sql.name(column.name)}) {_references(column)}"
    )


def _references(column: Column) -> str:
    assert column.references is not None
    return f'REFERENCES {sql.name(column.references)} ("sid") ON DELETE RESTRICT'


# --- indexes and triggers ---------------------------------------------------------------------------------------


def create_indexes(table: Table) -> list[str]:
    return [create_index(table, index) for index in table.indexes]


def create_index(table: Table, index: TableIndex) -> str:
    unique = "UNIQUE " if index.unique else ""
    return f"CREATE {unique}INDEX {sql.name(index.name)} ON {sql.name(table.name)} ({sql.names(index.columns)})"


def create_triggers(table: Table, dialect: Dialect) -> list[str]:
    """UPDATE and DELETE (and TRUNCATE) of an append-only table are integrity errors."""
    if not table.append_only:
        return []
    message = sql.text(f"{table.name} is append-only")
    on = sql.name(table.name)
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {sql.name(trigger)} BEFORE {event} ON {on}\n"
            f"BEGIN\n    SELECT RAISE(ABORT, {message});\nEND"
            for trigger, event in zip(trigger_names(table, dialect), ("UPDATE", "DELETE"), strict=True)
        ]
    trigger = sql.name(trigger_names(table, dialect)[0])
    function = (
        f"CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        f"BEGIN\n"
        f"    RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = {message};\n"
        f"END\n"
        f"$$"
    )
    return [
        function,
        (
            f"CREATE TRIGGER {trigger} BEFORE UPDATE OR DELETE OR TRUNCATE ON {on}\n"
            f"    FOR EACH STATEMENT EXECUTE FUNCTION {trigger}()"
        ),
    ]


def drop_triggers(table: Table, dialect: Dialect) -> list[str]:
    if not table.append_only:
        return []
    if dialect == "sqlite":
        return [f"DROP TRIGGER {sql.name(trigger)}" for trigger in trigger_names(table, dialect)]
    trigger = sql.name(trigger_names(table, dialect)[0])
    return [f"DROP TRIGGER {trigger} ON {sql.name(table.name)}", f"DROP FUNCTION {trigger}()"]


def trigger_names(table: Table, dialect: Dialect) -> tuple[str, ...]:
    if dialect == "sqlite":
        return short_name("ao", table.name, "update"), short_name("ao", table.name, "delete")
    return (short_name("ao", table.name, "change"),)


# --- checks -----------------------------------------------------------------------------------------------------


def check_of(column: Column, dialect: Dialect) -> str:
    """What must hold of a stored value that is not NULL; empty where everything may stand.

    `@regex`, and `@len` of lists and maps, are left to the models: databases differ in them.
    """
    return " AND ".join(_checks(column, dialect))


def _checks(column: Column, dialect: Dialect) -> Iterator[str]:
    on = sql.name(column.name)
    if column.kind == "bool" and dialect == "sqlite":
        yield f"{on} BETWEEN 0 AND 1"
    if column.kind == "enum_closed":
        known = [sql.text(value) for value in sorted(column.values)]
        if dialect == "sqlite":
            # PERF: it makes the set of an IN anew for each statement, which is half the work of a row.
            yield f"({' OR '.join(f'{on} = {value}' for value in known)})"
        else:
            yield f"{on} IN ({', '.join(known)})"
    if column.kind == "u64" and dialect == "sqlite":
        yield f"length({on}) = 20 AND {on} NOT GLOB '*[^0-9]*'"
    low, high = _bounds(column, dialect)
    if low is not None and high is not None:
        yield f"{on} BETWEEN {low} AND {high}"
    elif low is not None:
        yield f"{on} >= {low}"
    elif high is not None:
        yield f"{on} <= {high}"
    if column.kind in ("text", "blob"):
        yield from _length(
            column, f"length({on})" if column.kind == "text" or dialect == "sqlite" else f"octet_length({on})"
        )


def limits(column: Column) -> list[str | int | None]:
    """The bounds of the value (as PostgreSQL's literals) and of its length that the database checks."""
    lengths = _lengths(column) if column.kind in ("text", "blob") else (0, None)
    return [*_bounds(column, "postgresql"), *lengths]


def _lengths(column: Column) -> tuple[int, int | None]:
    low = max((c.min_length for c in column.constraints if c.min_length is not None), default=0)
    high = min((c.max_length for c in column.constraints if c.max_length is not None), default=None)
    return low, high


def _length(column: Column, expression: str) -> Iterator[str]:
    low, high = _lengths(column)
    if low and high is not None:
        yield f"{expression} BETWEEN {low} AND {high}"
    elif low:
        yield f"{expression} >= {low}"
    elif high is not None:
        yield f"{expression} <= {high}"


def _bounds(column: Column, dialect: Dialect) -> tuple[str | None, str | None]:
    """The tightest bounds, as literals."""
    low, high = (None if bound is None else sql.literal(column.kind, bound, dialect) for bound in _range(column))
    return low, high


def _range(column: Column) -> tuple[Bound | None, Bound | None]:
    """The tightest bounds: those of the kind and those that the schema gives."""
    lows: list[Bound] = [c.minimum for c in column.constraints if c.minimum is not None]
    highs: list[Bound] = [c.maximum for c in column.constraints if c.maximum is not None]
    if column.kind == "otime":
        lows, highs = [*lows, OTIME_BOUNDS[0]], [*highs, OTIME_BOUNDS[1]]
    elif column.kind in INTEGER_BOUNDS and column.kind != "i64":  # i64's bounds are those of the column's type
        lows, highs = [*lows, INTEGER_BOUNDS[column.kind][0]], [*highs, INTEGER_BOUNDS[column.kind][1]]
    return (
        max(lows, key=lambda bound: _rank(column.kind, bound), default=None),
        min(highs, key=lambda bound: _rank(column.kind, bound), default=None),
    )


def implies(old: Column, new: Column) -> bool:
    """Whether values within the limits of `old` are within those of `new`; both are of the same kind."""
    (low, high), (new_low, new_high) = _range(old), _range(new)
    kind = old.kind
    if new_low is not None and (low is None or _less(kind, low, new_low)):
        return False
    if new_high is not None and (high is None or _less(kind, new_high, high)):
        return False
    (shortest, longest), (new_shortest, new_longest) = _lengths(old), _lengths(new)
    return new_shortest <= shortest and (new_longest is None or (longest is not None and longest <= new_longest))


def _less(kind: Kind, one: Bound, two: Bound) -> bool:
    first, second = _rank(kind, one), _rank(kind, two)
    return first < second if isinstance(first, Decimal) and isinstance(second, Decimal) else str(first) < str(second)


def _rank(kind: Kind, bound: Bound) -> Decimal | str:
    """Sorts bounds of one kind: by the number that is stored (dates by their text)."""
    stored = sql.literal(kind, bound, "postgresql")
    return stored if kind == "date" else Decimal(stored)
