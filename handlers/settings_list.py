"""Every setting of the site, its domains and its plugins: the variable, its value, and where that comes from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from codegen.runtime.plugins.registry import Registry
from codegen.runtime.plugins.settings import told, variable
from codegen.runtime.storage.database import without_password
from handlers.domain import Domain
from handlers.plugins import prefix_of
from handlers.settings import Settings

HIDDEN = "(set, not shown)"
_SECRET = re.compile(r"secret|key|token|password", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `value` is its text, `""` where it has none and `HIDDEN` for a secret; `origin` is `default`,
    `environment` or the path of a file; `owner` is `site`, the name of a domain, or `plugin <name>`."""

    variable: str
    value: str
    origin: str
    owner: str


def all_settings(settings: Settings, domains: Sequence[Domain]) -> Iterator[Setting]:
    """The settings that this process reads, each once."""
    owners = dict.fromkeys(Settings.model_fields, "site")
    for domain in domains:
        for field in domain.settings.model_fields if domain.settings is not None else ():
            owners.setdefault(field, domain.name)
    for field, owner in owners.items():
        info = type(settings).model_fields[field]
        yield _setting(settings.variable(field), info, getattr(settings, field), owner)
    listed = {settings.variable(field) for field in owners}
    for domain in domains:
        for kind in domain.plugins:
            for name, plugin in Registry.load(kind.group, kind.interface).plugins.items():
                model: type[BaseModel] | None = plugin.metadata.settings
                if model is not None:
                    yield from _of_plugin(name, model, listed)


def _of_plugin(name: str, model: type[BaseModel], listed: Iterable[str]) -> Iterator[Setting]:
    for field, info in model.model_fields.items():
        named = variable(model, field, prefix_of(name))
        if named not in listed:
            default = None if info.is_required() else info.get_default(call_default_factory=True, validated_data={})
            yield _setting(named, info, told(named) or default, f"plugin {name}")


def _setting(named: str, info: FieldInfo, value: Any, owner: str) -> Setting:
    path = os.environ.get(f"{named}_FILE")
    origin = path if path else "environment" if os.environ.get(named) else "default"
    secret = "SecretStr" in str(info.annotation) + str(info.metadata) or _SECRET.search(named) is not None
    if secret and value:
        return Setting(named, HIDDEN, origin, owner)
    return Setting(named, _text(value), origin, owner)


def _text(value: Any) -> str:
    """A value as it would be written into the variable."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (tuple, list, set, frozenset)):
        return ",".join(map(str, value))
    return without_password(value) if isinstance(value, str) and "://" in value else str(value)
