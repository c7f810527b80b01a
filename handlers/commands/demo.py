"""`hero-onboarding demo`: everything on embedded defaults, with somebody who can sign in and pay."""

import os
from collections.abc import Sequence

import click

from codegen.runtime.context import SystemClock
from codegen.runtime.storage.database import Database
from handlers import demo
from handlers.commands import start
from handlers.demo_data import DemoSecrets, Hint, near
from handlers.settings import Settings
from handlers.version import migrate

SANDBOX_ABOVE = 10
"""The sandbox's port is so much above the site's."""


@click.command(name="demo")
def command() -> None:
    """Migrate, add a little demo data, start the site and the payment sandbox, and print how to sign in.

    Stop it with Ctrl-C; everything is kept in var/, and later starts take seconds.
    """
    from codegen.runtime.http.serve import PortTaken, require_free
    from handlers.work.supervision import ChildFailed, supervise

    settings, environment = _settings()
    sandbox_port = settings.port + SANDBOX_ABOVE
    try:
        require_free(settings.host, settings.port, f"set {Settings.variable('port')}")
        require_free("127.0.0.1", sandbox_port, f"set {Settings.variable('port')}, it is {SANDBOX_ABOVE} above")
    except PortTaken as error:
        raise click.ClickException(str(error)) from None
    with start.database_faults():
        database = Database.open(settings.database_url)
        migrate(database)
        hints = demo.fill(settings, database, SystemClock(), DemoSecrets(settings.var_dir))
    database.close()
    try:
        supervise(
            demo.programs(settings, sandbox_port),
            environment,
            when_ready=lambda: click.echo("\n".join(what_to_try(settings, hints))),
        )
    except ChildFailed as error:
        raise click.ClickException(str(error)) from None


def _settings() -> tuple[Settings, dict[str, str]]:
    """The settings, with what the demo gives where nothing was said, and the environment that tells the children."""
    found = start.settings()
    given: dict[str, object] = {
        **demo.given_settings(found),
        "admin_secret": demo.admin_secret(DemoSecrets(found.var_dir)),
        "public_url": f"http://{'127.0.0.1' if found.host in ('0.0.0.0', '::') else found.host}:{found.port}",
        "sandbox_url": f"http://127.0.0.1:{found.port + SANDBOX_ABOVE}",
    }
    missing = {name: value for name, value in given.items() if name not in found.model_fields_set}
    variables = {found.variable(name): str(value) for name, value in missing.items()}
    return start.settings(**missing), {**os.environ, **variables}


def what_to_try(settings: Settings, hints: Sequence[Hint]) -> list[str]:
    """What each domain shows: how to sign in, calls that work as nobody, as the demo's user and as an operator."""
    site = settings.public_url
    lines = [
        *hints,
        Hint("reference", f"{site}/reference/"),
        Hint("sandbox", f"{settings.sandbox_url}/_control (declined cards, late webhooks and more, on request)"),
        Hint("logs", f"{near(demo.log_file(settings, 'site'))}, {near(demo.log_file(settings, 'sandbox'))}"),
    ]
    return [
        f"Hero is ready on {site}. Ctrl-C stops it; everything is kept in {near(settings.var_dir)}/.",
        "Sign in: run the first line in another terminal and open the link it prints. No real money moves.",
        "",
        *(f"{hint.name:<11}{hint.line}" for hint in lines),
    ]
