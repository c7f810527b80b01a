"""The `oschema` command: a table of commands, each loaded when it is asked for so that starting stays quick."""

import gc
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import click

from codegen.runtime.terminal import let_all_text_be_written

COMMANDS = {
    "breaking": "Tell whom the edits of the schemas break.",
    "diff": "Write what changed in the schemas, for people.",
    "explain": "Print a rule of the table of diagnostics.",
    "fmt": "Format schema files in place.",
    "generate": "Write everything that follows from the schemas.",
    "lsp": "Serve an editor by the Language Server Protocol.",
    "lint": "Check schemas, and say what could be better.",
    "migrate": "Plan, apply and list database migrations.",
    "new": "Start a directory of schemas.",
    "reference": "Write the reference pages as files.",
}


class LazyGroup(click.Group):
    """Knows its commands by name; `codegen.commands.<name>` holds `command`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a program.

        PERF: nearly all of what a command makes lives to its end, so looking for garbage in it finds nothing and takes
        an eighth of the time. Commands that stay turn the collector on again.
        """
        gc.disable()
        return super().__call__(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"codegen.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


def _tell_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """That of the distribution which brings this command."""
    if asked:
        [entry] = entry_points(group="console_scripts", name="oschema")
        click.echo(entry.dist.version if entry.dist else "unknown")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_tell_version, help="Print the version."
)
def main() -> None:
    """oschema: say once what exists; models, tables, routes, clients and documents follow.

    Exit codes: 0 fine, 1 findings, 2 wrong usage.
    """
    let_all_text_be_written()
