"""`hero-onboarding demo`: everything on embedded defaults, with something to try."""

import os

import click

from codegen.runtime.context import SystemClock
from codegen.runtime.database import Database
from handlers import demo
from handlers.commands import start
from handlers.settings import Settings
from handlers.version import migrate


@click.command(name="demo")
def command() -> None:
    """Migrate, add a little demo data, serve, and print what to try. Stop it with Ctrl-C; the data stays in var/."""
    from handlers.server import PortTaken, serve
    settings = start.settings()
    if settings.admin_secret is None:
        os.environ[Settings.variable("admin_secret")] = demo.admin_secret(settings.var_dir)   # for the web processes
        settings = start.settings()
    start.check_offer(settings)
    with start.database_faults():
        database = Database.open(settings.database_url)
        migrate(database)
        access = demo.fill(database, SystemClock(), settings.var_dir)
    database.close()
    assert settings.admin_secret is not None
    lines = what_to_try(settings, access._replace(admin_secret=settings.admin_secret.get_secret_value()))
    try:
        serve(settings, when_ready=lambda: click.echo("\n".join(lines)))
    except PortTaken as error:
        raise click.ClickException(str(error)) from None


def what_to_try(settings: Settings, access: demo.Access) -> list[str]:
    """Five lines: the site, its reference, and calls that work as nobody, as a user and as an operator."""
    site = f"http://{settings.host}:{settings.port}"

    def call(method: str, params: str = "{}", header: str = "") -> str:
        body = f'{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}'
        credentials = f"-H '{header}' " if header else ""
        return f"curl -s {site}/rpc -H 'Content-Type: application/json' {credentials}-d '{body}'"

    return [
        f"Hero Onboarding is ready on {site}. Every object and method: {site}/reference/",
        f"plans     {call('billing.plans')}",
        f"yourself  {call('identity.me', header=f'Authorization: Bearer {access.api_key}')}",
        f"operator  {call('user.list_full', header=f'X-Hero-Onboarding-Admin-Secret: {access.admin_secret}')}",
        f"health    curl -s {site}/readyz    metrics: {site}/metrics    (Ctrl-C stops; data: {settings.var_dir}/)"]
