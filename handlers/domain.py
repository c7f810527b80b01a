"""A domain: one folder of `handlers/`, described by one record that says everything it brings to the product.

`handlers/<folder>/domain.py` holds `DOMAIN`; `handlers/domains.py` lists the folders. Nothing else names a domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, cast

from prometheus_client.registry import Collector

from codegen.runtime.context import Clock
from codegen.runtime.http.app import App
from codegen.runtime.http.log import Log
from codegen.runtime.plugins.settings import Fault
from codegen.runtime.rpc.auth import Authenticator
from codegen.runtime.rpc.wiring import Webhook
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.hooks import Hooks, OnWrite
from handlers.audit import Audit
from handlers.demo_data import DemoSecrets, Hint
from handlers.settings import Settings

P = TypeVar("P")
T = TypeVar("T")
S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Job:
    """`run` does what is due and says how much that was; it may be cut off anywhere and run twice at once.

    `apart` is one that calls what may hang, plugins: it has a thread of its own, and the others do not wait for it.
    """

    name: str
    seconds: float
    run: Callable[[], int]
    apart: bool = field(default=False, kw_only=True)


class TryLater(Exception):
    """A piece of a job cannot be done now, and whoever is to know was told: it is tried again without an alert."""


@dataclass(frozen=True, slots=True)
class SpreadJob(Job):
    """A job that several machines may share: `subjects` names the pieces that are due, `run_one` does one of them.

    On one machine `run` does all of them. With PostgreSQL and `hero-onboarding worker` each piece is a task of its own:
    one worker at a time has it, and one that fails is tried again later and later. A worker may be cut off and not
    know: `run_one` must bear to be cut off anywhere, and to run twice at once. It does nothing for a subject that is
    gone. It may raise `TryLater`.
    """

    subjects: Callable[[], Iterable[str]]
    run_one: Callable[[str], int]


@dataclass(frozen=True, slots=True)
class PluginKind(Generic[P]):
    """A kind of plugin that a domain takes: the group of its entry points, and the generated interface."""

    group: str
    interface: type[P]


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting, by its environment variable, that must not go into production as it is."""

    fault: Fault
    variable: str
    message: str


Tone = Literal["good", "bad", "info"]
"""The colour of a sentence on a page."""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the main navigation, or of the menu of the `account`; the lowest `place` comes first."""

    place: int
    path: str
    name: str
    account: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Pages of a domain.

    `routes` maps a route to what makes its page from the `PageContext`. `templates` is the folder of its templates,
    whose names are unique in the product. `errors` and `events` are the sentences for slugs in `?error=` and `?event=`;
    those of events have a colour.
    `form_targets` are the origins to which a form of ours may lead a browser. `titles` are what people call the
    providers that sources of the ledger name.
    """

    routes: Mapping[str, Callable[[Any], object]] = field(default_factory=dict)
    templates: Path | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, tuple[Tone, str]] = field(default_factory=dict)
    navigation: Sequence[Link] = ()
    form_targets: Iterable[str] = ()
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a domain does in a running site.

    `services` are handlers of generated interfaces. `webhooks` are those that no schema declares. `routes` adds other
    routes to the application. `middleware` stands before every route. `authenticator` says who calls, `on_admin_write`
    sees each write of an operator by CRUD: one domain has each. `collectors` add to `/metrics`. `shared` are objects
    that domains later in the list may ask the `Site` for, by their class.
    """

    services: Sequence[object] = ()
    webhooks: Sequence[Webhook] = ()
    hooks: Sequence[Hooks[Any]] = ()
    jobs: Sequence[Job] = ()
    routes: Callable[[App, Authenticator], None] | None = None
    middleware: Sequence[object] = ()
    authenticator: Authenticator | None = None
    on_admin_write: OnWrite | None = None
    pages: Pages | None = None
    collectors: Sequence[Collector] = ()
    shared: Sequence[object] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the composition root hands to each domain, and what earlier domains share with later ones."""

    settings: Settings
    database: Database
    clock: Clock
    log: Log
    domains: Sequence[Domain]
    _shared: dict[type, object] = field(default_factory=dict)

    def settings_of(self, kind: type[S]) -> S:
        """The settings as a domain declares its own."""
        assert isinstance(self.settings, kind), f"no domain declares {kind.__name__}"
        return self.settings

    def share(self, *objects: object) -> None:
        """Make objects known by their classes; what is known already stays (tests bring their own)."""
        for each in objects:
            self._shared.setdefault(type(each), each)

    def find(self, kind: type[T]) -> T | None:
        """The object of this class, or of a class below it, that was shared, if any."""
        exact = self._shared.get(kind)
        return cast("T | None", exact) or next((each for each in self._shared.values() if isinstance(each, kind)), None)

    def get(self, kind: type[T]) -> T:
        """The object of this class that an earlier domain shares. Raises `LookupError`."""
        found = self.find(kind)
        if found is None:
            raise LookupError(f"no domain before this one in `handlers/domains.py` shares {kind.__qualname__}")
        return found

    @property
    def audits(self) -> tuple[Audit, ...]:
        """What all domains have to prove."""
        return tuple(audit for domain in self.domains for audit in domain.audits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """What one folder of `handlers/` offers; what it does not have is left out.

    - `settings`: its own fields beside the common ones, a subclass of `Settings`
    - `parts`: services, webhooks, CRUD hooks, jobs, routes and pages, made for a site
    - `audits`: what `hero-onboarding audit` proves
    - `checks`: settings that must not go into production, for `check-prod-config`
    - `plugins`: the kinds of plugin that it takes; their settings are checked too
    - `demo`: adds what is missing of the demo's data, and says what to try
    - `demo_settings`: settings that the demo has where nothing was said, by those that were said
    - `demo_programs`: commands that the demo runs beside
    - `commands`: name → one line of help; `handlers/<folder>/commands/<name>.py` holds `command`. The table stands in
      `commands/__init__.py`, so that `hero-onboarding --help` loads nothing else
    """

    name: str
    settings: type[Settings] | None = None
    parts: Callable[[Site], Parts] | None = None
    audits: Sequence[Audit] = ()
    checks: Callable[[Any], Iterator[Problem]] | None = None
    plugins: Sequence[PluginKind[Any]] = ()
    demo: Callable[[Site, DemoSecrets], Sequence[Hint]] | None = None
    demo_settings: Callable[[Settings], Mapping[str, object]] | None = None
    demo_programs: Sequence[str] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
