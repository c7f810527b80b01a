"""`hero-onboarding worker`: the jobs in a process of their own; the web processes then leave them alone."""

import json
import signal
import threading

import click

from handlers.commands import start


@click.command(name="worker")
@click.option("--once", is_flag=True, help="Run every job once and end; exit 1 if one failed.")
def command(once: bool) -> None:
    """Run the jobs of every domain until it is told to stop: apply webhooks, ask about open payments, and so on.

    On PostgreSQL any number of them may run, on several machines: one runs the jobs, and all share the pieces of those
    that can be spread, such as the nodes' repositories.
    """
    from codegen.runtime.context import SystemClock
    from codegen.runtime.http.log import Log
    from handlers.composition import assemble
    from handlers.domain import SpreadJob
    from handlers.work.jobs import Runner
    from handlers.work.queue import Queue
    from handlers.work.settings import WorkSettings

    settings = start.settings()
    database, clock, log = start.database(settings), SystemClock(), Log()
    assembly = assemble(settings, database, clock, log)
    jobs, worker, queue = assembly.jobs, None, Queue.of(assembly.site)
    if queue is not None:
        from handlers.work.queue.working import Worker

        spread = [job for job in jobs if isinstance(job, SpreadJob)]
        jobs, worker = queue.jobs(jobs), Worker(database, clock, log, spread, assembly.site.settings_of(WorkSettings))
    runner = Runner(database, clock, log, jobs)
    if once:
        failed = runner.run_once()
        if worker is not None:
            worker.run_once()
        log.flush()
        click.echo(json.dumps({"failed": failed}))
        if failed:
            raise SystemExit(1)
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if worker is None:
        runner.run(stop)
        return
    running = threading.Thread(target=runner.run, args=(stop,), name="jobs")
    running.start()
    worker.run(stop)
    running.join()
