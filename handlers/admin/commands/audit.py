"""`hero-onboarding audit`: prove the ledger, or say what is wrong with it and exit with 1."""

from __future__ import annotations

import sys
from time import perf_counter

import click

from codegen.runtime.context import SystemClock
from generated.models.onboarding import AuditReport, AuditRun, AuditStarter
from handlers.admin.audit_runs import MOST, AuditRuns
from handlers.commands import start
from handlers.composition import registered_audits

SLICE = 0.5
"""Seconds between two lines of progress, and of work that is lost when the command is cut off."""

_LINE_ANEW = "\r\x1b[K"
"""Back to the beginning of the terminal's line, and empty it."""


@click.command(name="audit")
@click.option("--json", "as_json", is_flag=True, help="Print {entries, findings, duration_ms} instead.")
@click.option("--resume", is_flag=True, help="Go on with the last audit by this command that was cut off.")
def command(as_json: bool, resume: bool) -> None:
    """Prove that the ledger's sums are zero, its chain is unbroken, and lots, balances, payments and acts agree."""
    database = start.database(start.settings())
    with start.database_faults():
        runs = AuditRuns(database, SystemClock(), registered_audits())
        run, seconds = _run(runs, resume)
    if as_json:
        report = AuditReport(entries=run.entries, findings=run.findings, duration_ms=int(seconds * 1000))
        click.echo(report.model_dump_json())
    elif not run.findings:
        click.echo(f"the ledger holds: {run.entries} entries proved in {seconds:.1f} s")
    for finding in [] if as_json else run.findings:
        click.echo(f"{finding.check} {finding.subject}: {finding.detail}", err=True)
    if len(run.findings) == MOST and not as_json:
        click.echo(f"these are the first {MOST} findings", err=True)
    if run.findings:
        raise SystemExit(1)


def _run(runs: AuditRuns, resume: bool) -> tuple[AuditRun, float]:
    """A finished run and the seconds that it took here."""
    began = perf_counter()
    last = runs.last(AuditStarter.OPERATOR) if resume else None
    run = last if last is not None and last.finished_at is None else runs.begin(AuditStarter.OPERATOR)
    shown = _on_terminal()
    try:
        while run.finished_at is None:
            run = runs.advance(run, SLICE)
            if shown:
                place = (
                    f"check {runs.checks.index(run.check) + 1} of {len(runs.checks)}: {run.check}, "
                    if run.check
                    else ""
                )
                click.echo(f"\r\x1b[K{place}{run.entries} entries, {len(run.findings)} findings", nl=False, err=True)
    except KeyboardInterrupt:
        raise click.ClickException("stopped; `hero-onboarding audit --resume` goes on from here") from None
    finally:
        if shown:
            click.echo(_LINE_ANEW, nl=False, err=True)
    return run, perf_counter() - began


def _on_terminal() -> bool:
    return sys.stderr.isatty()
