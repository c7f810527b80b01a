"""The `hero-onboarding` command: a table of commands, each loaded when it is asked for so that starting stays quick."""

from importlib import import_module

import click

COMMANDS = {
    "apikey": "Make, list and revoke API keys.",
    "audit": "Prove the ledger: sums, chain, lots, balances, payments.",
    "check-prod-config": "List every setting that must not go into production as it is.",
    "demo": "Start the site and the payment sandbox with demo data, and print how to sign in.",
    "login": "Sign in to a site with a Mycelium key.",
    "migrate": "Bring the database to this program's version.",
    "plugins": "List the installed providers.",
    "sandbox": "Stand in for the payment vendors, with every failure to switch on.",
    "serve": "Serve the site: pages, JSON-RPC, webhooks, health, metrics.",
    "worker": "Run the jobs: webhooks, open payments, reconciliation.",
}


class LazyGroup(click.Group):
    """Knows its commands by name; `handlers.commands.<name>` holds `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"handlers.commands.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hero-onboarding", message="%(version)s")
def main() -> None:
    """Hero's onboarding site and billing backend.

    Settings are environment variables, HERO_ONBOARDING_<NAME>; a variable <NAME>_FILE names a file instead.
    Exit codes: 0 fine, 1 failed or not so (the reason is on stderr), 2 wrong usage.
    """
