"""`hero-onboarding demo-nodes`: what the demo's two nodes do, beside a site that `demo` has filled."""

from __future__ import annotations

import time

import click

from handlers.commands import start

TURN = 5
"""Seconds between two turns."""


@click.command(name="demo-nodes")
def command() -> None:
    """Be the two nodes of the demo until it is told to stop: users with credit use a little, which is logged, pushed.

    `hero-onboarding demo` runs it.
    """
    from codegen.runtime.context import SystemClock
    from handlers.demo_data import DemoSecrets
    from handlers.node.allowances import SiteAway, SiteRefused
    from handlers.node.demo import KINDS, node_folder, secret_name
    from handlers.node.demo_node import DemoNode
    from handlers.node.errors import NodeError
    from handlers.node.site import JsonRpcSite

    settings, clock = start.settings(), SystemClock()
    secrets = DemoSecrets(settings.var_dir)

    def unknown() -> str:
        raise click.ClickException("the demo was not filled here; hero-onboarding demo does it")

    nodes = {
        node_id: DemoNode(
            node_folder(settings.var_dir, node_id),
            kind,
            JsonRpcSite(settings.public_url, secrets.get(secret_name(node_id), unknown)),
            clock,
        )
        for node_id, kind in KINDS.items()
    }
    while True:
        for node_id, node in nodes.items():
            try:
                pushed = node.turn()
            except (SiteAway, SiteRefused, NodeError) as error:
                click.echo(f"{node_id}: {error}")
            else:
                if pushed is not None:
                    click.echo(f"{node_id}: {pushed.told}")
        time.sleep(TURN)
