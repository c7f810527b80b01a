"""The `hero-onboarding` command: each command is loaded when it is asked for, so that starting stays quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from errno import EDQUOT, ENOSPC
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click

from codegen.runtime.processes import end_with_starter
from codegen.runtime.terminal import let_all_text_be_written
from handlers.domains import DOMAINS
from handlers.private_files import write_privately

OURS = ("codegen", "generated", "handlers", "providers")
"""What is missing of these is a fault of ours, not an extra that was not installed."""


def command_table(packages: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Name → one line of help and the module that holds `command`, of all packages that have commands."""
    table: dict[str, tuple[str, str]] = {}
    for package in packages:
        if find_spec(f"{package}.commands") is None:
            continue
        commands: Mapping[str, str] = import_module(f"{package}.commands").COMMANDS
        for name, told in commands.items():
            table[name] = (told, f"{package}.commands.{name.replace('-', '_')}")
    return table


class LazyGroup(click.Group):
    """Knows the commands of the product and of its domains by name."""

    def __init__(self, *args: Any, packages: Sequence[str] = ("handlers", *DOMAINS), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = command_table(packages)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._table:
            return None
        module = self._table[cmd_name][1]
        try:
            command = import_module(module).command
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] in OURS:
                raise
            raise click.ClickException(
                f"{cmd_name} needs {error.name}, which is not installed; pip install 'hero-onboarding[site]' brings it"
            ) from error
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a database that cannot do it now, or a disk that is full, is a sentence and exit 1."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if _is_busy(error) or (isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT)):
                raise click.ClickException(str(error).partition("\n")[0]) from error
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (told, _) in sorted(self._table.items())])


def _is_busy(error: Exception) -> bool:
    """Whether a database is away, stays locked, or finds no room."""
    faults = sys.modules.get("codegen.runtime.storage.faults")  # commands of a node work without databases
    return faults is not None and isinstance(error, faults.Unavailable)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hero-onboarding", message="%(version)s")
def main() -> None:
    """Hero's onboarding site and billing backend.

    Settings are environment variables, HERO_ONBOARDING_<NAME>; a variable <NAME>_FILE names a file instead.
    Exit codes: 0 fine, 1 failed or not so (the reason is on stderr), 2 wrong usage.
    """
    let_all_text_be_written()
    end_with_starter()
    before = write_privately()
    click.get_current_context().call_on_close(lambda: os.umask(before))
