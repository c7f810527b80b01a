"""`oschema lint`: check schemas, and say what could be better."""

from pathlib import Path

import click

from codegen.model import load_sources
from codegen.rules import Subject, lint
from codegen.source.diagnostics import Finding, Report
from codegen.source.printers import FORMATS, count, write_findings


@click.command(name="lint")
@click.option("--schemas", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path("schemas"),
              show_default=True, help="The directory of schemas.")
@click.option("--strict", is_flag=True, help="Exit 1 for warnings, too.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True,
              help="How findings are printed.")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
def command(schemas: Path, strict: bool, form: str, paths: tuple[Path, ...]) -> None:
    """Check all schemas, and say what could be better.

    With PATHs (files or directories below --schemas) only what is found there is shown.
    """
    report = Report()
    sources = load_sources(schemas, report)
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


def _within(finding: Finding, paths: tuple[Path, ...]) -> bool:
    place = Path(finding.span.path).resolve()
    return not paths or any(place.is_relative_to(path.resolve()) for path in paths)
