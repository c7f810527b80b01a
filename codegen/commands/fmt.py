"""`oschema fmt`: write schema files in the one way they are written."""

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE

import click

from codegen.commands.options import FORMAT
from codegen.source import catalog
from codegen.source.diagnostics import Report
from codegen.source.files import SourceFile, discover, load
from codegen.source.printers import plural, write_findings
from codegen.source.span import Span
from codegen.source.writing import replace_file, sweep
from codegen.syntax import format_file, parse
from codegen.syntax.compare import same_meaning


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is not formatted; `line` is the first that differs."""

    path: Path
    before: str
    after: str

    @property
    def line(self) -> int:
        pairs = list(zip(self.before.split("\n"), self.after.split("\n"), strict=False))
        return next((number for number, (old, new) in enumerate(pairs, 1) if old != new), len(pairs))


@click.command(name="fmt")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not formatted.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change. Exit 1 if something would.")
@click.option(
    "--schemas",
    type=click.Path(path_type=Path),
    default=Path("schemas"),
    show_default=True,
    help="The directory of schemas, where no PATH is given.",
)
@FORMAT
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
def command(check: bool, diff: bool, schemas: Path, form: str, paths: tuple[Path, ...]) -> None:
    """Format schema files in place: PATHs (files or directories), or all of --schemas.

    A file with syntax errors is not touched.
    """
    if not paths and not schemas.is_dir():
        raise click.UsageError(f"there is no directory {schemas.as_posix()}; name one with --schemas")
    report = Report()
    sources: dict[str, SourceFile] = {}
    changes = [
        change
        for path in files(paths or (schemas,), report)
        if (change := formatted(path, report, sources)) is not None
    ]
    if diff:
        for change in changes:
            click.echo(unified(change), nl=False)
    if check or diff:
        if form != "text" and not diff:
            for change in changes:
                report.add(catalog.NOT_FORMATTED, Span(change.path.as_posix(), change.line, 1, change.line, 2))
    else:
        for directory in sorted({change.path.parent for change in changes}):
            sweep(directory)
        changes = [change for change in changes if written(change, report)]
    if form != "text" or report.has_errors:
        write_findings(report.findings(), sources, form)
    if form == "text" and not diff:
        summarise(changes, check)
    if report.has_errors or (changes and (check or diff)):
        raise SystemExit(1)


def files(paths: tuple[Path, ...], report: Report) -> Iterator[Path]:
    """The files named, and those below the directories named; each once."""
    seen: set[str] = set()
    for path in paths:
        found = [path] if path.is_file() else [file for module in discover(path, report) for file in module.files]
        for file in found:
            place = os.path.realpath(file)
            if place not in seen:
                seen.add(place)
                yield file


def formatted(path: Path, report: Report, sources: dict[str, SourceFile]) -> Change | None:
    """What formatting would change in a file; None where nothing, or where the file cannot be read."""
    own = Report()
    source = load(path, own)
    tree = parse(source, own) if source is not None else None
    report.extend(own.findings())
    if source is None or tree is None or own.has_errors:
        if source is not None:
            sources[source.path] = source
        return None
    text = format_file(source, tree)
    again = Report()
    if not same_meaning(tree, parse(SourceFile(source.path, text), again)) or again.has_errors:
        raise click.ClickException(
            f"formatting {source.path} would change its meaning, so it was left alone. "
            "This is a fault of the formatter; please report it with the file."
        )
    sources[source.path] = source
    before = path.read_bytes()
    return Change(path, before.decode(), text) if before != text.encode() else None


def written(change: Change, report: Report) -> bool:
    """Replace a file at once, keeping its mode; a link keeps pointing to it. False, with a finding, where it fails."""
    target = change.path.resolve()
    try:
        replace_file(target, change.after.encode(), S_IMODE(target.stat().st_mode))
    except OSError as error:
        name = change.path.as_posix()
        report.add(catalog.UNWRITABLE, Span(name, 1, 1, 1, 2), path=name, reason=error.strerror or str(error))
        return False
    return True


def unified(change: Change) -> str:
    """The change as a patch that `git apply` and `patch` take."""
    name = change.path.as_posix().lstrip("/")
    lines = difflib.unified_diff(_lines(change.before), _lines(change.after), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """The lines with their ends; only `\\n` ends a line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def summarise(changes: list[Change], check: bool) -> None:
    for change in changes:
        click.echo(f"{'changed' if check else 'formatted'}   {change.path.as_posix()}")
    if changes and check:
        click.echo(f"{plural(len(changes), 'file')} not formatted        fix: oschema fmt")
