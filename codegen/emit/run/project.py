"""What a project says about its generated files: the `[tool.oschema]` table of its `pyproject.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from codegen.emit.header import COMMAND
from codegen.emit.output import INTEGERS, Integers


@dataclass(frozen=True, slots=True)
class Project:
    """`regenerate` is the command that the files name, None where none is said.

    `typescript_integers`: what whole numbers of 64 bits are in the TypeScript client.
    """

    regenerate: str | None = None
    typescript_integers: Integers = "bigint"


def read_project(out: Path) -> Project:
    """The table of the nearest `pyproject.toml` at or above the output directory.

    Raises ValueError where that file cannot be read, or says what the table has not.
    """
    folder = out.resolve()
    file = next((path for parent in (folder, *folder.parents) if (path := parent / "pyproject.toml").is_file()), None)
    if file is None:
        return Project()
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("oschema", {})
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error
    command = table.get("regenerate")
    if command is not None and (not isinstance(command, str) or not command.strip() or not command.isprintable()):
        raise ValueError(f'{file}: [tool.oschema] regenerate is the command that regenerates, such as "{COMMAND}"')
    said = table.get("typescript_integers", "bigint")
    integers = next((known for known in INTEGERS if known == said), None)
    if integers is None:
        known = " or ".join(f'"{name}"' for name in INTEGERS)
        raise ValueError(f"{file}: [tool.oschema] typescript_integers is {known}")
    return Project(command, integers)
