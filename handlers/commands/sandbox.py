"""`hero-onboarding sandbox`: the vendors' stand-in, one process."""

import os

import click

from handlers.commands import start

MOST_BODY_BYTES = 64 << 20
"""Of a request: what git pushes at once may be long."""


@click.command(name="sandbox")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=9930, show_default=True, type=click.IntRange(1, 65535))
def command(host: str, port: int) -> None:
    """Stand in for the vendors and the forge: API, hosted pages, webhooks, git, and every failure (see /_control).

    The site uses it where HERO_ONBOARDING_SANDBOX_URL names it; webhooks go to HERO_ONBOARDING_PUBLIC_URL.
    """
    from codegen.runtime.http.serve import PortTaken, require_free, serve

    settings = start.settings()
    own_url = settings.sandbox_url or f"http://{host}:{port}"
    os.environ |= {  # read by the process that serves
        "HERO_SANDBOX_STORE": str(settings.var_dir / "sandbox.db"),
        "HERO_SANDBOX_OWN_URL": own_url,
        "HERO_SANDBOX_PRODUCT_URL": settings.public_url,
        "HERO_SANDBOX_CLOCK": str(settings.test_clock or ""),
    }
    try:
        require_free(host, port, "give another --port")
    except PortTaken as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"sandbox on {own_url}; switches: {own_url}/_control", err=True)
    serve("providers.sandbox.server:application", host=host, port=port, most_body_bytes=MOST_BODY_BYTES)
