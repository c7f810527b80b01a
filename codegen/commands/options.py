"""Options that all commands of `oschema` share."""

import click

from codegen.source.printers import FORMATS

FORMAT = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How findings are printed."
)
