"""The earlier schemas that changes are judged against: of a git revision, of a directory, or of the lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from codegen.commands.git import paths_at, prefix, read_at
from codegen.evolve import lock
from codegen.evolve.plan import LOCK
from codegen.model import Program, load_sources, sources_of
from codegen.source.diagnostics import Report
from codegen.source.files import SUFFIX, SourceFile


@dataclass(frozen=True, slots=True)
class Earlier:
    """`name` is what people gave. The lock has no places, so its `texts` are empty."""

    name: str
    program: Program
    texts: Mapping[str, SourceFile] = field(default_factory=dict)


def read_earlier(against: str | None, schemas: Path, report: Report) -> Earlier | None:
    """The model named by `against`: a directory, a lock (`….json`), a git revision; without it, the lock of `schemas`.

    None, with findings, where its schemas have errors. Raises `click.ClickException` where there is no such thing.
    """
    if against is None:
        if not (schemas / LOCK).is_file():
            raise click.UsageError(f"there is no {(schemas / LOCK).as_posix()}; say what to compare with by --against")
        against = (schemas / LOCK).as_posix()
    path = Path(against)
    if path.is_dir():
        # A root without a `module` line has the name of its directory, which is another one here.
        sources = replace(load_sources(path, report), root_name=schemas.resolve().name)
    elif path.suffix == ".json" and path.is_file():
        return _of_lock(path)
    else:
        # As `git show` takes it.
        files = _files(against, schemas)
        sources = sources_of(schemas.resolve().name, files, report, shown=f"{against}:{prefix(schemas)}")
    program = sources.resolve(report)
    return Earlier(against, program, sources.texts) if program is not None else None


def _of_lock(path: Path) -> Earlier:
    try:
        return Earlier(path.as_posix(), lock.load(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path.as_posix()}: {error}") from None


def _files(revision: str, schemas: Path) -> dict[str, bytes]:
    """The schema files of a revision by their paths from the schemas' root."""
    paths = [path for path in paths_at(revision, schemas) if path.endswith(SUFFIX) and _is_looked_into(path)]
    if not paths:
        raise click.ClickException(f"{revision} holds no schemas at {schemas.as_posix()}")
    return {path: read_at(revision, schemas, path) for path in paths}


def _is_looked_into(path: str) -> bool:
    """Hidden folders and `migrations/` hold no schemas."""
    *folders, name = path.split("/")
    return not name.startswith(".") and not any(part.startswith(".") or part == "migrations" for part in folders)
