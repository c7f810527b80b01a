"""`oschema reference`: write the reference pages as files, for those who do not serve them."""

from __future__ import annotations

from pathlib import Path

import click

from codegen.commands.options import FORMAT, SCHEMAS
from codegen.source.diagnostics import Report
from codegen.source.printers import plural, write_findings


@click.command(name="reference")
@SCHEMAS
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The directory that is written."
)
@FORMAT
def command(schemas: Path, out: Path, form: str) -> None:
    """Write the reference pages of the schemas into a directory, open index.html there.

    A server that was made with `create_app(reference=…)` shows the same pages at /reference/. Files of the same names
    are replaced, others are left alone.
    """
    from codegen.emit.calls.param_forms import with_param_forms
    from codegen.emit.openrpc import openrpc
    from codegen.emit.schema import schema
    from codegen.model.load import load_sources
    from codegen.runtime.reference.pages import Reference, texts

    report = Report()
    sources = load_sources(schemas, report)
    program = sources.resolve(report)
    if program is None or report.has_errors:
        write_findings(report.findings(), sources.texts, form)
        raise SystemExit(1)
    program = with_param_forms(program)
    pages = dict(texts(Reference(lambda: openrpc.document(program), lambda: schema.document(program))))
    out.mkdir(parents=True, exist_ok=True)
    for path, content in pages.items():
        (out / path).write_bytes(content)
    if form == "text":
        click.echo(f"{out.as_posix()}: {plural(len(pages), 'file')} written")
