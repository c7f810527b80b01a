"""`hero-onboarding login`: prove a Mycelium key to a site, and get a link that signs a browser in."""

import json
from pathlib import Path

import click
from nacl.public import PrivateKey

from codegen.runtime.context import SystemClock
from handlers.identity.key_file import KeyFileError, default_path, read_key_file
from handlers.identity.mycelium import address_of


@click.command(name="login")
@click.argument("site")
@click.option(
    "--key",
    "key_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Mycelium key file. The daemon's own where left out.",
)
@click.option("--challenge", metavar="TEXT", help="Answer this challenge, copied from the site's login page.")
@click.option("--open", "open_link", is_flag=True, help="Open the link in the browser as well.")
@click.option("--json", "as_json", is_flag=True, help="Print {address, link}, or {address, response}.")
def command(site: str, key_file: Path | None, challenge: str | None, open_link: bool, as_json: bool) -> None:
    """Sign in to SITE (https://…) with a Mycelium key.

    Prints a link that is good for one minute and one use; the browser that opens it asks before it signs you in. With
    --challenge it prints the answer to type into the login page instead, and connects to nothing.

    The key never leaves this program, and it answers only challenges that SITE itself has sealed.
    """
    from handlers.identity.program import LoginFailed, log_in, respond, site_of

    try:
        origin = site_of(site)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="SITE") from None
    if challenge is not None and open_link:
        raise click.UsageError("--open is for a link, and --challenge gives none")
    try:
        private_key = read_key_file(key_file or default_path())
        if challenge is not None:
            answer = respond(challenge.strip(), private_key, origin, SystemClock())
            told = {"address": address_of(bytes(PrivateKey(private_key).public_key)), "response": answer}
            click.echo(json.dumps(told) if as_json else answer)
            return
        found = log_in(origin, private_key, SystemClock())
    except (KeyFileError, LoginFailed) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps({"address": found.address, "link": found.link}))
    else:
        click.echo(f"Signing in to {found.site} as {found.address}. Open this link within a minute:", err=True)
        click.echo(found.link)
    if open_link:
        click.launch(found.link)
