"""`hero-onboarding worker`: the jobs in a process of their own; the web processes then leave them alone."""

import json
import signal
import threading

import click

from handlers.commands import start


@click.command(name="worker")
@click.option("--once", is_flag=True, help="Run every job once and end; exit 1 if one failed.")
def command(once: bool) -> None:
    """Apply webhooks, ask about open payments, compare with providers; until it is told to stop."""
    from codegen.runtime.context import SystemClock
    from codegen.runtime.http.log import Log
    from handlers.jobs import Runner, payment_jobs
    from handlers.payments.service import Payments

    settings = start.settings()
    database, clock, log = start.database(settings), SystemClock(), Log()
    payments = Payments.installed(database, clock, settings, log)
    runner = Runner(database, clock, log, payment_jobs(payments))
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
