"""OS70x: generated files that are not what the schemas say."""

from codegen.source.diagnostics import Rule

GENERATED_CHANGED = Rule(
    "OS701",
    "error",
    "changed: the schemas or the generator say something else now",
    why="""\
The file is as it was generated, but what it was generated from has changed since.
""",
)
GENERATED_MISSING = Rule(
    "OS702",
    "error",
    "missing: this file should be here",
    why="""\
The schemas ask for a file that is not in the output directory.
""",
)
GENERATED_ORPHAN = Rule(
    "OS703",
    "error",
    "orphan: nothing in the schemas asks for this file any more",
    why="""\
The file was generated once and stands in the manifest. `oschema generate` removes it, and only such files.
""",
)
GENERATED_EDITED = Rule(
    "OS704",
    "error",
    "edited: this file was changed by hand after it was generated",
    why="""\
Generated files are never edited: the next run would undo it. Change the schema, or what uses the file, instead;
`oschema generate` restores the file.
""",
)
GENERATED_IN_THE_WAY = Rule(
    "OS705",
    "error",
    "a file that was not generated stands where {path!r} should go",
    fix="move it away, or choose another --out",
    why="""\
The generator overwrites and removes only what it wrote itself. Nothing is written while such a file is in its way.
""",
)
GENERATED_NO_PYTHON = Rule(
    "OS706",
    "error",
    "what was generated is no Python: {reason}",
    fix="this is a fault of oschema, not of your schemas: please report it, with them",
    why="""\
Every Python file is compiled before it is written. Nothing was written: what stands in the output directory is whole.
""",
)
