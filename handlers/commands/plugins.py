"""`hero-onboarding plugins`: which providers are installed, what they can, and which are broken."""

import json

import click

from handlers.plugins import load_plugins


@click.command(name="plugins")
@click.option("--json", "as_json", is_flag=True, help="Print {plugins: […], broken: […]}.")
def command(as_json: bool) -> None:
    """List the installed providers; exit 1 if any is broken."""
    found = load_plugins()
    plugins = [
        {
            "group": registry.group,
            "name": name,
            "version": plugin.metadata.version,
            "capabilities": sorted(plugin.metadata.capabilities),
        }
        for registry in found.registries
        for name, plugin in registry.plugins.items()
    ]
    if as_json:
        broken = [{"name": each.name, "origin": each.origin, "reason": each.reason} for each in found.broken]
        click.echo(json.dumps({"plugins": plugins, "broken": broken}))
    else:
        for plugin in plugins:
            click.echo(
                f"{plugin['group']:<28} {plugin['name']} {plugin['version']}  "
                f"{', '.join(plugin['capabilities'])}".rstrip()
            )
        for each in found.broken:
            click.echo(f"broken: {each}", err=True)
    if found.broken:
        raise SystemExit(1)
