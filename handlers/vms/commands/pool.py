"""`hero-onboarding pool`: take machines in, list them, confirm that they were wiped, retire them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click

from codegen.runtime.context import ADMIN, Context, SystemClock
from codegen.runtime.errors import DeclaredError, NotFound
from codegen.runtime.storage.database import Database
from codegen.runtime.values.sid import new_sid
from generated.models.onboarding import PoolVm
from handlers.admin.acts import COMMAND_LINE, NO_REASON
from handlers.commands import start
from handlers.commands.group import CommandGroup
from handlers.vms.pool import Pool
from handlers.vms.pool_file import PoolFileWrong, read_machines

KINDS = {".csv": "csv", ".json": "json", ".yaml": "yaml", ".yml": "yaml"}


def _reason(context: click.Context, param: click.Parameter, value: str) -> str:
    if not 1 <= len(value) <= 500:
        raise click.UsageError("--reason has 1 to 500 characters")
    return value


_REASON = click.option("--reason", default=NO_REASON, callback=_reason, help="Why; it is kept in the audit log.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _pool() -> tuple[Database, Pool, Context]:
    database = start.database(start.settings())
    return database, Pool(database, COMMAND_LINE), Context(ADMIN, SystemClock(), database, new_sid())


@click.group(name="pool", cls=CommandGroup)
def command() -> None:
    """Machines that operators deployed, for users to get."""


@command.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_REASON
@_JSON
def import_(file: Path, reason: str, as_json: bool) -> None:
    """Take in the machines of FILE: CSV with the columns name, address and sku, or a list in YAML or JSON.

    All or none: what is wrong is told with its line. Machines that are there already stay as they are.
    """
    kind = KINDS.get(file.suffix.lower())
    if kind is None:
        raise click.UsageError(f"FILE ends in one of {', '.join(KINDS)}")
    database, pool, context = _pool()
    try:
        machines = read_machines(file.read_bytes(), kind)
        added = database.run(lambda: pool.take_in(context, machines, file.name, reason))
    except PoolFileWrong as error:
        raise click.ClickException("\n".join([f"{file}: nothing was taken in", *error.problems])) from None
    known = len(machines) - added
    click.echo(json.dumps({"added": added, "known": known}) if as_json else f"{added} added, {known} there already")


@command.command(name="list")
@click.option("--state", type=click.Choice(["free", "claimed", "used", "dirty", "retired"]), help="Only these.")
@_JSON
def list_(state: str | None, as_json: bool) -> None:
    """List the machines. With --json also whose key to let in, and whether each is to run."""
    _, pool, _ = _pool()
    found = [each for each in pool.machines() if state in (None, each["state"])]
    if as_json:
        click.echo(json.dumps(found))
        return
    for vm in found:
        notes = [note for note, on in (("stopped", not vm["running"]), ("leaving", vm["leaving"])) if on]
        of = vm["allocation_sid"] or "-"
        click.echo(
            f"{vm['sid']}  {vm['name']:<20}  {vm['address']:<39}  {vm['sku']:<16}  {vm['state']:<8}  {of:<26}  "
            f"{' '.join(notes)}".rstrip()
        )
    for count in pool.counts():
        states = count.model_dump(exclude={"sku"})
        click.echo(f"{count.sku}: {', '.join(f'{number} {name}' for name, number in states.items() if number)}")


@command.command()
@click.argument("sid")
@_REASON
@_JSON
def wiped(sid: str, reason: str, as_json: bool) -> None:
    """Confirm that the disk of the dirty machine SID was wiped: it is free again."""
    _act(sid, as_json, lambda pool, context: pool.wiped(context, sid, reason))


@command.command()
@click.argument("sid")
@_REASON
@_JSON
def retire(sid: str, reason: str, as_json: bool) -> None:
    """Take the machine SID out of the pool for good; one that is in use goes when it is released."""
    _act(sid, as_json, lambda pool, context: pool.retire(context, sid, reason))


def _act(sid: str, as_json: bool, act: Callable[[Pool, Context], PoolVm]) -> None:
    database, pool, context = _pool()
    try:
        vm = database.run(lambda: act(pool, context))
    except NotFound:
        raise click.ClickException(f"no machine of the pool has the sid {sid}") from None
    except DeclaredError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(vm.model_dump_json())
    else:
        click.echo(f"{vm.name}: {vm.state.value}{', leaves the pool when it is released' if vm.leaving else ''}")
