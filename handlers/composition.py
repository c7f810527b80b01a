"""Domains put together: their records loaded, their settings made one, their parts made for a site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from codegen.runtime.context import Clock
from codegen.runtime.http.log import Log
from codegen.runtime.storage.database import Database
from handlers.audit import Audit
from handlers.domain import Domain, Job, Parts, Site
from handlers.domains import DOMAINS
from handlers.settings import Settings, load


def load_domains(packages: Sequence[str] = DOMAINS) -> tuple[Domain, ...]:
    """The records of these packages."""
    return tuple(_domain(package) for package in packages)


@cache
def _domain(package: str) -> Domain:
    found = import_module(f"{package}.domain").DOMAIN
    assert isinstance(found, Domain), f"{package}.domain.DOMAIN is no Domain"
    return found


def settings_model(domains: Sequence[Domain]) -> type[Settings]:
    """One model with the common settings and those of every domain."""
    own = [domain.settings for domain in domains if domain.settings is not None]
    return _composed(tuple(dict.fromkeys(own)))


@cache
def _composed(own: tuple[type[Settings], ...]) -> type[Settings]:
    return type("AllSettings", own or (Settings,), {"__module__": __name__})


def load_settings(domains: Sequence[Domain] | None = None, /, **given: Any) -> Settings:
    """The settings of this process; `given` fields win over the environment. Raises `SettingsInvalid`."""
    return load(settings_model(load_domains() if domains is None else domains), **given)


@dataclass(frozen=True, slots=True)
class Assembly:
    """A site with the parts of every domain, in the order of the list."""

    site: Site
    parts: tuple[Parts, ...]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs of all domains."""
        return tuple(job for part in self.parts for job in part.jobs)


def assemble(
    settings: Settings,
    database: Database,
    clock: Clock,
    log: Log,
    *,
    domains: Sequence[Domain] | None = None,
    shared: Sequence[object] = (),
) -> Assembly:
    """Make the parts of all domains; `shared` objects are used instead of those that a domain would make."""
    chosen = load_domains() if domains is None else tuple(domains)
    site = Site(settings=settings, database=database, clock=clock, log=log, domains=chosen)
    site.share(*shared)
    made = []
    for domain in chosen:
        if domain.parts is not None:
            parts = domain.parts(site)
            site.share(*parts.shared)
            made.append(parts)
    return Assembly(site, tuple(made))


def registered_audits() -> tuple[Audit, ...]:
    """What all domains of the product have to prove."""
    return tuple(audit for domain in load_domains() for audit in domain.audits)
