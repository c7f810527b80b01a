"""`hero-onboarding check-prod-config`: what must be mended before real money."""

import json
from dataclasses import asdict

import click

from handlers.composition import load_settings
from handlers.domain import Problem
from handlers.production_checks import problems
from handlers.settings import SettingsInvalid


@click.command(name="check-prod-config")
@click.option("--json", "as_json", is_flag=True, help="Print a list of {fault, variable, message}.")
def command(as_json: bool) -> None:
    """List every setting that is missing, weak, a sandbox's, or contradictory; exit 1 if any."""
    try:
        found = problems(load_settings())
    except SettingsInvalid as error:
        found = [Problem("contradictory", *told.split(": ", 1)) for told in error.problems]
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in found]))
    else:
        for problem in found:
            click.echo(f"{problem.fault:<14} {problem.variable}: {problem.message}", err=True)
        click.echo(f"{len(found)} to mend" if found else "fit for production", err=bool(found))
    if found:
        raise SystemExit(1)
