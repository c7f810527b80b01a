"""Read a directory of schemas: its files, their trees, and the model they make."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from codegen.model.model import Program
from codegen.model.resolve import resolve
from codegen.source.collector import collector_off
from codegen.source.diagnostics import Report
from codegen.source.files import SourceFile, decode, discover, load
from codegen.syntax import parse, tree


@dataclass(frozen=True)
class Sources:
    """A directory of schemas as read: texts by path as the user gave it, trees by module directory from the root."""

    root_name: str
    texts: dict[str, SourceFile] = field(default_factory=dict)
    trees: dict[str, list[tree.File]] = field(default_factory=dict)

    @collector_off()
    def resolve(self, report: Report) -> Program | None:
        """The checked model; None, with findings, where anything is wrong."""
        texts = {path: source.text for path, source in self.texts.items()}
        return resolve(self.trees, report, root_name=self.root_name, texts=texts)


@collector_off()
def load_sources(root: Path, report: Report) -> Sources:
    """Read and parse every schema file at or below `root`; findings for all that cannot be read."""
    sources = Sources(root.resolve().name)
    for directory in discover(root, report):
        path = Path(os.path.relpath(directory.path, root)).as_posix()
        trees = sources.trees.setdefault(path, [])
        for file in directory.files:
            source = load(file, report)
            if source is not None:
                sources.texts[source.path] = source
                trees.append(parse(source, report))
    return sources


@collector_off()
def sources_of(root_name: str, files: Mapping[str, bytes], report: Report, shown: str = "") -> Sources:
    """Parse files that are not on disk (those of a git revision), by their paths from the schemas' root.

    `shown` stands before the paths in findings.
    """
    sources = Sources(root_name)
    for path in sorted(files):
        source = decode(f"{shown}{path}", files[path], report)
        if source is not None:
            sources.texts[source.path] = source
            sources.trees.setdefault(posixpath.dirname(path) or ".", []).append(parse(source, report))
    return sources


def load_program(root: Path, report: Report) -> Program | None:
    """The checked model of the schemas at or below `root`; None, with findings in `report`, where anything is wrong."""
    return load_sources(root, report).resolve(report)
