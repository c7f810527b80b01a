"""Failures that switches ask for."""

from __future__ import annotations

from providers.sandbox.forge.repositories import VENDOR, Refused
from providers.sandbox.store import Store


def fail_if_switched(store: Store, switch: str) -> None:
    """`{"status": 500, "count": 2}`: the next calls are answered so."""
    failing = store.count_down(VENDOR, switch)
    if failing is not None:
        raise Refused(int(failing["status"]), "")
