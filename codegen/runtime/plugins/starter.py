"""What a new plugin project is made from: a program offers one for each of its interfaces, by an entry point.

    [project.entry-points."oschema.starters"]
    Carrier = "parcels.starters:CARRIER"

`oschema new --plugin Carrier NAME` finds it where the program is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

STARTERS = "oschema.starters"


@dataclass(frozen=True, slots=True)
class Starter:
    """`files` is a folder of Jinja2 templates: the project's files with `.j2` behind their names.

    A part of a path that is `package` stands for the plugin's package. Templates know `name` (of the plugin and its
    package), `project` (of its distribution) and `class_name`.
    """

    files: Path


def starters() -> dict[str, Starter]:
    """The starters of the installed programs by their interfaces."""
    return {point.name: point.load() for point in sorted(entry_points(group=STARTERS), key=lambda each: each.name)}
