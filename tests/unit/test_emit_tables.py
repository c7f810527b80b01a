"""Generated tables: names that Python or Peewee keep for themselves, circles of references, agreement with the SQL."""

import importlib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import peewee
import pytest
from pydantic import TypeAdapter, ValidationError

from codegen.emit.models import models
from codegen.emit.tables import tables
from codegen.evolve.ddl import create_all
from codegen.model import load_program
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.own_tables import CREATE_CALLS
from codegen.runtime.storage.store import Store
from codegen.runtime.values.columns import DIALECTS
from codegen.runtime.values.types import Money
from codegen.source.diagnostics import Report

NOW = datetime(2026, 5, 20, 22, 3, 14, tzinfo=UTC)

Generate = Callable[[dict[str, str]], tuple[ModuleType, dict[str, str]]]


@pytest.fixture
def generate(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Generate]:
    """Generate models and tables of schema texts by path, and import the list of what is stored."""
    package = "tables_" + "".join(c if c.isalnum() else "_" for c in request.node.name)

    def make(files: dict[str, str]) -> tuple[ModuleType, dict[str, str]]:
        for name, text in files.items():
            path = tmp_path / "schemas" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        report = Report()
        program = load_program(tmp_path / "schemas", report)
        assert program is not None, report.findings()
        outputs = {output.path: output.text for output in (*models.emit(program), *tables.emit(program))}
        for name, text in outputs.items():
            path = tmp_path / package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for dialect in DIALECTS:
            assert outputs[f"tables/{dialect}.sql"].endswith(f"{create_all(program, dialect)}\n{CREATE_CALLS};\n")
        sys.path.insert(0, str(tmp_path))
        importlib.invalidate_caches()
        return importlib.import_module(f"{package}.tables"), outputs

    yield make
    if str(tmp_path) in sys.path:
        sys.path.remove(str(tmp_path))


def open_scratch(generated: ModuleType, folder: Path) -> Database:
    database = Database.open(f"sqlite:///{folder}/scratch.db")
    database.execute_script((Path(str(generated.__file__)).parent / "sqlite.sql").read_text())
    return database


