"""`hero-onboarding serve`: the site, on a database of this version."""

import click

from handlers.commands import start


@click.command(name="serve")
def command() -> None:
    """Serve the site: pages, JSON-RPC, webhooks, health, metrics."""
    from codegen.runtime.http.serve import PortTaken
    from handlers.server import serve

    settings = start.settings()
    start.database(settings).close()
    try:
        serve(settings, when_ready=lambda: click.echo(f"serving on http://{settings.host}:{settings.port}", err=True))
    except PortTaken as error:
        raise click.ClickException(str(error)) from None
