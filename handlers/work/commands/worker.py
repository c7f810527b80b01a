"""`hero-onboarding worker`: the jobs in a process of their own; the web processes then leave them alone."""

import json
import signal
import threading

import click

from handlers.commands import start


@click.command(name="worker")
@click.option("--once", is_flag=True, help="Run every job once and end; exit 1 if one failed.")
def command(once: bool) -> None:
    """Run the jobs of every domain until it is told to stop: apply webhooks, ask about open payments, and so on."""
    from codegen.runtime.context import SystemClock
    from codegen.runtime.http.log import Log
    from handlers.composition import assemble
    from handlers.work.jobs import Runner

    settings = start.settings()
    database, clock, log = start.database(settings), SystemClock(), Log()
    runner = Runner(database, clock, log, assemble(settings, database, clock, log).jobs)
    if once:
        failed = runner.run_once()
        log.flush()
        click.echo(json.dumps({"failed": failed}))
        if failed:
            raise SystemExit(1)
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    runner.run(stop)
