"""Failures that switches ask for."""

from __future__ import annotations

from typing import Any

from providers.sandbox.forge.repositories import VENDOR, Refused
from providers.sandbox.store import Store


def fail_if_switched(store: Store, switch: str) -> None:
    """`{"status": 500, "count": 2}`: the next calls are answered so."""
    failing = count_down(store, switch)
    if failing is not None:
        raise Refused(int(failing["status"]), "")


def count_down(store: Store, switch: str) -> dict[str, Any] | None:
    """A switch that has effect `count` times: its value, as long as it has."""
    found: dict[str, Any] = store.switches(VENDOR).get(switch) or {}
    if found.get("count", 0) <= 0:
        return None
    store.set_switch(VENDOR, switch, {**found, "count": found["count"] - 1})
    return found
