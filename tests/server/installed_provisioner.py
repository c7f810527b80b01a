"""A provisioner of somebody else, installed in the environment of a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.runtime.http.log import Log
from handlers.composition import load_settings
from handlers.vms.provisioners import Provisioners
from handlers.vms.service import installed_provisioners


def installed(there: Path, monkeypatch: pytest.MonkeyPatch, name: str, plugin: str) -> Provisioners:
    """The provisioners of a site in whose environment a plugin was installed."""
    info = there / f"{name}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[hero_onboarding.provisioner]\n{name} = {plugin}\n")
    monkeypatch.syspath_prepend(str(there))
    return installed_provisioners(load_settings(var_dir=there), Log(lambda _: None))
