"""Operators' writes by CRUD are acts too: each is recorded with the object before and after it."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from codegen.runtime.context import Context
from codegen.runtime.storage.database import Database
from codegen.runtime.storage.hooks import OnWrite, Write
from codegen.runtime.storage.store import Store
from codegen.runtime.storage.stored_type import Values
from handlers.admin.acts import NO_REASON, Acts


def record_writes(database: Database) -> OnWrite:
    """A function that records each write as an act named after its method (`user.patch`)."""
    acts = Acts(database)

    def record(context: Context, write: Write) -> None:
        before, after = _shown(database, write, write.before), _shown(database, write, write.after)
        fields = sorted(name for name in before | after if before.get(name) != after.get(name))
        told = [name for name in fields if name not in _sensitive(write)]
        acts.record(
            context,
            f"{write.type.wire}.{write.verb}",
            write.sid,
            {"fields": fields},
            write.reason or NO_REASON,
            before=None if write.before is None else {name: before.get(name) for name in told},
            after=None if write.after is None else {name: after.get(name) for name in told},
        )

    return record


def _shown(database: Database, write: Write, values: Values | None) -> dict[str, Any]:
    """An object as the API shows it; nothing of one that is not there."""
    if values is None:
        return {}
    store = Store.of(write.type, database)
    shown: dict[str, Any] = from_json(to_json(store.to_json(store.row(values))))
    return shown


def _sensitive(write: Write) -> set[str]:
    return {field.name for field in write.type.fields if field.sensitive}
