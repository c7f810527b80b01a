"""Demo data: two nodes, registered as an operator would, each with its log and a repository on this disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pygit2

from codegen.runtime.context import ADMIN, Context
from codegen.runtime.values.sid import new_sid
from handlers.admin.acts import COMMAND_LINE
from handlers.demo_data import DemoSecrets, Hint, near, this_program
from handlers.domain import Site
from handlers.identity.api_keys import ApiKeys
from handlers.node.init import init
from handlers.usage.registration import Registration
from handlers.usage.settings import UsageSettings

KINDS = {"demo-east": "hero_os_hour", "demo-west": "llm_token"}
"""The nodes, and what each reports."""


def node_folder(var_dir: Path, node_id: str) -> Path:
    return var_dir.joinpath("nodes", node_id)


def secret_name(node_id: str) -> str:
    """Under which the demo's secrets have the API key of a node."""
    return f"api_key_of_{node_id}"


def fill(site: Site, secrets: DemoSecrets) -> Sequence[Hint]:
    """Add what is missing; how one of them is."""
    var_dir = site.settings.var_dir.absolute()
    registration = Registration(site.database, site.settings_of(UsageSettings).logs, COMMAND_LINE)
    keys = ApiKeys(site.database, site.clock)
    context = Context(ADMIN, site.clock, site.database, new_sid())
    for node_id, kind in KINDS.items():
        folder = node_folder(var_dir, node_id)
        if not folder.joinpath("node.json").exists():
            forge = var_dir.joinpath("demo", "forge", f"billing-{node_id}.git")
            pygit2.init_repository(str(forge), bare=True, initial_head="main")
            made = init(folder, node_id, f"file://{forge}", site.clock)

            def register(
                node_id: str = node_id, kind: str = kind, forge: Path = forge, key: str = made.public_key
            ) -> None:
                registration.register(
                    context, node_id=node_id, repo_url=f"file://{forge}", public_key=key, kinds=[kind]
                )

            site.database.run(register)

        def new_key(node_id: str = node_id) -> str:
            return keys.create_for_node(node_id, f"demo of {node_id}").secret

        secrets.get(secret_name(node_id), new_key, lambda known: keys.caller(known) is not None)
    east, settings = near(node_folder(var_dir, "demo-east")), site.settings
    told = {"sandbox_url": settings.sandbox_url, "public_url": settings.public_url}
    variables = " ".join(f"{settings.variable(name)}={value}" for name, value in told.items())
    return [
        Hint("node", f"{this_program()} node status --dir {east}"),
        Hint("forge", f"{variables} {this_program()} nodes make-repository --node-id n1"),
    ]
