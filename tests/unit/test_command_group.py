"""Groups of commands say of each what it does, to the end; what a disk has no room for is a sentence."""

import errno
import os
from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from handlers.cli import LazyGroup
from handlers.commands.group import CommandGroup
from handlers.domains import DOMAINS


@click.group(cls=CommandGroup)
def many() -> None:
    """Many."""


@many.command(help="Do a thing that takes quite some words to tell, as long as a help of a command may well be. More.")
def act() -> None: ...


def test_the_whole_first_sentence_is_listed() -> None:
    listed = " ".join(CliRunner().invoke(many, ["--help"]).output.split())
    assert listed.endswith(
        "Commands: act Do a thing that takes quite some words to tell, as long as a help of a command may well be."
    )


class Writing(LazyGroup):
    """Whatever is asked of it fails by `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__("main", packages=())
        self._error = error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        def write() -> None:
            raise self._error

        return click.Command(cmd_name, callback=write)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_sentence(number: int) -> None:
    error = OSError(number, os.strerror(number), "/var/statement.pdf")
    done = CliRunner().invoke(Writing(error), ["write"])
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert done.stderr == f"Error: {error}\n"


def test_a_fault_is_no_sentence() -> None:
    error = OSError(errno.EBADF, "a mistake of ours")
    assert CliRunner().invoke(Writing(error), ["write"]).exception is error


@pytest.mark.parametrize("package", DOMAINS)
def test_every_group_of_the_product_lists_so(package: str) -> None:
    commands = f"{package}.commands"
    try:
        names = import_module(commands).COMMANDS
    except ModuleNotFoundError:
        return
    for name in names:
        command = import_module(f"{commands}.{name.replace('-', '_')}").command
        assert isinstance(command, CommandGroup) or not isinstance(command, click.Group), name
