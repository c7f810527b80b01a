"""`hero-onboarding rebuild`: compute the ledger anew from what caused it, and say what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from codegen.runtime.context import SystemClock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from codegen.runtime.values.types import Money
from handlers.commands import start
from handlers.payments.settings import PaymentSettings
from handlers.prices.settings import PriceSettings
from handlers.rebuild.rebuild import MOST, NotFresh, rebuild
from handlers.settings import Settings
from handlers.usage.forges import Forges
from handlers.usage.mirrors import FetchFailed, Mirrors
from handlers.usage.nodes import Nodes
from handlers.usage.settings import UsageSettings
from handlers.version import migrate

GIVEN = (
    "what was said and done: users, machines, top-ups, events, fees, verdicts, acts, purchases with their costs",
    "price books, the discount ladder and the cap before verification, as they are set now",
    "nodes with their keys, kinds and leave to set prices, as operators' acts made them, and operators' skips",
    "whether the end of a grant was posted, where it ended in the last hour",
    "fees, and when plans were paid, from before they were kept beside the ledger: migrations took them from there",
)
"""What a rebuild does not compute."""


@click.command(name="rebuild")
@click.option("--offline", is_flag=True, help="Read our copies of the repositories as they are; fetch nothing.")
@click.option("--into", "url", metavar="URL", help="An empty database to rebuild into; a temporary file without.")
@click.option("--json", "as_json", is_flag=True, help="Print {equal, taken_over, differences} instead.")
def command(offline: bool, url: str | None, as_json: bool) -> None:
    """Compute all balances anew in a fresh database, and compare to the nano-dollar; exit 1 where anything differs.

    Computed anew: usage, by reading every line of the nodes' repositories, checking its commit's signature and pricing
    it (charges, days, postings); payments, refunds and disputes, from the providers' events and operators' decisions
    about them; fees, from what the providers told; what is held before verification, from the cap, the payments and
    the verdicts of KYC providers; grants and balances that operators set, from their acts; plans, from the purchases;
    expiry of grants; every balance and lot, by the ledger's rules; and the order of it all, from when each cause was
    written down. Nothing of this is read from the ledger.

    What cannot be computed anew is listed at the end.
    """
    settings = start.settings()
    live = start.database(settings)
    assert isinstance(settings, UsageSettings) and isinstance(settings, PriceSettings)
    assert isinstance(settings, PaymentSettings)
    cap = Money.from_cents(settings.kyc_free_cap_cents)
    mirrors = Mirrors.below(settings.mirrors, settings.fetch_limits)
    try:
        with start.database_faults(), _fresh(url) as fresh:
            if not offline:
                _fetch(live, mirrors, settings)
            found = rebuild(live, fresh, mirrors, settings, cap, SystemClock().now())
    except NotFresh:
        raise click.UsageError("--into: this database holds a ledger already") from None
    finally:
        mirrors.close()
    if as_json:
        click.echo(json.dumps(found.shown()))
    else:
        for each in found.differences:
            of = "" if each.user_sid is None else f" of user {each.user_sid}"
            click.echo(
                f"{each.what} {each.subject}{of}: live {each.live or '-'}; rebuilt {each.rebuilt or '-'}", err=True
            )
        if len(found.differences) == MOST:
            click.echo(f"these are the first {MOST} differences", err=True)
        taken = ", ".join(f"{count} × {kind}" for kind, count in sorted(found.taken_over.items()))
        click.echo(
            "the ledger is what its causes come to" if found.equal else "the ledger differs", err=not found.equal
        )
        if taken:
            click.echo(f"times taken over from the live ledger: {taken}")
        click.echo("taken as they are now, for nothing else has them:")
        for given in GIVEN:
            click.echo(f"- {given}")
    if not found.equal:
        raise SystemExit(1)


@contextmanager
def _fresh(url: str | None) -> Iterator[Database]:
    with TemporaryDirectory(prefix="rebuild-") as folder:
        database = Database.open(url or f"sqlite:///{Path(folder) / 'rebuilt.db'}")
        try:
            if url is None:
                database.execute("PRAGMA synchronous = off")  # it is thrown away
            migrate(database)
            yield database
        finally:
            database.close()


def _fetch(live: Database, mirrors: Mirrors, settings: Settings) -> None:
    """Bring our copies up to date. One that cannot be reached is read as it is."""
    log = Log()
    forges = Forges.installed(settings, log)
    for node in Nodes(live, SystemClock(), log).every():
        try:
            mirrors.fetch(node.node_id, node.repo_url, node.branch, forges.credentials(node.repo_url))
        except FetchFailed as error:
            click.echo(f"{node.node_id}: {error.detail}; our copy is read as it is", err=True)
    log.flush()
