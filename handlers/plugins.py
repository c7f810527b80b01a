"""The installed plugins: found by their entry points, told their settings, made; or said to be unusable, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from codegen.runtime.http.log import Log
from codegen.runtime.plugins.registry import BrokenPlugin, Registry
from codegen.runtime.plugins.settings import SettingsMissing, SettingsWrong, read, review
from handlers.domain import Domain, PluginKind, Problem
from handlers.settings import PREFIX, Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Installed(Generic[T]):
    """The plugins of one kind.

    `ready` can be called. `unconfigured` were not told what they need: the variables by the plugin's name. Of those,
    `unused` miss nothing, as their settings say: nobody wants them here. `broken` cannot be used, and why. `classes`
    are all that could be imported.
    """

    kind: PluginKind[T]
    classes: Mapping[str, type[T]]
    ready: Mapping[str, T]
    unconfigured: Mapping[str, tuple[str, ...]]
    broken: tuple[BrokenPlugin, ...]
    unused: frozenset[str] = frozenset()

    def log(self, log: Log) -> None:
        """Say by name which cannot be used, though somebody may think so."""
        for each in self.broken:
            log.line("broken plugin", {"plugin": each.name, "origin": each.origin, "reason": each.reason}, "error")
        for name, missing in self.unconfigured.items():
            if name not in self.unused:
                told = {"plugin": name, "group": self.kind.group, "missing": list(missing)}
                log.line("unconfigured plugin", told, "warning")


def installed(kind: PluginKind[T], settings: Settings) -> Installed[T]:
    """All plugins of a kind that are installed. One that fails does not stop the others."""
    return set_up(kind, Registry.load(kind.group, kind.interface), settings)


def set_up(kind: PluginKind[T], registry: Registry[T], settings: Settings) -> Installed[T]:
    """Make every plugin of a registry that was told what it needs."""
    ready: dict[str, T] = {}
    unconfigured: dict[str, tuple[str, ...]] = {}
    unused = set[str]()
    broken = list(registry.broken)
    for name, plugin in registry.plugins.items():
        try:
            make = _maker(name, plugin, settings)
            try:
                ready[name] = make()
            except SettingsMissing as error:  # what its settings let be absent, as where there is no forge
                unconfigured[name] = error.variables
                if _metadata(plugin).settings is not None:
                    unused.add(name)
        except SettingsMissing as error:
            unconfigured[name] = error.variables
        except SettingsWrong as error:
            broken.append(BrokenPlugin(name, kind.group, f"its settings are wrong: {error}"))
        except Exception as error:  # whatever a plugin's own code does, the others go on
            broken.append(BrokenPlugin(name, kind.group, f"it cannot be set up: {type(error).__name__}"))
    return Installed(kind, registry.plugins, ready, unconfigured, tuple(broken), frozenset(unused))


def findings(kind: PluginKind[Any], settings: Settings) -> Iterator[Problem]:
    """What must be mended of the plugins of a kind before real money."""
    registry = Registry.load(kind.group, kind.interface)
    for broken in registry.broken:
        yield Problem("contradictory", broken.name, f"the plugin is broken: {broken.reason}")
    for name, plugin in registry.plugins.items():
        model = _metadata(plugin).settings
        if model is not None:
            for fault, variable, message in review(model, prefix_of(name), common(settings)):
                yield Problem(fault, variable, f"{name}: {message}")


def plugins_of(domains: Sequence[Domain], settings: Settings) -> list[Installed[Any]]:
    """The plugins of every kind that a domain takes."""
    return [installed(kind, settings) for domain in domains for kind in domain.plugins]


def prefix_of(name: str) -> str:
    """What the variables of a plugin's own settings begin with."""
    return f"{PREFIX}{name}_".upper().replace("-", "_")


def common(settings: Settings) -> dict[str, Any]:
    """The common settings by their variables: what a plugin asks for by the same name is the same."""
    return {settings.variable(field): getattr(settings, field) for field in Settings.model_fields}


def _metadata(plugin: Any) -> Any:
    return plugin.metadata


def _maker(name: str, plugin: type[T], settings: Settings) -> Callable[[], T]:
    """What makes a plugin of its settings. Raises `SettingsMissing`, `SettingsWrong`."""
    model = _metadata(plugin).settings
    make: Any = plugin
    return plugin if model is None else partial(make, read(model, prefix_of(name), common(settings)))
