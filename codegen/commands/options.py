"""Options that commands of `oschema` share."""

from pathlib import Path

import click

from codegen.source.printers import FORMATS

FORMAT = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How findings are printed."
)
DEFAULT_OUT = "generated"
"""Where generated files go if nothing else is said."""
SCHEMAS = click.option(
    "--schemas",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("schemas"),
    show_default=True,
    help="The directory of schemas.",
)
"""For commands that need one that exists."""
