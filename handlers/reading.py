"""Read tables from one end to the other, page by page, for the audit."""

from collections.abc import Iterator
from typing import Any

from codegen.runtime.storage.database import Database, Row
from codegen.runtime.storage.stored_type import StoredType, row_codecs

PAGE = 500


def pages(database: Database, text: str, after: Row, *key: int) -> Iterator[Row]:
    """The rows of a query that takes a key to go on behind (as it is stored) and a limit; `key` are its columns."""
    prepared = database.prepare(text)
    while True:
        rows = database.execute(prepared, (*after, PAGE))
        yield from rows
        if len(rows) < PAGE:
            return
        after = tuple(rows[-1][column] for column in key)


def selected(type: StoredType[Any, Any, Any, Any], table: str) -> str:
    """The columns of a type, in the order of its fields, from the table of this name."""
    return ", ".join(f'{table}."{name}"' for name in type.names)


def u64(database: Database, value: int) -> Any:
    """A whole number as it is kept."""
    return row_codecs(database.dialect)["u64"](value)
