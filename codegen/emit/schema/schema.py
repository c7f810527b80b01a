"""JSON Schema 2020-12 of every type and event (`schema.json`), and the same in draft-07 for OpenRPC.

A definition is named by its qualified name (`shop.User`) and describes an object as it is read: fields that the
server fills are there. Beyond the standard: `x-ref` (the root object a sid refers to), `x-currency`, `x-enum-open`
(known values of an open enum), `x-minimum` and `x-maximum` (bounds of values that travel as text), `x-sensitive`,
`x-immutable`, and each `x_*` note with dashes.
"""

from __future__ import annotations

from collections.abc import Iterable

from codegen.emit.header import header
from codegen.emit.json_text import json_text
from codegen.emit.output import Output
from codegen.emit.schema.declarations import definitions
from codegen.model.model import Program


def emit(program: Program) -> Iterable[Output]:
    sources = [file for module in program.modules for file in module.files]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": header(sources, "").strip(),
        "$defs": definitions(program),
    }
    yield Output("schema.json", json_text(document))
