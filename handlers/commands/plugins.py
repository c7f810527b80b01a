"""`hero-onboarding plugins`: which providers are installed, what they can, what they miss, which are broken."""

import json
from typing import Any

import click

from handlers.commands import start


@click.command(name="plugins")
@click.option("--json", "as_json", is_flag=True, help="Print {plugins: […], broken: […]}.")
def command(as_json: bool) -> None:
    """List the installed providers; exit 1 if any is broken."""
    from handlers.composition import load_domains
    from handlers.plugins import plugins_of

    kinds = plugins_of(load_domains(), start.settings())
    unusable = {each.name for found in kinds for each in found.broken}
    plugins: list[dict[str, Any]] = [
        {
            "group": found.kind.group,
            "name": name,
            "version": plugin.metadata.version,
            "capabilities": sorted(plugin.metadata.capabilities),
            "missing": list(found.unconfigured.get(name, ())),
        }
        for found in kinds
        for name, plugin in found.classes.items()
        if name not in unusable
    ]
    broken = [each for found in kinds for each in found.broken]
    if as_json:
        told = [{"name": each.name, "origin": each.origin, "reason": each.reason} for each in broken]
        click.echo(json.dumps({"plugins": plugins, "broken": told}))
    else:
        for plugin in plugins:
            capabilities = ", ".join(plugin["capabilities"])
            missing = f"  unconfigured: set {', '.join(plugin['missing'])}" if plugin["missing"] else ""
            click.echo(f"{plugin['group']:<28} {plugin['name']} {plugin['version']}  {capabilities}".rstrip() + missing)
        for each in broken:
            click.echo(f"broken: {each}", err=True)
    if broken:
        raise SystemExit(1)
