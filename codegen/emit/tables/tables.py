"""Turn root objects into Peewee tables, typed inputs and the declarations that the store works from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.imports import Imports
from codegen.emit.python.parts import Part, Parts
from codegen.emit.render import environment
from codegen.emit.tables.root import Root, constant_name, defined_names
from codegen.evolve.ddl import create_all
from codegen.model.model import Program, QName, Struct
from codegen.model.storage import Table, table_of, tables
from codegen.runtime.storage.own_tables import CREATE_CALLS
from codegen.runtime.values.columns import DIALECTS

_STORED_TYPE = "codegen.runtime.storage.stored_type"


def emit(program: Program) -> Iterable[Output]:
    """The tables of each schema file with root objects, their list, and the SQL that an empty database needs."""
    ordered = tables(program)
    if not ordered:
        return
    parts = Parts(program)
    place = {table.struct: number for number, table in enumerate(ordered)}
    edges = {part.name: dict.fromkeys(_leads_to(program, parts, part)) for part in parts}
    late = parts.circles("tables", edges)
    names: dict[str, list[str]] = {}
    for part in parts:
        structs = sorted(part.module.rootobjects, key=lambda struct: place[struct.qname])
        if structs:
            names[part.name] = [name for struct in structs for name in defined_names(struct)]
            text = _file(program, parts, part, structs, names[part.name], late.get(part.name, frozenset()))
            yield Output(part.path("tables"), text)
    yield from parts.doors("tables", "Tables", names)
    yield _package(program, ordered)
    sources = _sources(program)
    for dialect in DIALECTS:
        script = f"{create_all(program, dialect)}\n{CREATE_CALLS};\n"
        yield Output(f"tables/{dialect}.sql", f"{header(sources, '--')}\n\n{script}")


def _leads_to(program: Program, parts: Parts, part: Part) -> Iterator[str]:
    """The parts that have a table which one of this part refers to."""
    by_table = {struct.table: struct for struct in program.rootobjects}
    for struct in part.module.rootobjects:
        for column in table_of(program, struct).columns:
            if column.references is not None:
                yield parts.of(by_table[column.references]).name


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
    program: Program, parts: Parts, part: Part, structs: list[Struct], names: list[str], late: frozenset[str]
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
    for struct in structs:
        types.append(Root(program, struct, imports, table_class).render())
        made.add(struct.qname)
    template = environment("tables").get_template("module.py.j2")
    return template.render(
        header=header(part.module.files), module=part.module.name, imports=imports.text(), types=types
    )
