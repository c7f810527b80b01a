"""`oschema migrate`: plan migrations from the schemas, bring a database up to date, say where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from codegen.commands.options import FORMAT
from codegen.commands.rebase import command as rebase
from codegen.evolve.plan import LOCK, MIGRATIONS, check_history, is_current, locked, plan, seal, write
from codegen.model import load_sources
from codegen.runtime.storage import migrations
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from codegen.source import catalog
from codegen.source.diagnostics import Report
from codegen.source.files import SourceFile
from codegen.source.printers import plural, write_findings
from codegen.source.span import Span

_SCHEMAS = click.option(
    "--schemas",
    type=click.Path(path_type=Path),
    default=Path("schemas"),
    show_default=True,
    help="The directory of schemas, with its lock and migrations.",
)
_DATABASE = click.option(
    "--database",
    "url",
    required=True,
    envvar="DATABASE_URL",
    metavar="URL",
    help="sqlite:///relative/path, sqlite:////absolute/path or postgresql://… [env: DATABASE_URL]",
)


@click.group(name="migrate")
def command() -> None:
    """Plan, apply and list database migrations.

    It takes no single schema files: a migration leads from one whole model, the lock, to the next.
    """


@command.command(name="plan")
@_SCHEMAS
@click.option("--slug", metavar="NAME", help="The name of the migration; made from its first step where left out.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the lock is behind the schemas.")
@FORMAT
def plan_command(schemas: Path, slug: str | None, check: bool, form: str) -> None:
    """Write the migration that leads from the lock to the schemas, and the new lock.

    What would lose data is refused with an explanation, unless the schema says it is meant: `[reserved("name")]` for a
    field that goes, `@was("name")` for one that is renamed, a default for one that old rows lack.
    """
    if slug is not None and not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", slug):
        raise click.UsageError("--slug is made of lower-case letters, digits and single underscores")
    if not schemas.is_dir():
        raise click.UsageError(f"there is no directory {schemas.as_posix()}; name one with --schemas")
    try:
        migrations.read(schemas / MIGRATIONS)
    except migrations.MigrationError as error:
        raise _failed(schemas, form, str(error)) from None
    report = Report()
    loaded = load_sources(schemas, report)
    sources, program = loaded.texts, loaded.resolve(report)
    if program is not None:
        current = is_current(schemas, program)
        old = program if current else locked(schemas, report)  # PERF: equal texts are equal models
        if not report.has_errors:
            check_history(schemas, old, report)
    if program is None or report.has_errors:
        _finish(report, sources, form)
        return
    if current:
        _finish(report, sources, form)
        if form == "text":
            click.echo("nothing to do: the lock is that of the schemas")
        return
    made = plan(old, program, report)
    if check and not report.has_errors:
        what = made.steps[0] if made.steps else "no table changes, but the model does"
        path = (schemas / LOCK).as_posix()
        report.add(catalog.LOCK_BEHIND, Span(path, 1, 1, 1, 2), what=what)
    _finish(report, sources, form)
    try:
        folder = write(schemas, made, slug)
    except OSError as error:
        path = Path(error.filename or schemas).as_posix()
        report.add(catalog.UNWRITABLE, Span(path, 1, 1, 1, 1), path=path, reason=error.strerror or str(error))
        _finish(report, sources, form)
        return
    if form != "text":
        return
    for step in made.steps:
        click.echo(f"  {step}")
    click.echo(
        f"wrote {folder.as_posix()} and {(schemas / LOCK).as_posix()}"
        if folder
        else f"wrote {(schemas / LOCK).as_posix()}; no table changes, so there is no migration"
    )


@command.command(name="apply")
@_SCHEMAS
@FORMAT
@_DATABASE
@click.option(
    "--to",
    type=click.IntRange(min=0),
    metavar="N",
    help="Stop at migration N, going back where the database is further; 0 is the empty database.",
)
def apply_command(schemas: Path, form: str, url: str, to: int | None) -> None:
    """Bring a database to the newest migration, or to N."""

    steps: list[str] = []

    def tell(name: str, direction: str) -> None:
        steps.append(name)
        if form == "text":
            click.echo(f"{'applying   ' if direction == 'up' else 'taking back'} {name}")

    with _database(schemas, url, form) as database:
        migrations.apply(database, schemas / MIGRATIONS, to, on_step=tell)
    _finish(Report(), {}, form)
    if form == "text":
        click.echo(
            f"{plural(len(steps), 'migration')} done" if steps else "nothing to do: the database is there already"
        )


@command.command(name="status")
@_SCHEMAS
@FORMAT
@_DATABASE
def status_command(schemas: Path, form: str, url: str) -> None:
    """List migrations: when each was applied, and which wait. Exit 1 if some wait."""
    with _database(schemas, url, form) as database:
        found = migrations.status(database, schemas / MIGRATIONS)
    if form != "text":
        report = Report()
        for name in found.waiting:
            path = (schemas / MIGRATIONS / name).as_posix()
            report.add(catalog.MIGRATION_WAITING, Span(path, 1, 1, 1, 2), name=name)
        _finish(report, {}, form)
        return
    for applied in found.applied:
        click.echo(f"applied   {datetime.fromtimestamp(applied.applied_at, UTC):%Y-%m-%dT%H:%M:%SZ}  {applied.name}")
    for name in found.waiting:
        click.echo(f"waiting   {'':20}  {name}")
    if found.waiting:
        click.echo(f"{plural(len(found.waiting), 'migration')} to apply        fix: oschema migrate apply")
        raise SystemExit(1)


@command.command(name="seal")
@_SCHEMAS
@FORMAT
@click.argument("number", type=click.IntRange(min=1))
def seal_command(schemas: Path, form: str, number: int) -> None:
    """Accept hand-made edits of the SQL of migration NUMBER, which no database may have applied yet."""
    folder = next((schemas / MIGRATIONS).glob(f"{number:04d}_*"), None)
    if folder is None:
        raise _failed(schemas, form, f"there is no migration {number} in {(schemas / MIGRATIONS).as_posix()}")
    _finish(Report(), {}, form)
    if form == "text":
        click.echo(f"sealed {folder.name}" if seal(folder) else f"nothing to do: {folder.name} was not edited")


command.add_command(rebase)


@contextmanager
def _database(schemas: Path, url: str, form: str) -> Iterator[Database]:
    """The database at `url`, open for a while; a migration that fails ends the command."""
    try:
        database = Database.open(url)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        yield database
    except (migrations.MigrationError, Unavailable) as error:
        raise _failed(schemas, form, str(error)) from error
    finally:
        database.close()


def _failed(schemas: Path, form: str, problem: str) -> Exception | SystemExit:
    """How the command ends where a migration cannot be done: a sentence, or a finding for machines."""
    if form == "text":
        return click.ClickException(problem)
    path = (schemas / MIGRATIONS).as_posix()
    report = Report()
    report.add(catalog.MIGRATIONS_BROKEN, Span(path, 1, 1, 1, 2), problem=problem)
    write_findings(report.findings(), {}, form)
    return SystemExit(1)


def _finish(report: Report, sources: Mapping[str, SourceFile], form: str) -> None:
    """Print what was found; leave with 1 where there are errors."""
    if form != "text" or len(report):
        write_findings(report.findings(), sources, form)
    if report.has_errors:
        raise SystemExit(1)
