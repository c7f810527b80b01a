"""`oschema migrate rebase`: plan the migrations of a branch again, behind those that the other branch has."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from codegen.commands.git import paths_at, read_at
from codegen.evolve import lock
from codegen.evolve.plan import LOCK, MIGRATIONS, plan, write
from codegen.model import load_sources
from codegen.runtime.storage.migrations import FOLDER
from codegen.source.diagnostics import Report
from codegen.source.printers import write_findings
from codegen.source.writing import replace_file


@click.command(name="rebase")
@click.option(
    "--schemas",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("schemas"),
    show_default=True,
    help="The directory of schemas, with its lock and migrations.",
)
@click.option(
    "--onto", required=True, metavar="REF", help="The revision whose migrations stay as they are (origin/main)."
)
def command(schemas: Path, onto: str) -> None:
    """Mend migrations after two branches met: those of REF stay, the others become one behind them.

    Run it once the schemas themselves are merged. The migrations that are planned again must not have been applied to
    a database that is kept; take them back there first (`oschema migrate apply --to N`).
    """
    report = Report()
    sources = load_sources(schemas, report)
    program = sources.resolve(report)
    if program is None:
        write_findings(report.findings(), sources.texts)
        raise SystemExit(1)
    kept = _theirs(schemas, onto)
    own = [name for name in _folders(schemas / MIGRATIONS) if name not in {path.split("/")[0] for path in kept}]
    try:
        old = lock.load(read_at(onto, schemas, LOCK).decode())
    except (lock.LockError, UnicodeDecodeError) as error:
        raise click.ClickException(f"the lock of {onto}: {error}") from None
    made = plan(old, program, report)
    if report.has_errors:
        write_findings(report.findings(), sources.texts)
        raise SystemExit(1)
    for name in own:
        shutil.rmtree(schemas / MIGRATIONS / name)
        click.echo(f"removed {name}")
    for path, content in kept.items():
        target = schemas / MIGRATIONS / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != content:
            replace_file(target, content)
    folder = write(schemas, made, own[-1].partition("_")[2] if own else None)
    for step in made.steps:
        click.echo(f"  {step}")
    click.echo(f"wrote {folder.as_posix()}" if folder else "no table changes behind those, so there is no migration")


def _theirs(schemas: Path, onto: str) -> dict[str, bytes]:
    """The files of the revision's migrations, by their paths from the directory of migrations."""
    inside = [path for path in paths_at(onto, schemas) if path.startswith(f"{MIGRATIONS}/")]
    return {path.removeprefix(f"{MIGRATIONS}/"): read_at(onto, schemas, path) for path in inside}


def _folders(directory: Path) -> list[str]:
    return (
        sorted(path.name for path in directory.iterdir() if FOLDER.fullmatch(path.name)) if directory.is_dir() else []
    )
