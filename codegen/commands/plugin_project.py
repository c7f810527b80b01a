"""Write the project of a new plugin from a starter."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from codegen.model.casing import to_pascal
from codegen.runtime.plugins.starter import Starter

SUFFIX = ".j2"


def write_project(starter: Starter, name: str, folder: Path) -> list[Path]:
    """Write every file of a starter below `folder`, which must not be there yet; answers what was written."""
    environment = Environment(
        loader=FileSystemLoader(starter.files), undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    values = {"name": name, "project": name.replace("_", "-"), "class_name": to_pascal(name)}
    written = []
    folder.mkdir(parents=True)
    for template in sorted(environment.list_templates(extensions=[SUFFIX.removeprefix(".")])):
        parts = [name if part == "package" else part for part in template.removesuffix(SUFFIX).split("/")]
        path = folder.joinpath(*(part.replace("NAME", name) for part in parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(environment.get_template(template).render(values), encoding="utf-8")
        written.append(path)
    return written
