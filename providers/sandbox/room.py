"""A vendor's room in the sandbox: what stands in for one vendor, made by the plugin that talks to it.

A plugin names the function that opens its room in `Metadata.stand_in` (`module:function`); it takes a `Bench` and gives
a `Room`. The sandbox itself knows no vendor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from codegen.runtime.context import Clock
from providers.sandbox.control import Vendor
from providers.sandbox.delivery import Deliveries, FindTarget, Target
from providers.sandbox.store import Store

GROUPS = "hero_onboarding."
"""What the names of the plugins' entry point groups begin with."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What the sandbox gives a room. `own_url` is where it is reached, `product_url` whose webhooks it calls, `files`
    a folder of the room's own, to be made when it is needed."""

    name: str
    store: Store
    deliveries: Deliveries
    clock: Clock
    own_url: str
    product_url: str
    files: Path

    @property
    def url(self) -> str:
        """Where the room is reached."""
        return f"{self.own_url}/{self.name}"

    @property
    def webhook_url(self) -> str:
        """Where a provider of this name takes its webhooks, unless it says otherwise."""
        return f"{self.product_url}/webhooks/{self.name}"


@dataclass(frozen=True, slots=True)
class Room:
    """What stands in for a vendor.

    `target` is where its webhooks go, or finds that by the name of an event. `routes` are Falcon resources by their
    path below `/<name>`. `errors` are exceptions with what answers them.
    """

    target: Target | FindTarget
    controls: Vendor
    routes: Mapping[str, object]
    errors: Mapping[type[Exception], Callable[..., None]] = field(default_factory=dict)


OpenRoom = Callable[[Bench], Room]


def installed_rooms() -> dict[str, OpenRoom]:
    """The rooms of all installed plugins, by the plugin's name. A plugin that cannot be loaded has none."""
    found: dict[str, OpenRoom] = {}
    for group in sorted(name for name in entry_points().groups if name.startswith(GROUPS)):
        for point in sorted(entry_points(group=group), key=lambda each: each.name):
            try:
                stand_in = point.load().metadata.stand_in
            except (Exception, SystemExit):  # `hero-onboarding plugins` says what is wrong with it
                continue
            if stand_in is not None:
                found[point.name] = _referred(stand_in)
    return found


def _referred(reference: str) -> OpenRoom:
    module, _, name = reference.partition(":")
    opened: Any = getattr(import_module(module), name)
    return opened  # type: ignore[no-any-return]
