"""Groups of commands say of each what it does, to the end."""

from importlib import import_module

import click
import pytest
from click.testing import CliRunner

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