def test_nothing_stored_gives_no_tables(generate: Generate, tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/a.oschema").write_text("Point = { x: i32 }")
    program = load_program(tmp_path / "schemas", Report())
    assert program is not None and list(tables.emit(program)) == []


def test_names_that_python_and_peewee_keep(generate: Generate, tmp_path: Path) -> None:
    names = (
        "class",
        "from",
        "save",
        "select",
        "get",
        "create",
        "delete",
        "update",
        "dict",
        "values",
        "table_name",
        "rev_",
        "row",
        "json",
        "v",
        "r",
        "to",
        "of",
        "now",
        "datetime",
        "id",
        "meta",
        "bind",
        "index",
    )
    legal = [name for name in names if not name.endswith("_")]
    fields = "\n".join(f"  {name}: str @index" for name in legal)
    generated, _ = generate({"m/a.oschema": f"module m\n[rootobject]\nOdd = {{\n{fields}\n}}"})
    store: Store[Any, Any, Any, Any] = Store.of(generated.ODD, open_scratch(generated, tmp_path))
    kept = store.new({name: f"the {name}" for name in legal}, NOW)
    assert store.type.values_of(store.get(kept.sid)) == {
        "sid": kept.sid,
        "rev": 1,
        **{name: f"the {name}" for name in legal},
    }
    for name in legal:
        assert store.one({name: f"the {name}"}) == kept


def test_types_that_generated_files_use_themselves(generate: Generate, tmp_path: Path) -> None:
    """A schema may call its types as the generated file calls its own."""
    names = ("Row", "Values", "Codecs", "StoredType", "Callable", "TypedDict", "Any", "Odd", "OddNew", "OddTable")
    text = "module m\n" + "\n".join(f"[rootobject]\n{name} = {{ of?: str }}" for name in names if name != "OddNew")
    generated, _ = generate({"m/a.oschema": text + "\nOddNew = { x: i32 }"})
    database = open_scratch(generated, tmp_path)
    for stored in generated.STORED:
        store = Store.of(stored, database)
        assert store.get(store.new({"of": "x"}, NOW).sid).of == "x"


def test_circles_and_other_modules(generate: Generate, tmp_path: Path) -> None:
    generated, outputs = generate(
        {
            "base/a.oschema": "module base\n[rootobject]\nUnit = { name: str @unique  parent?: &Unit }",
            "top/a.oschema": 'module top\nimport "../base"\n'
            "[rootobject]\nLeft = { unit: &base.Unit  right?: &Right }\n"
            "[rootobject]\nRight = { left: &Left }",
        }
    )
    assert generated.STORED[0].qname == "base.Unit"
    database = open_scratch(generated, tmp_path)
    units, lefts, rights = (Store.of(getattr(generated, name), database) for name in ("UNIT", "LEFT", "RIGHT"))
    unit = units.new({"name": "root"}, NOW)
    units.patch(unit.sid, {"parent": unit.sid})
    left = lefts.new({"unit": unit.sid}, NOW)
    right = rights.new({"left": left.sid}, NOW)
    assert lefts.patch(left.sid, {"right": right.sid}).right == right.sid
    assert "from .base import" in outputs["tables/top.py"]


def test_output_is_the_same_each_time(generate: Generate, tmp_path: Path) -> None:
    generate({"m/a.oschema": "module m\n[rootobject]\nA = { x: i32 @index  b?: &B }\n[rootobject]\nB = { a?: &A }"})
    program = load_program(tmp_path / "schemas", Report())
    assert program is not None
    assert list(tables.emit(program)) == list(tables.emit(program))


def test_peewee_tables_and_the_sql_agree(shop: ModuleType, shop_database: Database) -> None:
    """The tables that Peewee knows are those that the generated SQL makes."""
    for stored in (shop.USER, shop.ORDER, shop.LOG_LINE, shop.EVERY):
        meta = stored.table._meta
        real = {column.name: column for column in shop_database.peewee.get_columns(meta.table_name)}
        assert tuple(real) == stored.names
        for column in meta.sorted_fields:
            assert real[column.column_name].null == column.null, column
            assert real[column.column_name].primary_key == column.primary_key, column
        made = {(tuple(index.columns), index.unique) for index in shop_database.peewee.get_indexes(meta.table_name)}
        known = {(tuple(meta.fields[name].column_name for name in names), unique) for names, unique in meta.indexes}
        assert known | {(("sid",), True)} == made | {(("sid",), True)}
        references = {(key.column, key.dest_table) for key in shop_database.peewee.get_foreign_keys(meta.table_name)}
        assert references == {(f.name, f.reference) for f in stored.fields if f.reference}


def test_peewee_queries_convert_values_where_tables_are_bound(shop: ModuleType, shop_database: Database) -> None:
    user = Store.of(shop.USER, shop_database).new({"address": "aa"}, NOW)
    order = Store.of(shop.ORDER, shop_database).new(
        {"user_sid": user.sid, "number": 2**64 - 1, "tag": "t", "total": Money.parse("12.5")}, NOW
    )
    table: Any = shop.OrderTable
    with shop_database.peewee.bind_ctx([shop.OrderTable, shop.UserTable], bind_refs=False, bind_backrefs=False):
        row = table.get(table.number == 2**64 - 1)
        assert (row.sid, row.total, row.number) == (order.sid, Money.parse("12.50"), 2**64 - 1)
        assert row.user_sid.created_at == user.created_at
        assert table.select().where(table.total > Money.parse("12.5")).count() == 0
        with pytest.raises(peewee.DoesNotExist):
            table.get(table.number == 1)


def test_patterns_of_stored_fields_mean_what_those_of_models_mean(generate: Generate, tmp_path: Path) -> None:
    fields = r'name: str @regex("(?!root$)\\w+")  digit: str @regex("\\d")'
    generated, _ = generate({"m/a.oschema": f"module m\n[rootobject]\nOdd = {{ {fields} }}"})
    read_new = TypeAdapter(generated.ODD.new)
    read_new.validate_python({"name": "rooty", "digit": "5"})
    for wrong in ({"name": "root", "digit": "5"}, {"name": "a", "digit": "\u0665"}, {"name": "a\n", "digit": "5"}):
        with pytest.raises(ValidationError):
            read_new.validate_python(wrong)
