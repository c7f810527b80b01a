"""What commands begin with: settings and a database, or one sentence on stderr and exit 1."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from codegen.runtime.clock import ClockFileWrong, follow
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.migrations import MigrationError
from handlers.composition import load_settings
from handlers.private_files import make_private
from handlers.settings import Settings, SettingsInvalid
from handlers.version import require_current


def settings(**given: Any) -> Settings:
    """The settings, all problems told at once; the directory for what is written is this user's alone."""
    try:
        found = load_settings(**given)
        make_private(found.var_dir)
        follow(found.test_clock)
    except SettingsInvalid as error:
        raise click.ClickException("\n       ".join(error.problems)) from None
    except ClockFileWrong as error:
        raise click.ClickException(f"{Settings.variable('test_clock')}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"{Settings.variable('var_dir')}: {error}") from None
    return found


@contextmanager
def database_faults() -> Iterator[None]:
    """What is wrong with a database or its version, as one sentence."""
    try:
        yield
    except (ValueError, OSError, MigrationError) as error:
        raise click.ClickException(str(error)) from None


def database(found: Settings) -> Database:
    """The database, at this program's version."""
    with database_faults():
        opened = Database.open(found.database_url)
        require_current(opened)
        return opened
