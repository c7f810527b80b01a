"""`hero-onboarding settings`: every setting, its value, and where that comes from."""

import json
from dataclasses import asdict

import click

from handlers.commands import start


@click.command(name="settings")
@click.option("--json", "as_json", is_flag=True, help="Print a list of {variable, value, origin, owner}.")
def command(as_json: bool) -> None:
    """List every setting that the site, its domains and its plugins read; secrets are not shown."""
    from handlers.composition import load_domains
    from handlers.settings_list import all_settings

    found = list(all_settings(start.settings(), load_domains()))
    if as_json:
        click.echo(json.dumps([asdict(setting) for setting in found]))
        return
    width = max(len(setting.variable) for setting in found)
    owner = ""
    for setting in found:
        if setting.owner != owner:
            owner = setting.owner
            click.echo(f"# {owner}")
        click.echo(f"{setting.variable:<{width}}  {setting.value or '-'}  ({setting.origin})")
