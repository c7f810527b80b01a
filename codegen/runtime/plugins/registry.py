"""Plugins: what they say about themselves, and the registry that finds them by entry points.

A plugin is a class that implements a generated interface and carries `metadata`. It registers itself in its package:

    [project.entry-points."<group>"]
    parcels = "parcels_plugin:ParcelCarrier"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T")

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_LONGEST_TITLE = 80
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,3}([-+.]?[0-9A-Za-z.+-]+)?")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a plugin says about itself, before anything of it runs.

    `name` is that of its entry point: lower case, at most 32 signs. `version` is the plugin's own. `capabilities`
    are words that the product knows. `settings` is the pydantic model of what it needs to be told, None for nothing
    (`settings.py` beside this says how it is read). `stand_in` names a function, `module:function`, that makes a
    stand-in for the service that the plugin talks to, so that it can be tried without a network. `title` is what people
    call that service; where it is None they read the name.
    """

    name: str
    version: str
    capabilities: frozenset[str] = frozenset()
    settings: type[BaseModel] | None = None
    stand_in: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plugin that is not used, and why. `origin` is its entry point and the distribution that brings it."""

    name: str
    origin: str
    reason: str

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.origin}): {self.reason}"


class UnknownPlugin(LookupError):
    """No plugin of that name is usable; the message names those that are."""


@dataclass(frozen=True)
class Registry(Generic[T]):
    """The plugins of one group: the classes that can be used by name, and those that cannot."""

    group: str
    plugins: Mapping[str, type[T]]
    broken: tuple[BrokenPlugin, ...] = ()

    @classmethod
    def load(cls, group: str, interface: type[T], found: Iterable[EntryPoint] | None = None) -> Registry[T]:
        """Import every plugin of a group. One that fails is told in `broken` and does not stop the others.

        `found` replaces the entry points of the installed distributions.
        """
        points = sorted(entry_points(group=group) if found is None else found, key=lambda e: (e.name, e.value))
        named: dict[str, list[EntryPoint]] = {}
        for point in points:
            named.setdefault(point.name, []).append(point)
        plugins: dict[str, type[T]] = {}
        broken: list[BrokenPlugin] = []
        for name, same in named.items():
            if len({point.value for point in same}) > 1:
                origins = " and ".join(_origin(point) for point in same)
                broken.append(
                    BrokenPlugin(
                        name, origins, f"{len(same)} plugins have this name, so none is used; uninstall all but one"
                    )
                )
                continue
            try:
                plugins[name] = _load(same[0], interface)
            except _Refused as refused:
                broken.append(BrokenPlugin(name, _origin(same[0]), str(refused)))
        return cls(group, plugins, tuple(broken))

    def __getitem__(self, name: str) -> type[T]:
        """Raises `UnknownPlugin`."""
        if name in self.plugins:
            return self.plugins[name]
        for broken in self.broken:
            if broken.name == name:
                raise UnknownPlugin(str(broken))
        near = get_close_matches(name, self.plugins, n=1)
        usable = ", ".join(self.plugins) or "none"
        raise UnknownPlugin(
            f"no plugin {name!r} in {self.group}{f'; did you mean {near[0]!r}?' if near else ''} (usable: {usable})"
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.plugins)

    def __contains__(self, name: object) -> bool:
        return name in self.plugins


def problems(plugin: Any, interface: type[Any]) -> list[str]:
    """What keeps a class from being a plugin of `interface`; empty for a good one."""
    if not isinstance(plugin, type):
        return [f"it is no class but {plugin!r}"]
    found = metadata_problems(getattr(plugin, "metadata", None))
    missing = [
        name
        for name in sorted(getattr(interface, "__abstractmethods__", ()))
        if not callable(getattr(plugin, name, None)) or getattr(getattr(plugin, name), "__isabstractmethod__", False)
    ]
    if missing:
        found.append(f"it does not implement {', '.join(missing)} of {interface.__name__}")
    return found


def metadata_problems(metadata: Any) -> list[str]:
    if not isinstance(metadata, Metadata):
        return ["it has no `metadata` (codegen.runtime.plugins.registry.Metadata)"]
    found = []
    if not isinstance(metadata.name, str) or not _NAME.fullmatch(metadata.name):
        found.append(f"its name {metadata.name!r} is not of the form {_NAME.pattern}")
    if not isinstance(metadata.version, str) or not _VERSION.fullmatch(metadata.version):
        found.append(f"its version {metadata.version!r} is no version such as 1.0 or 2.3.1")
    if not isinstance(metadata.capabilities, frozenset) or not all(isinstance(c, str) for c in metadata.capabilities):
        found.append("its capabilities are no frozenset of str")
    if metadata.settings is not None and not (
        isinstance(metadata.settings, type) and issubclass(metadata.settings, BaseModel)
    ):
        found.append("its settings are no pydantic model class")
    if metadata.stand_in is not None and not (
        isinstance(metadata.stand_in, str) and _REFERENCE.fullmatch(metadata.stand_in)
    ):
        found.append(f"its stand-in {metadata.stand_in!r} is not of the form module:function")
    if metadata.title is not None and not (
        isinstance(metadata.title, str) and 0 < len(metadata.title) <= _LONGEST_TITLE
    ):
        found.append(f"its title {metadata.title!r} is no text of 1 to {_LONGEST_TITLE} characters")
    return found


class _Refused(Exception):
    pass


def _load(point: EntryPoint, interface: type[T]) -> type[T]:
    try:
        plugin = point.load()
    except (Exception, SystemExit) as error:  # whatever a plugin's import does, the others go on
        raise _Refused(f"it cannot be imported: {type(error).__name__}: {error}") from error
    found = problems(plugin, interface)
    if not found and plugin.metadata.name != point.name:
        found.append(f"its metadata calls it {plugin.metadata.name!r}, its entry point {point.name!r}")
    if found:
        raise _Refused("; ".join(found))
    loaded: type[T] = plugin
    return loaded


def _origin(point: EntryPoint) -> str:
    distribution = point.dist
    return f"{point.value} of {distribution.name} {distribution.version}" if distribution else point.value
