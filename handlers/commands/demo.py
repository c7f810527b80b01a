"""`hero-onboarding demo`: everything on embedded defaults, with somebody who can sign in and pay."""

import os
import shlex
import sys
from pathlib import Path

import click

from codegen.runtime.context import SystemClock
from codegen.runtime.storage.database import Database
from handlers import demo
from handlers.commands import start
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
    from handlers.supervise import ChildFailed, supervise

    settings, environment = _settings()
    start.check_offer(settings)
    sandbox_port = settings.port + SANDBOX_ABOVE
    try:
        require_free(settings.host, settings.port, f"set {Settings.variable('port')}")
        require_free("127.0.0.1", sandbox_port, f"set {Settings.variable('port')}, it is {SANDBOX_ABOVE} above")
    except PortTaken as error:
        raise click.ClickException(str(error)) from None
    with start.database_faults():
        database = Database.open(settings.database_url)
        migrate(database)
        access = demo.fill(database, SystemClock(), settings.var_dir)
    database.close()
    try:
        supervise(
            demo.programs(settings, sandbox_port),
            environment,
            when_ready=lambda: click.echo("\n".join(what_to_try(settings, access))),
        )
    except ChildFailed as error:
        raise click.ClickException(str(error)) from None


def _settings() -> tuple[Settings, dict[str, str]]:
    """The settings, with what the demo gives where nothing was said, and the environment that tells the children."""
    found = start.settings()
    given = {
        "admin_secret": demo.admin_secret(found.var_dir),
        "public_url": f"http://{'127.0.0.1' if found.host in ('0.0.0.0', '::') else found.host}:{found.port}",
        "sandbox_url": f"http://127.0.0.1:{found.port + SANDBOX_ABOVE}",
    }
    missing = {name: value for name, value in given.items() if name not in found.model_fields_set}
    variables = {Settings.variable(name): value for name, value in missing.items()}
    return start.settings(**missing), {**os.environ, **variables}


def what_to_try(settings: Settings, access: demo.Access) -> list[str]:
    """How to sign in, and calls that work as nobody, as the demo's user and as an operator."""
    site = settings.public_url

    def call(method: str, params: str = "{}", header: str = "") -> str:
        body = f'{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}'
        credentials = f"-H '{header}' " if header else ""
        return f"curl -s {site}/rpc -H 'Content-Type: application/json' {credentials}-d '{body}'"

    login = f"{_program()} login {site} --key {shlex.quote(_near(access.key_file))}"
    secret = settings.admin_secret
    assert secret is not None
    return [
        f"Hero is ready on {site}. Ctrl-C stops it; everything is kept in {_near(settings.var_dir)}/.",
        "",
        "Sign in: run this in another terminal, open the link it prints, and add credit. No real money moves.",
        "",
        f"    {login}",
        "",
        f"plans      {call('billing.plans')}",
        f"yourself   {call('identity.me', header=f'Authorization: Bearer {access.api_key}')}",
        f"operator   {call('user.list_full', header=f'X-Hero-Onboarding-Admin-Secret: {secret.get_secret_value()}')}",
        f"reference  {site}/reference/",
        f"sandbox    {settings.sandbox_url}/_control (declined cards, late webhooks and other troubles, on request)",
        f"logs       {_near(demo.log_file(settings, 'site'))}, {_near(demo.log_file(settings, 'sandbox'))}",
    ]


def _program() -> str:
    """This program as a shell finds it from here, wherever it is installed."""
    script = Path(sys.executable).with_name("hero-onboarding.exe" if os.name == "nt" else "hero-onboarding")
    if script.exists():
        return shlex.quote(_near(script))
    return f"{shlex.quote(sys.executable)} -m handlers"


def _near(path: Path) -> str:
    """A path as short as it can be said from here."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a link is not followed: an environment's program is one
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
