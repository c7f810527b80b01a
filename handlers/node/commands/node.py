"""`hero-onboarding node`: make a node's folder, write usage down, tell how it is, push."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from handlers.commands.group import CommandGroup
from handlers.node.errors import NodeError
from handlers.node.log import UsageLog

_DIR = click.option(
    "--dir",
    "directory",
    required=True,
    metavar="D",
    type=click.Path(file_okay=False, path_type=Path),
    help="The node's folder.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def _faults() -> Iterator[None]:
    """What goes wrong is told on stderr, with exit code 1."""
    try:
        yield
    except NodeError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'the disk'}: {error.strerror}") from None


@click.group(name="node", cls=CommandGroup)
def command() -> None:
    """A node's log of usage, and its repository.

    Where the forge asks who pushes, FORGE_TOKEN (or FORGE_TOKEN_FILE) tells the token, or GIT_ASKPASS names a program.
    """


@command.command()
@_DIR
@click.option("--node-id", required=True, metavar="ID", help="Letters, digits, dot, dash and underscore.")
@click.option("--repo-url", metavar="URL", help="Where to push: https://… or file://…, without credentials.")
@_JSON
def init(directory: Path, node_id: str, repo_url: str | None, as_json: bool) -> None:
    """Make the folder of a node: its key, its log, its repository. What is there already stays.

    A repository that holds usage of this node is gone on with, by a log with a stream of its own. Prints what an
    operator registers.
    """
    from handlers.node.init import init

    with _faults():
        made = init(directory, node_id, repo_url)
    if as_json:
        click.echo(json.dumps(made._asdict()))
        return
    click.echo(f"{directory} is the folder of the node {made.node_id}. An operator registers it with this public key:")
    click.echo(made.public_key)


@command.command()
@_DIR
def record(directory: Path) -> None:
    """Write usage down: a JSON object on each line of stdin, the place of each record on a line of stdout.

    A line of stdout means that the record is durable; `error` tells why one was not written. Fields are those of a
    usage record: user_sid, resource_kind, quantity (text), and as they apply occurred_at, idempotency_key, applies_to,
    interval_seconds, instance_id, model, cost, amount_cents. {"void": "KEY"} takes a record back.
    """
    from handlers.node.recording import record

    failed = 0
    with _faults(), UsageLog(directory) as log:
        for told in record(log, sys.stdin.fileno()):
            failed += "error" in told
            click.echo(json.dumps(told))
    if failed:
        raise click.ClickException(f"{failed} record{'' if failed == 1 else 's'} could not be written")


@command.command()
@_DIR
@_JSON
def status(directory: Path, as_json: bool) -> None:
    """Tell what the log holds, and what of it was not pushed yet."""
    from handlers.node.status import status

    with _faults():
        told = status(directory)
    if as_json:
        click.echo(json.dumps(told))
    else:
        for name, value in told.items():
            click.echo(f"{name.replace('_', ' '):<15} {value}")


@command.command()
@_DIR
@_JSON
def push(directory: Path, as_json: bool) -> None:
    """Commit what is new, signed, and push it; an empty commit where nothing is."""
    from handlers.node.push import push

    with _faults():
        pushed = push(directory)
    click.echo(json.dumps(pushed._asdict()) if as_json else pushed.told)
