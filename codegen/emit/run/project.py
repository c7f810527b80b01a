"""What a project says about its generated files: the `[tool.oschema]` table of its `pyproject.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from codegen.emit.header import COMMAND


def regenerating_command(out: Path) -> str | None:
    """The `regenerate` of the nearest `pyproject.toml` at or above the output directory; None where none says it.

    Raises ValueError where that file cannot be read, or says something else than a line of text.
    """
    folder = out.resolve()
    file = next((path for parent in (folder, *folder.parents) if (path := parent / "pyproject.toml").is_file()), None)
    if file is None:
        return None
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("oschema", {})
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error
    command = table.get("regenerate")
    if command is not None and (not isinstance(command, str) or not command.strip() or not command.isprintable()):
        raise ValueError(f'{file}: [tool.oschema] regenerate is the command that regenerates, such as "{COMMAND}"')
    return command
