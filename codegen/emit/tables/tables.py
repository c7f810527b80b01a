"""Turn root objects into Peewee tables, typed inputs and the declarations that the store works from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.imports import Imports
from codegen.emit.python.parts import Part, Parts, parts_of
from codegen.emit.render import environment
from codegen.emit.tables.root import Root, constant_name, defined_names
from codegen.evolve.ddl import create_all
from codegen.model.model import Program, QName, Struct
from codegen.model.storage import Table, tables
from codegen.runtime.storage.own_tables import CREATE_CALLS
from codegen.runtime.values.columns import DIALECTS

_STORED_TYPE = "codegen.runtime.storage.stored_type"


def emit(program: Program) -> Iterable[Output]:
    """The tables of each schema file with root objects, their list, and the SQL that an empty database needs."""
    ordered = tables(program)
    if not ordered:
        return
    parts = parts_of(program)
    by_struct = {table.struct: table for table in ordered}
    place = {struct: number for number, struct in enumerate(by_struct)}
    edges = dict(_edges(program, parts, by_struct))
    late = parts.circles("tables", edges)
    names: dict[str, list[str]] = {}
    for part in parts:
        structs = sorted(part.module.rootobjects, key=lambda struct: place[struct.qname])
        if structs:
            names[part.name] = [name for struct in structs for name in defined_names(struct)]
            text = _file(
                program,
                parts,
                part,
                [by_struct[struct.qname] for struct in structs],
                names[part.name],
                late.get(part.name, frozenset()),
            )
            yield Output(part.path("tables"), text)
    yield from parts.doors("tables", "Tables", names)
    yield _package(program, ordered)
    sources = _sources(program)
    for dialect in DIALECTS:
        script = f"{create_all(program, dialect)}\n{CREATE_CALLS};\n"
        yield Output(f"tables/{dialect}.sql", f"{header(sources, '--')}\n\n{script}")


def _edges(program: Program, parts: Parts, by_struct: Mapping[QName, Table]) -> Iterator[tuple[str, dict[str, None]]]:
    """Each part by name, and those that have a table which one of its tables refers to."""
    struct_of = {table.name: struct for struct, table in by_struct.items()}
    for part in parts:
        columns = (column for struct in part.module.rootobjects for column in by_struct[struct.qname].columns)
        targets = (program.struct(struct_of[each.references]) for each in columns if each.references is not None)
        yield part.name, dict.fromkeys(parts.of(target).name for target in targets)


def _sources(program: Program) -> list[str]:
    return [path for module in program.modules if module.rootobjects for path in module.files]


def _package(program: Program, ordered: Iterable[Table]) -> Output:
    path = "tables/__init__.py"
    imports = Imports(path)
    any_type = imports.name("typing", "Any")
    stored_type = imports.name(_STORED_TYPE, "StoredType")
    structs = [program.struct(table.struct) for table in ordered]
    names = [imports.name(f"~.tables.{struct.module}", constant_name(struct)) for struct in structs]
    template = environment("tables").get_template("package.py.j2")
    return Output(
        path,
        template.render(
            header=header(_sources(program)),
            imports=imports.text(),
            names=names,
            type=f"tuple[{stored_type}[{any_type}, {any_type}, {any_type}, {any_type}], ...]",
        ),
    )


def _file(
    program: Program, parts: Parts, part: Part, tables: list[Table], names: list[str], late: frozenset[str]
) -> str:
    imports = Imports(part.path("tables"), names)
    imports.name("__future__", "annotations")
    imports.module("peewee")
    imports.name("typing_extensions", "TypedDict")
    imports.name(_STORED_TYPE, "StoredField")
    imports.name(_STORED_TYPE, "StoredType")
    made: set[QName] = set()

    def table_class(target: Struct) -> str | None:
        """How a table that is made before is written here; None for one in a circle: the database alone knows it."""
        origin = parts.of(target)
        if origin == part:
            return f"{target.name}Table" if target.qname in made else None
        module = origin.dotted("tables")
        return None if module in late else imports.name(module, f"{target.name}Table")

    types = []
    for table in tables:
        types.append(Root(program, table, imports, table_class).render())
        made.add(table.struct)
    template = environment("tables").get_template("module.py.j2")
    return template.render(
        header=header(part.module.files), module=part.module.name, imports=imports.text(), types=types
    )
