"""A plugin of somebody else, as `pip install` would have left it."""

from __future__ import annotations

from pathlib import Path

import pytest


def install(source: Path, monkeypatch: pytest.MonkeyPatch, group: str, name: str, plugin: str) -> None:
    """Put `source` on the path, and write down that it has this plugin (`package:Class`) under a name."""
    info = source / f"{name}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[hero_onboarding.{group}]\n{name} = {plugin}\n")
    monkeypatch.syspath_prepend(str(source))
