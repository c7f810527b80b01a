"""`oschema lint`: check schemas, and say what could be better."""

import os
from pathlib import Path

import click
from click.core import ParameterSource

from codegen.commands.options import FORMAT
from codegen.model import load_sources
from codegen.rules import Subject, lint
from codegen.source.diagnostics import Finding, Report
from codegen.source.printers import count, write_findings


@click.command(name="lint")
@click.option(
    "--schemas",
    type=click.Path(path_type=Path),
    default=Path("schemas"),
    show_default=True,
    help="The directory of schemas.",
)
@click.option("--strict", is_flag=True, help="Exit 1 for warnings, too.")
@FORMAT
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.pass_context
def command(context: click.Context, schemas: Path, strict: bool, form: str, paths: tuple[Path, ...]) -> None:
    """Check all schemas, and say what could be better.

    With PATHs (files or directories) only what is found there is shown; they lie below --schemas, or, where that is
    not given, anywhere together.
    """
    given = context.get_parameter_source("schemas") is not ParameterSource.DEFAULT
    report = Report()
    sources = load_sources(_root(schemas, given, paths), report)
    program = sources.resolve(report)
    if program is not None:
        lint(Subject(program, sources.trees), report)
    findings = [finding for finding in report.findings() if _within(finding, paths)]
    write_findings(findings, sources.texts, form)
    errors, warnings = count(findings)
    if form == "text" and not findings:
        click.echo("nothing to say")
    if errors or (strict and warnings):
        raise SystemExit(1)


def _root(schemas: Path, given: bool, paths: tuple[Path, ...]) -> Path:
    """The directory to read: that of --schemas, or the one that holds all paths where they lie elsewhere."""
    outside = [path for path in paths if not path.resolve().is_relative_to(schemas.resolve())]
    if outside and given:
        raise click.UsageError(f"{outside[0].as_posix()} is not below {schemas.as_posix()}")
    if outside:
        together = paths if len({path.is_absolute() for path in paths}) == 1 else [path.resolve() for path in paths]
        return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in together]) or ".")
    if not schemas.is_dir():
        raise click.UsageError(f"there is no directory {schemas.as_posix()}; name one with --schemas")
    return schemas


def _within(finding: Finding, paths: tuple[Path, ...]) -> bool:
    if not paths:
        return True
    place = Path(os.path.realpath(finding.span.path))  # a link in a circle leads nowhere, quietly
    return any(place.is_relative_to(path.resolve()) for path in paths)
