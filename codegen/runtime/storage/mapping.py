"""How the values of an object become a row, and a row values or JSON: straight-line functions, compiled once per store.

PERF: a loop over the fields costs a third more per row than the expression that a person would write down. So that
expression is written here, as `dataclasses` writes `__init__`. Its text holds positions and the names of fields only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codegen.runtime.storage.codecs import Codec, as_it_is, json_codecs, row_codecs, value_codecs
from codegen.runtime.storage.stored_type import Row, StoredField, Values
from codegen.runtime.values.adapters import adapter
from codegen.runtime.values.columns import Dialect


def encoder(fields: Sequence[StoredField], dialect: Dialect) -> Callable[[Values], Row]:
    """Values → row. The function raises KeyError for a missing value, ValueError for one that no database keeps."""
    by_kind = row_codecs(dialect)
    codecs = [_json_writer(field) or by_kind[field.kind] for field in fields]
    parts = [_converted(f"values[{field.name!r}]", at, field, codecs[at]) for at, field in enumerate(fields)]
    return _compiled(f"def function(values):\n    return ({', '.join(parts)},)", codecs)


def decoder(fields: Sequence[StoredField], dialect: Dialect) -> Callable[[Row], Values]:
    """Row → values."""
    by_kind = value_codecs(dialect)
    return _reader(fields, [_own_reader(field) or by_kind[field.kind] for field in fields])


def json_decoder(fields: Sequence[StoredField], dialect: Dialect) -> Callable[[Row], dict[str, Any]]:
    """Row → what `pydantic_core.to_json` writes just as the model would."""
    by_kind = json_codecs(dialect)
    return _reader(fields, [by_kind[field.kind] for field in fields])


def _json_writer(field: StoredField) -> Codec | None:
    if field.kind != "json" or field.type is None:
        return None
    write = adapter(field.type).dump_json
    return lambda value: write(value).decode()


def _own_reader(field: StoredField) -> Codec | None:
    """Of a closed enum its class, of typed JSON what validates it."""
    if field.kind == "json" and field.type is not None:
        read: Codec = adapter(field.type).validate_json
        return read
    return field.type if field.kind == "enum_closed" else None


def _reader(fields: Sequence[StoredField], codecs: Sequence[Codec]) -> Callable[[Row], dict[str, Any]]:
    columns = "".join(f"v{at}, " for at in range(len(fields)))
    parts = [f"{field.name!r}: {_converted(f'v{at}', at, field, codecs[at])}" for at, field in enumerate(fields)]
    return _compiled(f"def function(row):\n    {columns}= row\n    return {{{', '.join(parts)}}}", codecs)


def _converted(value: str, at: int, field: StoredField, codec: Codec) -> str:
    if codec is as_it_is:
        return value
    return f"None if {value} is None else c{at}({value})" if field.nullable else f"c{at}({value})"


def _compiled(text: str, codecs: Sequence[Codec]) -> Callable[[Any], Any]:
    names: Mapping[str, Any] = {f"c{at}": codec for at, codec in enumerate(codecs)}
    exec(text, space := dict(names))
    function: Callable[[Any], Any] = space["function"]
    return function
