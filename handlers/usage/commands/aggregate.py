"""`hero-onboarding aggregate --once | --loop SECONDS`: consume what nodes pushed."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click

from codegen.runtime.context import SystemClock
from codegen.runtime.http.log import Log
from generated.models.onboarding import AggregateReport
from handlers.commands import start
from handlers.composition import assemble
from handlers.usage.aggregation import Aggregation
from handlers.usage.aggregator import Aggregator, Progress
from handlers.usage.mirrors import Mirrors

LONGEST_PAUSE = 86_400
"""Seconds."""


@click.command(name="aggregate")
@click.option("--once", is_flag=True, help="Consume what is there now, and end; exit 1 if a repository stands still.")
@click.option(
    "--loop", type=click.FloatRange(0.1, LONGEST_PAUSE), metavar="SECONDS", help="Go on, with so long a pause."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report of each run as a line of JSON.")
def command(once: bool, loop: float | None, as_json: bool) -> None:
    """Fetch the registered nodes' repositories, check what is new, price it and post it to the ledger.

    A repository that is wrong stands still, is told of, and is tried again at the next run; the others go on.
    """
    if once == (loop is not None):
        raise click.UsageError("give --once or --loop SECONDS")
    settings, log = start.settings(), Log()
    # A whole site, for what other domains do when usage is charged: alerts, and services that are suspended.
    site = assemble(settings, start.database(settings), SystemClock(), log).site
    aggregator, mirrors = site.get(Aggregation).aggregator, site.get(Mirrors)
    stop = threading.Event()
    if loop is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    try:
        while not stop.is_set():
            try:
                report = _run(aggregator)
            except click.ClickException as error:
                if loop is None:
                    raise
                error.show()  # the database may be away for a while
            else:
                click.echo(report.model_dump_json() if as_json else _sentences(report))
            if loop is None:
                break
            stop.wait(loop)
    finally:
        mirrors.close()
        log.flush()
    if loop is None and report.halted:
        raise SystemExit(1)


def _run(aggregator: Aggregator) -> AggregateReport:
    with start.database_faults(), _progress() as progress:
        return aggregator.run(progress)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar, where somebody looks at standard error."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label="Repositories", file=sys.stderr, show_pos=True) as bar:

        def show(done: int, of: int) -> None:
            bar.length = of
            bar.update(1)

        yield show


def _sentences(report: AggregateReport) -> str:
    counts = (
        f"{report.repositories} repositories",
        f"{report.commits} commits",
        f"{report.records_consumed} records consumed",
        f"{report.duplicates} known already",
        f"{report.quarantined} set aside",
        f"{report.balances_updated} balances updated",
    )
    lines = [", ".join(counts)]
    lines += [
        f"{halt.node_id} stands still{f' at {halt.commit}' if halt.commit else ''}: {halt.reason.value}: {halt.detail}"
        for halt in report.halted
    ]
    return "\n".join(lines)
