"""The demo: the programs that run, and the data of every domain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from secrets import token_urlsafe

from codegen.runtime.context import Clock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from handlers.composition import load_domains
from handlers.demo_data import DemoSecrets, Hint
from handlers.domain import Domain, Site
from handlers.settings import Settings
from handlers.work.supervision import Program


def given_settings(said: Settings) -> dict[str, object]:
    """What the domains set where nothing was said."""
    asked = [domain.demo_settings for domain in load_domains() if domain.demo_settings is not None]
    return {name: value for settings in asked for name, value in settings(said).items()}


def admin_secret(secrets: DemoSecrets) -> str:
    """The demo's admin secret; made at the first start."""
    return secrets.get("admin_secret", lambda: f"demo-{token_urlsafe(32)}")


def fill(
    settings: Settings,
    database: Database,
    clock: Clock,
    secrets: DemoSecrets,
    domains: Sequence[Domain] | None = None,
) -> list[Hint]:
    """Add what is missing of every domain's data; what to try."""
    domains = load_domains() if domains is None else domains
    site = Site(settings=settings, database=database, clock=clock, log=Log(), domains=domains)
    return [hint for domain in domains if domain.demo is not None for hint in domain.demo(site, secrets)]


def log_file(settings: Settings, program: str) -> Path:
    """Where one of the demo's programs writes its log."""
    return settings.var_dir / "demo" / f"{program}.log"


def programs(settings: Settings, sandbox_port: int) -> list[Program]:
    """What runs: the sandbox, the site that uses it, and what the domains have beside."""
    ours = [sys.executable, "-m", "handlers"]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    beside = [name for domain in load_domains() for name in domain.demo_programs]
    return [
        Program(
            "sandbox",
            [*ours, "sandbox", "--port", str(sandbox_port)],
            f"http://127.0.0.1:{sandbox_port}/_control",
            log_file(settings, "sandbox"),
        ),
        Program("site", [*ours, "serve"], f"http://{host}:{settings.port}/readyz", log_file(settings, "site")),
        *(Program(name, [*ours, name], None, log_file(settings, name)) for name in beside),
    ]
