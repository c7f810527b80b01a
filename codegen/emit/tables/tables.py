"""Turn root objects into Peewee tables, typed inputs and straight-line mappings between rows, values and JSON."""

from __future__ import annotations

import json
import keyword
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import peewee

from codegen.emit.calls.groups import find_fields
from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.imports import Imports
from codegen.emit.python.patterns import pattern_notes
from codegen.emit.python.types import RUNTIME_TYPES, model_name, python_type
from codegen.emit.render import environment
from codegen.emit.schema.schema import TEXT_BOUNDED
from codegen.evolve.ddl import create_all
from codegen.model.casing import snake
from codegen.model.model import Constraints, Enum, Field, Module, Named, Primitive, Program, Struct
from codegen.model.storage import Column, Table, table_of, tables
from codegen.runtime.values.columns import DIALECTS, Kind

_AS_THEY_ARE: frozenset[Kind] = frozenset({"i8", "i16", "i32", "i64", "u8", "u16", "u32", "double", "sid", "ref"})
"""Kinds whose stored value is the Python value and the JSON value, on every database."""
_JSON_AS_STORED: frozenset[Kind] = _AS_THEY_ARE | {"text", "enum_open", "enum_closed"}
_NOW = {"otime": "now.replace(microsecond=0)", "datetime": "now", "date": "now.date()"}


def emit(program: Program) -> Iterable[Output]:
    """A file for each module with root objects, their list, and the SQL that an empty database needs."""
    stored = [module for module in program.modules if module.rootobjects]
    if not stored:
        return
    ordered = tables(program)
    place = {table.struct: number for number, table in enumerate(ordered)}
    for module in stored:
        structs = sorted(module.rootobjects, key=lambda struct: place[struct.qname])
        yield Output(f"tables/{module.name}.py", _module(program, module, structs))
    yield Output("tables/__init__.py", _package(program, stored, ordered))
    sources = [path for module in stored for path in module.files]
    for dialect in DIALECTS:
        yield Output(f"tables/{dialect}.sql", f"{header(sources, '--')}\n\n{create_all(program, dialect)}")


def constant_name(struct: Struct) -> str:
    """The name of a root object's `StoredType`: `USAGE_RECORD`."""
    return snake(struct.name).upper()


def _package(program: Program, stored: Iterable[Module], ordered_tables: Iterable[Table]) -> str:
    modules = sorted(stored, key=lambda module: module.name)
    names = {struct.qname: struct for struct in program.rootobjects}
    imports = Imports()
    ordered = [
        imports.name(f".{names[table.struct].module}", constant_name(names[table.struct])) for table in ordered_tables
    ]
    any_type = imports.name("typing", "Any")
    stored_type = imports.name("codegen.runtime.storage.stored_type", "StoredType")
    return (
        environment("tables")
        .get_template("package.py.j2")
        .render(
            header=header([path for module in modules for path in module.files]),
            imports=imports.text(),
            names=ordered,
            type=f"tuple[{stored_type}[{any_type}, {any_type}, {any_type}, {any_type}], ...]",
        )
    )


def _module(program: Program, module: Module, structs: list[Struct]) -> str:
    taken = [f"{struct.name}{suffix}" for struct in structs for suffix in ("Table", "New", "Patch", "Filter")]
    imports = Imports([*taken, *map(constant_name, structs)])
    imports.module("peewee")
    for source, name in (
        ("collections.abc", "Callable"),
        ("datetime", "datetime"),
        ("typing_extensions", "TypedDict"),
        *(
            ("codegen.runtime.storage.stored_type", name)
            for name in ("Codecs", "Row", "StoredField", "StoredType", "Values")
        ),
    ):
        imports.name(source, name)
    made: set[str] = set()
    types = []
    for struct in structs:
        types.append(_Writer(program, struct, imports, frozenset(made)).render())
        made.add(struct.table)
    return (
        environment("tables")
        .get_template("module.py.j2")
        .render(header=header(module.files), module=module.name, imports=imports.text(), types=types)
    )


@dataclass(frozen=True)
class _Input:
    """One key of a TypedDict."""

    name: str
    annotation: str

    @property
    def keyword(self) -> bool:
        """No class body can hold it."""
        return keyword.iskeyword(self.name)


