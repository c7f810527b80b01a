"""Breaking changes: what edits of schemas do to callers, rows and code. `changes(Comparison(old, new))` finds all."""

from codegen.rules.breaking import alternatives, fields, laws, limits, methods, objects, others, params, types
from codegen.rules.breaking.comparison import Comparison
from codegen.rules.breaking.register import CHANGES, Change, Place, Rows, changes

__all__ = [
    "CHANGES",
    "Change",
    "Comparison",
    "Place",
    "Rows",
    "alternatives",
    "changes",
    "fields",
    "laws",
    "limits",
    "methods",
    "objects",
    "others",
    "params",
    "types",
]
