"""The test that each stored object comes back from the database as it was written."""

from __future__ import annotations

from collections.abc import Iterable

from codegen.emit.header import header
from codegen.emit.output import Output
from codegen.emit.python.imports import Imports
from codegen.emit.render import environment
from codegen.model.casing import snake
from codegen.model.model import Program
from codegen.model.storage import tables


def emit_roundtrip(program: Program) -> Iterable[Output]:
    """One test for all root objects, run with the generated strategies; nothing where there are none."""
    sources = [path for module in program.modules if module.rootobjects for path in module.files]
    if not sources:
        return
    path = "conformance/test_roundtrip.py"
    imports = Imports(path)
    structs = [program.struct(table.struct) for table in tables(program)]
    strategies = [
        (struct.qname, imports.name(f"~.strategies.{struct.module}", f"any_{snake(struct.name)}")) for struct in structs
    ]
    yield Output(
        path,
        (
            environment("conformance")
            .get_template("roundtrip.py.j2")
            .render(header=header(sources), imports=imports.text(), strategies=strategies)
        ),
    )