@dataclass
class _Writer:
    """The lines of one root object. `made` are the tables of this module that stand before it."""

    program: Program
    struct: Struct
    imports: Imports
    made: frozenset[str]
    adapters: dict[str, str] = field(default_factory=dict)
    used: dict[str, set[Kind]] = field(default_factory=lambda: {"row": set(), "value": set(), "json": set()})

    def render(self) -> dict[str, object]:
        struct, table = self.struct, table_of(self.program, self.struct)
        pairs = list(zip(table.columns, struct.stored_fields, strict=True))
        given = [field for field in struct.stored_fields if field.name != "rev"]
        lines: dict[str, object] = {
            "name": struct.name,
            "snake": snake(struct.name),
            "constant": constant_name(struct),
            "wire": struct.wire,
            "table": _text(struct.table),
            "table_class": f"{struct.name}Table",
            "model": model_name(self.program, struct.qname, self.imports),
            "columns": [self._column(column, table) for column in table.columns],
            "indexes": [f"(({_names(map(_attribute, index.columns))}), {index.unique})" for index in table.indexes],
            "new": [self._input(field, required=field.required and field.name != "sid") for field in given],
            "patch": [self._input(field, required=None) for field in given if field.name != "sid"],
            "filter": [self._input(field, required=None, constrained=False) for field in find_fields(struct)],
            "row": [self._row(column, field) for column, field in pairs],
            "value": [self._value(place, column, field) for place, (column, field) in enumerate(pairs)],
            "json": [self._json(place, column) for place, column in enumerate(table.columns)],
            "fill": [line for column, field in pairs for line in self._fill(column, field)],
            "fields": [self._stored(column, field) for column, field in pairs],
            "more": list(self._more()),
        }
        lines["adapters"] = list(self.adapters.values())
        for name, kinds in self.used.items():
            lines[f"{name}_kinds"] = sorted(kinds)
        return lines

    # --- declarations -----------------------------------------------------------------------------------------

    def _column(self, column: Column, table: Table) -> str:
        name = _attribute(column.name)
        null = ", null=True" if column.nullable else ""
        if column.name == "sid":
            return f"sid = {self._field_class('sid')}(primary_key=True)"
        # The column of a reference in a circle, or to itself: the database holds it, Peewee need not know.
        target = next((s for s in self.program.rootobjects if s.table == column.references), None)
        if target is None or (target.module == self.struct.module and target.table not in self.made):
            return f'{name} = {self._field_class(column.kind)}(column_name="{column.name}"{null})'
        class_name = f"{target.name}Table"
        if target.module != self.struct.module:
            class_name = self.imports.name(f".{target.module}", class_name)
        return (
            f'{name} = peewee.ForeignKeyField(\n        {class_name}, column_name="{column.name}", '
            f'object_id_name="{name}_stored",\n        on_delete="RESTRICT", backref="+", index=False{null})'
        )

    def _field_class(self, kind: Kind) -> str:
        name = "".join(part.capitalize() for part in kind.split("_")) + "Column"
        return self.imports.name("codegen.runtime.storage.fields", name)

    def _input(self, field: Field, *, required: bool | None, constrained: bool = True) -> _Input:
        """A key of a TypedDict; `required=None` in one that has nothing required."""
        annotation = python_type(self.program, field.type, self.imports)
        if constrained and (rules := list(self._rules(field))):
            annotation = f"{self.imports.name('typing', 'Annotated')}[{annotation}, {', '.join(rules)}]"
        if field.nullable:
            annotation += " | None"
        if required is False:
            annotation = f"{self.imports.name('typing', 'NotRequired')}[{annotation}]"
        return _Input(field.name, annotation)

    def _rules(self, field: Field) -> Iterator[str]:
        """The field's own constraints, as pydantic takes them; those of aliases are in their types."""
        limits: Constraints = field.constraints
        base = self.program.base(field.type)
        pydantic = []
        if limits.minimum is not None or limits.maximum is not None:
            if isinstance(base, Primitive) and base.name in TEXT_BOUNDED:
                low, high = (None if limit is None else str(limit) for limit in (limits.minimum, limits.maximum))
                yield f"{self.imports.name(RUNTIME_TYPES, 'Bounds')}({low!r}, {high!r})"
            else:
                pydantic += [
                    f"{name}={limit}"
                    for name, limit in (("ge", limits.minimum), ("le", limits.maximum))
                    if limit is not None
                ]
        pydantic += [
            f"{name}={limit}"
            for name, limit in (("min_length", limits.min_length), ("max_length", limits.max_length))
            if limit is not None
        ]
        limit, matches = pattern_notes([limits.regex] if limits.regex is not None else [], self.imports)
        pydantic += limit
        if pydantic:
            yield f"{self.imports.name('pydantic', 'Field')}({', '.join(pydantic)})"
        yield from matches

    def _stored(self, column: Column, field: Field) -> str:
        flags = [
            name
            for name in ("nullable", "required", "server", "immutable", "set_once", "sensitive")
            if (
                column.nullable
                if name == "nullable"
                else getattr(field, name) or (name == "server" and field.name == "rev")
            )
        ]
        reference = f", reference={_text(column.references)}" if column.references else ""
        return f'StoredField("{field.name}", "{column.kind}"{"".join(f", {flag}=True" for flag in flags)}{reference})'

    def _more(self) -> Iterator[str]:
        struct = self.struct
        unique = [("sid",), *dict.fromkeys(index.fields for index in struct.indexes if index.unique)]
        yield f"unique=({', '.join(f'({_names(key)})' for key in unique)},)"
        if indexed := [field.name for field in find_fields(struct)]:
            yield f"indexed=({_names(indexed)})"
        if computed := [field.name for field in struct.fields if field.computed]:
            yield f"computed=({_names(computed)})"
        if struct.crud:
            yield f"crud=({_names(struct.crud)})"
        yield f'auth="{struct.auth}"'
        if struct.owner is not None:
            yield f'owner="{struct.owner}"'
        if struct.append_only:
            yield "append_only=True"

    # --- mappings ---------------------------------------------------------------------------------------------

    def _row(self, column: Column, field: Field) -> str:
        value = f'v["{column.name}"]'
        if column.kind in _AS_THEY_ARE:
            return value
        return _or_null(
            column,
            value,
            f"{self._encode(column, field)}({value})"
            if column.kind != "json" or self._untyped(field)
            else f"{self._adapter(field)}.dump_json({value}).decode()",
        )

    def _encode(self, column: Column, field: Field) -> str:
        self.used["row"].add(column.kind)
        return f"{column.kind}_"

    def _value(self, place: int, column: Column, field: Field) -> str:
        value, name = f"r[{place}]", f'"{column.name}": '
        if column.kind in _AS_THEY_ARE | {"text", "enum_open"}:
            return name + value
        if column.kind == "enum_closed":
            converted = f"{self._enum(field)}({value})"
        elif column.kind == "json" and not self._untyped(field):
            converted = f"{self._adapter(field)}.validate_json({value})"
        else:
            self.used["value"].add(column.kind)
            converted = f"{column.kind}_({value})"
        return name + _or_null(column, value, converted)

    def _json(self, place: int, column: Column) -> str:
        value, name = f"r[{place}]", f'"{column.name}": '
        if column.kind in _JSON_AS_STORED:
            return name + value
        self.used["json"].add(column.kind)
        return name + _or_null(column, value, f"{column.kind}_({value})")

    def _fill(self, column: Column, field: Field) -> Iterator[str]:
        name = column.name
        if name == "rev" and field.implied:
            yield 'v.setdefault("rev", 1)'
        elif field.default is not None and not field.default.now and field.default.value is not None:
            literal = self._literal(column, field, field.default.value)
            yield from (f'if "{name}" not in v:', f'    v["{name}"] = {literal}')
        elif column.kind in _NOW and (
            (field.default is not None and field.default.now) or (field.server and not field.nullable)
        ):
            yield from (f'if "{name}" not in v:', f'    v["{name}"] = {_NOW[column.kind]}')
        elif column.nullable:
            yield f'v.setdefault("{name}", None)'

    def _literal(self, column: Column, field: Field, value: object) -> str:
        """A default as a Python expression that gives a value of its own each time."""
        if column.kind == "enum_closed":
            return f"{self._enum(field)}({_text(str(value))})"
        if column.kind in _AS_THEY_ARE | {"u64", "bool", "text", "enum_open"}:
            return _text(value) if isinstance(value, str) else repr(value)
        return f"{self._adapter(field)}.validate_json({json.dumps(json.dumps(value))})"

    def _enum(self, field: Field) -> str:
        base = self.program.base(field.type)
        assert isinstance(base, Named) and isinstance(self.program.types[base.target], Enum), field
        return model_name(self.program, base.target, self.imports)

    def _untyped(self, field: Field) -> bool:
        return self.program.base(field.type) == Primitive("json")

    def _adapter(self, field: Field) -> str:
        """What reads and writes the JSON of a field's values."""
        name = f"_{constant_name(self.struct)}_{field.name.upper()}"
        if field.name not in self.adapters:
            adapter = self.imports.name("pydantic", "TypeAdapter")
            type_ = python_type(self.program, field.type, self.imports)
            self.adapters[field.name] = f"{name}: {adapter}[{self.imports.name('typing', 'Any')}] = {adapter}({type_})"
        return name


def _or_null(column: Column, value: str, converted: str) -> str:
    return f"None if {value} is None else {converted}" if column.nullable else converted


def _attribute(name: str) -> str:
    """A column's name as an attribute of a Peewee model, clear of Peewee's own."""
    return f"{name}_" if keyword.iskeyword(name) or name == "Meta" or hasattr(peewee.Model, name) else name


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _names(names: Iterable[str]) -> str:
    """The inside of a tuple of names; lines within the width where it stands."""
    text = "".join(f'"{name}", ' for name in names).rstrip()
    return text if len(text) < 90 else "\n        " + "\n        ".join(textwrap.wrap(text, 108)) + "\n    "
