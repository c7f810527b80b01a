"""`hero-onboarding push-usage`: push what the logs of this host hold."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import click


@click.command(name="push-usage")
@click.option("--once", is_flag=True, help="Push now, once, and end; exit 1 if a push failed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a line for each node that was pushed.")
@click.option(
    "--var-dir",
    envvar="HERO_ONBOARDING_VAR_DIR",
    default="var",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folders of nodes are below `nodes` in it. HERO_ONBOARDING_VAR_DIR where left out.",
)
@click.option(
    "--interval-ms",
    envvar="HERO_ONBOARDING_PUSH_CRON_INTERVAL_MS",
    default=3_600_000,
    type=click.IntRange(1000),
    help="Milliseconds between two pushes. HERO_ONBOARDING_PUSH_CRON_INTERVAL_MS where left out; an hour.",
)
def command(once: bool, as_json: bool, var_dir: Path, interval_ms: int) -> None:
    """Commit and push the usage of the nodes whose logs this host keeps, every hour until it is told to stop."""
    stop = threading.Event()
    if not once:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    while True:
        failed = _push(var_dir, as_json)
        if once and failed:
            raise SystemExit(1)
        if once or stop.wait(interval_ms * 1e-3):
            return


def _push(var_dir: Path, as_json: bool) -> bool:
    from handlers.node.hosted import push_all

    pushed, failed = push_all(var_dir / "nodes")
    for each in pushed:
        click.echo(json.dumps(each._asdict()) if as_json else f"{each.node_id}: {each.told}")
    for told in failed:
        click.echo(f"Error: {told}", err=True)
    if not pushed and not failed:
        click.echo(f"no node has its log below {var_dir}/nodes", err=True)
    return bool(failed)
