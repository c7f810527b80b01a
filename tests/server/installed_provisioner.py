"""A provisioner of somebody else, installed in the environment of a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.runtime.http.log import Log
from handlers.composition import load_settings
from handlers.vms.provisioners import Provisioners
from handlers.vms.service import installed_provisioners
from tests.server.installed_plugin import install


def installed(there: Path, monkeypatch: pytest.MonkeyPatch, name: str, plugin: str) -> Provisioners:
    """The provisioners of a site in whose environment a plugin was installed."""
    install(there, monkeypatch, "provisioner", name, plugin)
    return installed_provisioners(load_settings(var_dir=there), Log(lambda _: None))
