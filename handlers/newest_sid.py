"""Sids come behind those that a database holds: what is told by their order must not depend on the clock."""

from __future__ import annotations

from contextlib import suppress

from codegen.runtime.storage.database import Database
from codegen.runtime.storage.faults import Unavailable
from codegen.runtime.values.sid import not_before


def go_on_behind(database: Database, newest: str) -> None:
    """Make no sid before the one that the statement `newest` finds, though the clock was put back since."""
    with suppress(Unavailable):  # a process may start while its database is away
        [(sid,)] = database.execute(database.prepare(newest))
        if sid is not None:
            not_before(sid)
