"""Peewee fields for the kinds of columns; they convert values where a table is bound to a database."""

from __future__ import annotations

from typing import Any, ClassVar

import peewee

from codegen.runtime.storage.codecs import row_codecs, value_codecs
from codegen.runtime.values.columns import Dialect, Kind


class StoredColumn(peewee.FieldDatabaseHook, peewee.Field):
    """A column of one kind. Kept statements give and take stored values and need none of this."""

    kind: ClassVar[Kind]

    def _db_hook(self, database: peewee.Database | None) -> None:
        dialect: Dialect = "sqlite" if isinstance(database, peewee.SqliteDatabase) else "postgresql"
        self._write = row_codecs(dialect).get(self.kind) if database is not None else None
        self._read = value_codecs(dialect).get(self.kind) if database is not None else None

    def db_value(self, value: Any) -> Any:
        write = getattr(self, "_write", None)
        return value if value is None or write is None else write(value)

    def python_value(self, value: Any) -> Any:
        read = getattr(self, "_read", None)
        return value if value is None or read is None else read(value)


class Reference(peewee.ForeignKeyField):
    """A column that refers to another table; the SQL of the tables says the same, and has its index."""

    def __init__(self, table: type[peewee.Model], column: str, *, null: bool = False) -> None:
        super().__init__(
            table,
            column_name=column,
            object_id_name=f"{column}_stored",
            on_delete="RESTRICT",
            backref="+",
            index=False,
            null=null,
        )


def _column(kind: Kind, field_type: str) -> type[StoredColumn]:
    name = "".join(part.capitalize() for part in kind.split("_")) + "Column"
    return type(name, (StoredColumn,), {"kind": kind, "field_type": field_type, "__doc__": f"A column of kind {kind}."})


BoolColumn = _column("bool", "BOOL")
TextColumn = _column("text", "TEXT")
BlobColumn = _column("blob", "BLOB")
I8Column, I16Column, I32Column = _column("i8", "INT"), _column("i16", "INT"), _column("i32", "INT")
U8Column, U16Column = _column("u8", "INT"), _column("u16", "INT")
U32Column, I64Column = _column("u32", "BIGINT"), _column("i64", "BIGINT")
U64Column, DecimalColumn = _column("u64", "DECIMAL"), _column("decimal", "DECIMAL")
DoubleColumn = _column("double", "DOUBLE")
MoneyColumn, OtimeColumn = _column("money", "BIGINT"), _column("otime", "BIGINT")
DatetimeColumn, DurationColumn = _column("datetime", "BIGINT"), _column("duration", "BIGINT")
DateColumn = _column("date", "DATE")
UuidColumn = _column("uuid", "UUID")
SidColumn, RefColumn = _column("sid", "VARCHAR"), _column("ref", "VARCHAR")
JsonColumn = _column("json", "JSON")
EnumClosedColumn, EnumOpenColumn = _column("enum_closed", "TEXT"), _column("enum_open", "TEXT")
